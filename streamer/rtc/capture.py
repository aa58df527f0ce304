"""When the peer's camera captured a frame, on the peer's own clock.

A sender report says which RTP timestamp belongs to which time of the sender's clock (RFC 3550, 6.4.1). aiortc 1.16 reads it for the
round trip only. A browser counts RTP timestamps from its frames' capture times, rounded to 1 ms: so a page that is told this time knows
which of its camera's frames a returned one was made of, without a mark in the pixels.
"""

from __future__ import annotations

NTP_TO_UNIX = 2_208_988_800  # seconds from 1900 to 1970
TICKS = 90  # a millisecond
WRAP = 1 << 32


class CaptureClock:
    """``report`` what a sender report says; ``at`` is the time of an RTP timestamp then."""

    def __init__(self) -> None:
        self._known: tuple[float, int] | None = None

    def report(self, ntp: int, rtp: int) -> None:
        """``ntp``: 64 bits, seconds since 1900 in the upper half; ``rtp``: the timestamp of a frame captured at that time."""
        self._known = (ntp / WRAP - NTP_TO_UNIX) * 1000, rtp

    def at(self, rtp: int) -> float | None:
        """Milliseconds since 1970 on the sender's clock; None before the first report."""
        if self._known is None:
            return None
        ms, then = self._known
        return ms + ((rtp - then + WRAP // 2) % WRAP - WRAP // 2) / TICKS
