"""Each packet twice where the path loses some and is long: the second copy comes 10 ms later instead of a round trip later.

aiortc 1.16 sends a lost packet again when the browser asks. At a round trip of 100 ms and 5% loss a frame of five packets is late in one of
four cases, and so are the frames after it, which refer to it. The copies go out as retransmissions (RFC 4588), which every browser that
offers them drops when it has the packet. They take half of the bitrate, so only where it is worth it: on a short path asking is as quick.
aiortc also remembers the last 128 packets only, a third of a second: too few to answer over a long path, so it is 1024 here.
"""

from __future__ import annotations

from aiortc import rtcrtpsender
from aiortc.rtp import RtpPacket

REMEMBERED = 1024
LATER = 0.01  # seconds: losses come in bursts
MUCH, LITTLE = 0.02, 0.005  # share of packets lost at which copies begin and end
LONG = 0.03  # seconds of a round trip from which asking takes too long
KEPT = 0.7  # of the loss known before, at each report

rtcrtpsender.RTP_HISTORY_SIZE = REMEMBERED


class History(dict[int, RtpPacket]):
    """Where aiortc's sender keeps what it sent; it also knows which packets came since it was last asked."""

    def __init__(self) -> None:
        super().__init__()
        self._fresh: list[int] = []

    def __setitem__(self, key: int, packet: RtpPacket) -> None:
        super().__setitem__(key, packet)
        self._fresh.append(packet.sequence_number)

    def fresh(self) -> list[int]:
        """The sequence numbers sent since the last call."""
        fresh, self._fresh = self._fresh, []
        return fresh


class Loss:
    """Whether to send copies, from the receiver's reports."""

    def __init__(self) -> None:
        self.share = 0.0  # of packets lost on the way, smoothed
        self.doubling = False

    def report(self, fraction_lost: int, round_trip: float | None) -> None:
        """``fraction_lost`` in 1/256, ``round_trip`` in seconds, both as of a receiver report."""
        self.share = KEPT * self.share + (1 - KEPT) * fraction_lost / 256
        if round_trip is not None and round_trip < LONG:
            self.doubling = False
        elif self.share >= MUCH:
            self.doubling = True
        elif self.share < LITTLE:
            self.doubling = False
