"""How much the path from the phone carries, told to it as REMB.

aiortc 1.16 follows the classic estimator: it reports nothing for 3 s, never more than 1.5 times what arrives (a still scene
keeps the rate low for good), and takes the jitter of a busy event loop for a full path; a 640x480 camera was taken down to
480x360 on one machine. Here the sign of a full path is the smallest one-way delay of half a second: what waits in a queue
delays every packet, a busy receiver only some. Where packets are lost at random over a long path, the rate is held at two or three packets
a frame: the more there are, the more frames wait for one to be sent again, and all frames after them. At 5% loss and 50 ms each way the
slowest twentieth of the frames came 308 ms late with eleven packets a frame (no full path: browsers do not slow down below 10% loss).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

WINDOW_MS = 500
BASELINE_WINDOWS = 60  # the path's own delay is the smallest of 30 s: short enough for clocks that drift apart
FULL_MS, FREE_MS = 50.0, 25.0  # standing delay above which the path is full, below which there is room
HIGHEST, LOWEST = 10_000_000, 200_000  # bits a second
UP, DOWN = 1.04, 0.85
LOSSY = 700_000  # bits a second at most while packets are lost on a long path
MUCH, LITTLE = 0.02, 0.005  # share of packets lost at which that begins and ends
KEPT = 0.8  # of the loss known before, at each window
TICKS = 1 << 24  # abs-send-time wraps at 64 s, 2**18 ticks a second


class PathEstimator:
    """``add`` every packet as aiortc does; twice a second it returns what the sender may send, and which streams that is about."""

    def __init__(self, counted: Callable[[], tuple[int, int, bool]] = lambda: (0, 0, False)) -> None:
        """``counted``: packets lost and packets expected so far, and whether asking for them again takes long."""
        self._counted, self._before = counted, (0, 0)
        self._loss, self._lossy = 0.0, False
        self._sent: int | None = None  # unwrapped, ticks
        self._window_end = 0.0
        self._least = float("inf")
        self._bytes = 0
        self._baseline: deque[float] = deque(maxlen=BASELINE_WINDOWS)
        self._rate = float(HIGHEST)
        self._ssrcs: set[int] = set()

    def add(self, arrival_time_ms: int, abs_send_time: int, payload_size: int, ssrc: int) -> tuple[int, list[int]] | None:
        """Times in ms and in the extension's ticks; the size in bytes. The rate returned is in bits a second."""
        self._sent = abs_send_time if self._sent is None else self._sent + (abs_send_time - self._sent + TICKS // 2) % TICKS - TICKS // 2
        if not self._ssrcs:
            self._window_end = arrival_time_ms + WINDOW_MS
        self._ssrcs.add(ssrc)
        self._least = min(self._least, arrival_time_ms - self._sent * 1000 / (1 << 18))
        self._bytes += payload_size
        if arrival_time_ms < self._window_end:
            return None
        self._close_window(WINDOW_MS + arrival_time_ms - self._window_end)
        self._window_end = arrival_time_ms + WINDOW_MS
        return round(min(self._rate, LOSSY) if self._lossy else self._rate), sorted(self._ssrcs)

    def _close_window(self, length_ms: float) -> None:
        self._baseline.append(self._least)
        standing = self._least - min(self._baseline)
        if standing > FULL_MS:
            self._rate = max(LOWEST, DOWN * self._bytes * 8000 / length_ms)
        elif standing < FREE_MS:
            self._rate = min(HIGHEST, UP * self._rate)
        self._least, self._bytes = float("inf"), 0
        self._count()

    def _count(self) -> None:
        lost, expected, long = self._counted()
        share = (lost - self._before[0]) / max(expected - self._before[1], 1)
        self._before = lost, expected
        self._loss = KEPT * self._loss + (1 - KEPT) * share
        self._lossy = long and self._loss > (LITTLE if self._lossy else MUCH)
