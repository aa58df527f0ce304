"""A peer connection made of the mended sender and receiver. It contacts no server that it was not told of."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor

from aiortc import MediaStreamTrack, RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCRtpTransceiver
from aiortc.rtcconfiguration import RTCBundlePolicy

from .private import Private
from .receiver import Receiver
from .sender import Sender


class PeerConnection(RTCPeerConnection):
    """aiortc's, with :class:`Sender` and :class:`Receiver` in place of its own."""

    def __init__(self, pool: Executor, ice_servers: Sequence[RTCIceServer] = ()) -> None:
        # An empty list, not None: for None aiortc asks a public STUN server.
        super().__init__(RTCConfiguration(iceServers=list(ice_servers), bundlePolicy=RTCBundlePolicy.BALANCED))
        self._own = Private(self, RTCPeerConnection)
        self._pool = pool

    @property
    def video_receiver(self) -> Receiver:
        """The receiver of the first video section."""
        return next(t.receiver for t in self._own.transceivers if t.kind == "video")

    def _RTCPeerConnection__createTransceiver(
        self, direction: str, kind: str, sender_track: MediaStreamTrack | None = None
    ) -> RTCRtpTransceiver:
        """As aiortc's for its BALANCED policy, with the mended classes."""
        others = self._own.transceivers
        alike = next((other for other in others if other.kind == kind), None)
        transport = alike.receiver.transport if alike else self._own.createDtlsTransport()
        transceiver = RTCRtpTransceiver(
            direction=direction,
            kind=kind,
            sender=Sender(sender_track or kind, transport, self._pool),
            receiver=Receiver(kind, transport),
        )
        transceiver.receiver._set_rtcp_ssrc(transceiver.sender._ssrc)
        transceiver.sender._stream_id = self._own.stream_id
        transceiver._bundled = alike is not None
        others.append(transceiver)
        return transceiver
