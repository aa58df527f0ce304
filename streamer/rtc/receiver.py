"""aiortc's receiver with the video fixes in: frames complete on the marker bit, a decoder that never falls behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from aiortc import RTCRtpReceiver
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcrtpparameters import RTCRtpReceiveParameters

from .decoder import Decoded, EncodedQueue, decode
from .private import Private


class Receiver(RTCRtpReceiver):
    """Give it a ``sink`` before media flows: it gets every decoded frame, in the decoder's thread. Without one, packets are dropped."""

    def __init__(self, kind: str, transport: RTCDtlsTransport) -> None:
        super().__init__(kind, transport)
        self._own = Private(self, RTCRtpReceiver)
        self._own.decoder_queue = self._queue = EncodedQueue(self._own.decoder_error)
        self._sink: Callable[[Decoded], object] | None = None
        self._enabled = False

    def deliver_to(self, sink: Callable[[Decoded], object]) -> None:
        """Take this track: decode it and call ``sink`` with every frame."""
        self._sink, self._enabled = sink, True

    @property
    def dropped(self) -> int:
        """Encoded frames thrown away because the decoder fell behind."""
        return self._queue.dropped

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
