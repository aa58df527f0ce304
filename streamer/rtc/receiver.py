"""aiortc's receiver with the video fixes in: frames complete on the marker bit, repeated NACKs, a decoder that never falls behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from aiortc import RTCRtpReceiver
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcrtpparameters import RTCRtpReceiveParameters
from aiortc.rtp import AnyRtcpPacket, RtcpSrPacket, RtpPacket

from .capture import CaptureClock
from .decoder import Decoded, EncodedQueue, decode
from .jitter import LONGEST_PATIENCE, PATIENCE, FrameBuffer
from .nack import Nacks
from .private import Private
from .remb import PathEstimator

TICK = 0.01  # seconds between looks at what is still missing


class Receiver(RTCRtpReceiver):
    """Give it a sink before media flows: it gets every decoded frame, in the decoder's thread. Without one, packets are dropped."""

    def __init__(self, kind: str, transport: RTCDtlsTransport) -> None:
        super().__init__(kind, transport)
        self._own = Private(self, RTCRtpReceiver)
        self._own.decoder_queue = self._queue = EncodedQueue(self._own.decoder_error)
        self._own.jitter_buffer = self._buffer = FrameBuffer(self._own.codecs)
        self._own.nack_generator = self._nacks = Nacks()
        self._own.remote_bitrate_estimator = PathEstimator(self._nacks.counted)
        self._capture = CaptureClock()
        self._tick: asyncio.TimerHandle | None = None
        self._sink: Callable[[Decoded], object] | None = None
        self._enabled = False

    def deliver_to(self, sink: Callable[[Decoded], object]) -> None:
        """Take this track: decode it and call ``sink`` with every frame."""
        self._sink, self._enabled = sink, True

    @property
    def dropped(self) -> int:
        """Encoded frames let go: lost on the way, or because the decoder fell behind."""
        return self._queue.dropped + self._buffer.lost_frames

    def captured(self, pts: int) -> float | None:
        """When the peer's camera captured a frame, ms since 1970 on the peer's clock; None while that is not known."""
        return self._capture.at(pts + (self._own.timestamp_mapper._origin or 0))

    async def receive(self, parameters: RTCRtpReceiveParameters) -> None:
        """As aiortc's, but for the decoder's thread."""
        own = self._own
        if own.started:
            return
        for codec in parameters.codecs:
            own.codecs[codec.payloadType] = codec
        for encoding in parameters.encodings:
            if encoding.rtx:
                own.rtx_ssrc[encoding.rtx.ssrc] = encoding.ssrc
        if self._sink is not None:
            own.decoder_thread = threading.Thread(
                target=decode, name="decoder", args=(self._queue, self._sink, own.decoder_error), daemon=True
            )
            own.decoder_thread.start()
        self.transport._register_rtp_receiver(self, parameters)
        own.rtcp_task = asyncio.ensure_future(self._run_rtcp())
        own.started = True

    async def stop(self) -> None:
        """As aiortc's; no request for a lost packet follows."""
        self._enabled = False
        self._cancel_tick()
        await super().stop()
        self._sink = None

    def _handle_disconnect(self) -> None:
        self._enabled = False
        self._cancel_tick()
        super()._handle_disconnect()

    async def _handle_rtcp_packet(self, packet: AnyRtcpPacket) -> None:
        if isinstance(packet, RtcpSrPacket):
            self._capture.report(packet.sender_info.ntp_timestamp, packet.sender_info.rtp_timestamp)
        await super()._handle_rtcp_packet(packet)

    async def _handle_rtp_packet(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        await super()._handle_rtp_packet(packet, arrival_time_ms)
        own = self._own
        for payload_type, frame in self._buffer.more():
            frame.timestamp = own.timestamp_mapper.map(frame.timestamp)
            self._queue.put((own.codecs[payload_type], frame))
        if self._nacks and self._tick is None and self._enabled:
            self._schedule(own.rtx_ssrc.get(packet.ssrc, packet.ssrc))

    def _schedule(self, ssrc: int) -> None:
        self._tick = asyncio.get_running_loop().call_later(TICK, lambda: asyncio.ensure_future(self._ask_again(ssrc)))

    async def _ask_again(self, ssrc: int) -> None:
        self._tick = None
        if (needed := self._buffer.next_sequence) is not None:
            self._nacks.forget_before(needed)
        self._buffer.patience = min(max(PATIENCE, self._nacks.patience), LONGEST_PATIENCE)
        if self._enabled and (lost := sorted(self._nacks.missing)):
            await self._send_rtcp_nack(ssrc, lost)
        if self._enabled and self._buffer.needs_key_frame():
            await self._send_rtcp_pli(ssrc)
        if self._enabled and self._nacks and self._tick is None:
            self._schedule(ssrc)

    async def _send_rtcp_nack(self, media_ssrc: int, lost: list[int]) -> None:
        await super()._send_rtcp_nack(media_ssrc, lost)
        if self._nacks.long:  # a request may be lost, too; who got the first one lets the second be
            await super()._send_rtcp_nack(media_ssrc, lost)

    def _cancel_tick(self) -> None:
        if self._tick is not None:
            self._tick.cancel()
            self._tick = None
