"""Asking again for lost packets until they come.

aiortc 1.16 asks for a missing packet when it notices the gap and not again, so a lost request or a lost retransmission costs
a key frame. Here it is asked for every round trip or so, as measured from the answers, until it comes or nobody needs it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from aiortc.rtp import RtpPacket
from aiortc.utils import uint16_add, uint16_gt

FIRST_WAIT = 0.06  # seconds until a request is repeated, before any answer was seen
SHORTEST_WAIT, LONGEST_WAIT = 0.02, 0.25
MOST_MISSING = 256  # a larger gap is no loss to mend but an outage: a key frame is cheaper
MOST_REQUESTS = 10
ANSWERS = 3.6  # round trips: three, a request that came too soon for the browser, and jitter
SLOWLY = 0.02  # how quickly a longer round trip is believed
LONG = 0.045  # seconds of waiting from which a path is long: a round trip of 30 ms


@dataclass
class _Missing:
    asked: int = 0
    first: float = 0.0
    last: float = float("-inf")


class Nacks:
    """The missing packets of one stream, in the form aiortc's receiver uses: ``add`` and ``missing``."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._newest: int | None = None
        self._missing: dict[int, _Missing] = {}
        self._wait = FIRST_WAIT
        self._round_trip: float | None = None
        self._lost = self._expected = 0

    def __bool__(self) -> bool:
        return bool(self._missing)

    def add(self, packet: RtpPacket) -> bool:
        """Note a packet; whether it showed that others are missing."""
        sequence = packet.sequence_number
        if self._newest is None:
            self._newest = sequence
            return False
        if not uint16_gt(sequence, self._newest):
            self._arrived(self._missing.pop(sequence, None))
            return False
        gap = uint16_add(sequence, -self._newest) - 1
        self._expected += 1 + gap
        if gap > MOST_MISSING:
            self._missing.clear()
        else:
            self._lost += gap
            self._missing.update((uint16_add(self._newest, 1 + i), _Missing()) for i in range(gap))
        self._newest = sequence
        return 0 < gap <= MOST_MISSING

    @property
    def missing(self) -> set[int]:
        """What to ask for now: new ones, and those asked for a round trip ago. Reading it counts as asking."""
        now = self._clock()
        due = {sequence for sequence, m in self._missing.items() if now - m.last >= self._wait}
        for sequence in due:
            entry = self._missing[sequence]
            entry.first = entry.first if entry.asked else now
            entry.last, entry.asked = now, entry.asked + 1
            if entry.asked >= MOST_REQUESTS:
                del self._missing[sequence]
        return due

    @property
    def wait(self) -> float:
        """Seconds until a request is repeated: one and a half round trips, once one was answered."""
        return self._wait

    @property
    def patience(self) -> float:
        """Seconds in which a packet lost again and again was sent three times: a key frame takes as long, and more packets."""
        return ANSWERS * (self._round_trip or 0.0)

    @property
    def long(self) -> bool:
        """Whether asking again takes so long that it is worth much to need it rarely."""
        return self._wait > LONG

    def counted(self) -> tuple[int, int, bool]:
        """Packets that were missing at first and packets expected so far, and whether the path is long."""
        return self._lost, self._expected, self.long

    def forget_before(self, sequence: int) -> None:
        """Packets before this one are of no use any more."""
        for old in [s for s in self._missing if uint16_gt(sequence, s)]:
            del self._missing[old]

    def _arrived(self, entry: _Missing | None) -> None:
        if entry is not None and entry.asked:  # from the first request: never less than a round trip, and mostly no more
            took = self._clock() - entry.first
            known = self._round_trip
            self._round_trip = took if known is None or took < known else known + SLOWLY * (took - known)
        if entry is not None and entry.asked == 1:  # after more requests nobody knows which one was answered
            answer = 1.5 * (self._clock() - entry.first)
            self._wait = min(LONGEST_WAIT, max(SHORTEST_WAIT, 0.75 * self._wait + 0.25 * answer))
