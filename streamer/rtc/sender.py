"""Sending that tells what it sent, encodes in a pool of its own, and sends copies where the path loses packets.

aiortc 1.16 encodes in asyncio's default executor, where anything else may stand in the way, and keeps the RTP timestamp of a
frame (a random origin plus its pts) to itself. The page needs that timestamp to match a returned frame with its timings.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from concurrent.futures import Executor
from typing import Any, Protocol

from aiortc import MediaStreamTrack, RTCRtpSender
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.rtcrtpsender import RTCEncodedFrame
from aiortc.rtp import AnyRtcpPacket, RtcpRrPacket, RtcpSrPacket

from .encoders import Live, make_encoder
from .playout import AtOnceExtensions
from .private import Private
from .twice import LATER, History, Loss


class Reporting(Protocol):
    """A track that wants to know when the frame it returned last has left."""

    def sent(self, rtp: int, encode_ms: float) -> None: ...


class Sender(RTCRtpSender):
    """Encodes in ``pool``; after the last packet of a frame calls ``track.sent`` where the track has it."""

    def __init__(self, track_or_kind: MediaStreamTrack | str, transport: RTCDtlsTransport, pool: Executor) -> None:
        super().__init__(track_or_kind, transport)
        self._own = Private(self, RTCRtpSender)
        self._own.rtp_header_extensions_map = AtOnceExtensions()
        self._own.rtp_history = self._history = History()
        self.loss = Loss()
        self._pool = pool
        self._unreported: tuple[Reporting, float] | None = None

    @property
    def estimate(self) -> int | None:
        """What the peer says the path to it carries, bits a second; None while it has not."""
        return getattr(self._own.encoder, "estimate", None)

    async def _next_encoded_frame(self, codec: RTCRtpCodecParameters) -> RTCEncodedFrame | None:
        if self._unreported is not None:  # aiortc comes back here right after the last packet of the frame before
            (reporting, encode_ms), self._unreported = self._unreported, None
            reporting.sent(self._own.rtp_timestamp, encode_ms)
        self._send_copies(self._history.fresh())
        track: Any = self.track
        frame = await track.recv()
        if not self._enabled:
            return None
        if self._own.encoder is None:
            self._own.encoder = make_encoder(codec)
        if isinstance(self._own.encoder, Live):
            self._own.encoder.share = 0.5 if self.loss.doubling else 1.0
        force_key, self._own.force_keyframe = self._own.force_keyframe, False
        start = time.perf_counter()
        payloads, timestamp = await self._own.loop.run_in_executor(self._pool, self._own.encoder.encode, frame, force_key)
        if not payloads:
            return None
        if hasattr(track, "sent"):
            self._unreported = (track, (time.perf_counter() - start) * 1000)
        return RTCEncodedFrame(payloads, timestamp, 0)

    async def _handle_rtcp_packet(self, packet: AnyRtcpPacket) -> None:
        await super()._handle_rtcp_packet(packet)
        if isinstance(packet, RtcpRrPacket | RtcpSrPacket):
            for report in packet.reports:
                if report.ssrc == self._ssrc:
                    self.loss.report(report.fraction_lost, self._own.rtt)

    def _send_copies(self, sequences: list[int]) -> None:
        if sequences and self.loss.doubling and self._own.rtx_payload_type is not None:
            self._own.loop.call_later(LATER, lambda: asyncio.ensure_future(self._resend(sequences)))

    async def _resend(self, sequences: list[int]) -> None:
        with contextlib.suppress(ConnectionError):  # closed meanwhile
            for sequence in sequences:
                await self._retransmit(sequence)
