"""A jitter buffer that knows a frame is complete when it is.

aiortc 1.16 holds a video frame until a packet of the next one arrives, a whole frame interval later (33 ms at 30 a second).
The RTP marker bit says which packet is a frame's last (RFC 3550, 5.1; RFC 7741 and RFC 6184 for VP8 and H.264), so a frame
goes out here as soon as its packets are contiguous from the first to the marked one. Padding-only packets, which browsers
send to probe the bandwidth, belong to no frame. aiortc also waits for a lost packet until its 512 places are full, many
seconds; here a hole may stay open for `PATIENCE` while it is asked for again, then everything up to the next key frame is
let go, because the frames between refer to what is missing. A frame that no other refers to is not waited for at all, once the
next one is whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.rtp import RtpPacket

from .decoder import EncodedFrame, is_key_frame
from .layers import Place, place

PATIENCE = 0.25  # seconds a hole may stay open, at least
LONGEST_PATIENCE = 0.75  # and at most, however long the path is
KEY_FRAME_EVERY = 0.3  # seconds between requests while a key frame is awaited
CAPACITY = 2048  # packets; more than a second of 1080p
JUMP = 8192  # sequence numbers; further than this is another stream, not a late packet


class FrameBuffer:
    """Packets in, whole frames out, in order. ``add`` is called as aiortc's; what it could not return yet is in ``more``."""

    def __init__(self, codecs: Mapping[int, RTCRtpCodecParameters], clock: Callable[[], float] = time.perf_counter) -> None:
        self._codecs, self._clock = codecs, clock
        self._packets: dict[int, RtpPacket] = {}  # by unwrapped sequence number
        self._next: int | None = None  # the first packet of the next frame
        self._newest = 0
        self._emitted = False
        self._stuck_since: float | None = None
        self._wants_key = False
        self._asked = float("-inf")
        self._complete: list[tuple[int, EncodedFrame]] = []
        self.patience = PATIENCE  # longer where requests take longer to be answered
        self.lost_frames = 0  # frames let go because of a hole: at least so many

    @property
    def next_sequence(self) -> int | None:
        """The 16-bit sequence number before which nothing is needed any more."""
        return None if self._next is None else self._next & 0xFFFF

    def add(self, packet: RtpPacket) -> tuple[bool, EncodedFrame | None]:
        """Take a packet whose ``_data`` is its depacketised payload. Returns whether a key frame must be asked for, and a frame."""
        sequence = self._unwrap(packet.sequence_number)
        if self._next is None or abs(sequence - self._next) > JUMP:
            self._restart(sequence)
        assert self._next is not None
        if sequence < self._next:
            if self._emitted or self._next - sequence > CAPACITY // 2:
                return False, None  # too late, or received before
            self._next = sequence  # the very first packets may be out of order too
        packet._arrived = self._clock()  # type: ignore[attr-defined]
        self._packets[sequence] = packet
        self._newest = max(self._newest, sequence)
        self._assemble()
        return self.needs_key_frame(), self._complete.pop(0)[1] if self._complete else None

    def more(self) -> list[tuple[int, EncodedFrame]]:
        """Frames that the last packet completed beside the returned one, with their payload types."""
        frames, self._complete = self._complete, []
        return frames

    def needs_key_frame(self) -> bool:
        """Give up a hole that has been open for too long; whether to ask the sender for a key frame now."""
        now = self._clock()
        hole = bool(self._packets) and self._next is not None and not self._contiguous_to_newest()
        self._stuck_since = (self._stuck_since if self._stuck_since is not None else now) if hole else None
        if self._stuck_since is not None and (now - self._stuck_since >= self.patience or len(self._packets) > CAPACITY):
            self._give_up()
        if self._wants_key and now - self._asked >= KEY_FRAME_EVERY:
            self._asked = now
            return True
        return False

    def _unwrap(self, sequence: int) -> int:
        """The 16-bit number as the nearest one to the newest so far that does not wrap."""
        if self._next is None:
            return sequence
        return self._newest + (sequence - self._newest + 0x8000) % 0x10000 - 0x8000

    def _restart(self, sequence: int) -> None:
        self._wants_key = self._next is not None
        self._packets.clear()
        self._next = self._newest = sequence
        self._emitted, self._stuck_since = False, None

    def _assemble(self) -> None:
        """Move every frame that is complete from ``_packets`` to ``_complete``."""
        assert self._next is not None
        while True:
            if (end := self._frame_end(self._next)) is None:
                if (after := self._after_disposable()) is None:
                    return
                self._skip_to(after)
                continue
            packets = [self._packets.pop(sequence) for sequence in range(self._next, end)]
            self._next, self._emitted, self._stuck_since = end, True, None
            self._hand_on(packets)

    def _frame_end(self, start: int) -> int | None:
        """One past the last packet of the frame that starts there, when all of it is here."""
        sequence, timestamp = start, None
        while (packet := self._packets.get(sequence)) is not None:
            if packet.payload:
                if timestamp not in (None, packet.timestamp):
                    return sequence  # a sender that sets no marker
                timestamp = packet.timestamp
            sequence += 1
            if packet.marker and packet.payload:
                return sequence
        return None

    def _after_disposable(self) -> int | None:
        """Where the next frame starts, if the one at ``_next`` has holes, no other refers to it, and the next one is whole.

        Only where it is certain that what is missing belongs to that frame: one packet at its start, one at its end, any between.
        """
        assert self._next is not None
        if self._wants_key or len(self._packets) < 2:
            return None
        here = sorted(sequence for sequence, packet in self._packets.items() if packet.payload)
        own = [sequence for sequence in here if self._packets[sequence].timestamp == self._packets[here[0]].timestamp]
        if len(own) == len(here) or not self._place(own[0]).disposable or not self._emitted:
            return None
        lost_before, last, after = own[0] - self._next, self._packets[own[-1]], here[len(own)]
        if lost_before > 1 or (lost_before and not self._place(own[0]).inside):
            return None
        start = own[-1] + (1 if last.marker else 2)
        return start if start <= after and self._frame_end(start) is not None else None

    def _place(self, sequence: int) -> Place:
        packet = self._packets[sequence]
        codec = self._codecs.get(packet.payload_type)
        return place(codec.name if codec else "", packet.payload)

    def _skip_to(self, start: int) -> None:
        """Let go of everything before."""
        for sequence in [sequence for sequence in self._packets if sequence < start]:
            del self._packets[sequence]
        self._next, self._stuck_since = start, None
        self.lost_frames += 1

    def _hand_on(self, packets: list[RtpPacket]) -> None:
        packets = [packet for packet in packets if packet.payload]  # what is left out is padding
        first = packets[0]
        data = b"".join(packet._data for packet in packets)  # type: ignore[attr-defined]  # set by aiortc's receiver
        if self._wants_key:
            codec = self._codecs.get(first.payload_type)
            if codec is None or not is_key_frame(codec.name, data):
                self.lost_frames += 1
                return
            self._wants_key = False
        arrived = min(packet._arrived for packet in packets)  # type: ignore[attr-defined]
        self._complete.append((first.payload_type, EncodedFrame(data, first.timestamp, arrived, self._clock())))

    def _contiguous_to_newest(self) -> bool:
        assert self._next is not None
        return len(self._packets) == self._newest + 1 - self._next

    def _give_up(self) -> None:
        """Let go of the frame with the hole in it, and start again at the next frame's first packet."""
        assert self._next is not None
        self._wants_key = True
        self.lost_frames += 1
        hole = next(sequence for sequence in range(self._next, self._newest + 1) if sequence not in self._packets)
        start = next((sequence for sequence in range(hole + 1, self._newest + 1) if self._starts_frame(sequence)), self._newest + 1)
        for sequence in range(self._next, start):
            self._packets.pop(sequence, None)
        self._next, self._stuck_since = start, None
        self._assemble()

    def _starts_frame(self, sequence: int) -> bool:
        """Whether the packet before is here and ends a frame."""
        before, packet = self._packets.get(sequence - 1), self._packets.get(sequence)
        if before is None or packet is None or not packet.payload:
            return False
        return bool(before.marker) or before.timestamp != packet.timestamp
