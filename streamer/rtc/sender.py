"""Sending that tells what it sent, and encodes in a pool of its own.

aiortc 1.16 encodes in asyncio's default executor, where anything else may stand in the way, and keeps the RTP timestamp of a
frame (a random origin plus its pts) to itself. The page needs that timestamp to match a returned frame with its timings.
"""

from __future__ import annotations

import time
from concurrent.futures import Executor
from typing import Any, Protocol

from aiortc import MediaStreamTrack, RTCRtpSender
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.rtcrtpsender import RTCEncodedFrame

from .encoders import make_encoder
from .playout import AtOnceExtensions
from .private import Private


class Reporting(Protocol):
    """A track that wants to know when the frame it returned last has left."""

    def sent(self, rtp: int, encode_ms: float) -> None: ...


class Sender(RTCRtpSender):
    """Encodes in ``pool``; after the last packet of a frame calls ``track.sent`` where the track has it."""

    def __init__(self, track_or_kind: MediaStreamTrack | str, transport: RTCDtlsTransport, pool: Executor) -> None:
        super().__init__(track_or_kind, transport)
        self._own = Private(self, RTCRtpSender)
        self._own.rtp_header_extensions_map = AtOnceExtensions()
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
        track: Any = self.track
        frame = await track.recv()
        if not self._enabled:
            return None
        if self._own.encoder is None:
            self._own.encoder = make_encoder(codec)
        force_key, self._own.force_keyframe = self._own.force_keyframe, False
        start = time.perf_counter()
        payloads, timestamp = await self._own.loop.run_in_executor(self._pool, self._own.encoder.encode, frame, force_key)
        if not payloads:
            return None
        if hasattr(track, "sent"):
            self._unreported = (track, (time.perf_counter() - start) * 1000)
        return RTCEncodedFrame(payloads, timestamp, 0)
