"""A peer connection made of the mended sender and receiver. It contacts no server that it was not told of."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDtlsTransport,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpSender,
    RTCRtpTransceiver,
    RTCSessionDescription,
)

from . import playout
from .consent import notice_lost_peers_soon
from .decoder import Decoded
from .encoders import highest_bitrate, start_bitrate
from .private import Private
from .reach import Reach
from .receiver import Receiver
from .sender import Sender

log = logging.getLogger(__name__)

HD = 1280 * 720
ANYWHERE = Reach()


class PeerConnection(RTCPeerConnection):
    """aiortc's, with :class:`Sender` and :class:`Receiver` in place of its own."""

    def __init__(self, pool: Executor, ice_servers: Sequence[RTCIceServer] = (), reach: Reach = ANYWHERE) -> None:
        notice_lost_peers_soon()
        # An empty list, not None: for None aiortc asks a public STUN server.
        super().__init__(RTCConfiguration(iceServers=list(ice_servers)))
        self._own = Private(self, RTCPeerConnection)
        self._pool, self._reach = pool, reach

    def add_mirror(self, back: MediaStreamTrack, sink: Callable[[Decoded], object], codecs: Sequence[str] = ("H264", "VP8")) -> None:
        """One video both ways: ``sink`` gets what the peer sends, in the decoder's thread; ``back`` goes to the peer.

        The first of ``codecs`` that the peer has is taken.
        """
        self.addTrack(back)
        transceiver = next(t for t in self.getTransceivers() if t.kind == "video")
        known = RTCRtpSender.getCapabilities("video").codecs
        transceiver.setCodecPreferences([c for name in (*codecs, "rtx") for c in known if c.name.lower() == name.lower()])
        receiver = transceiver.receiver
        assert isinstance(receiver, Receiver)
        receiver.deliver_to(sink)

    @property
    def lost_frames(self) -> int:
        """Encoded frames of the peer that were let go before decoding: lost on the way, or the decoder was behind."""
        return sum(each.receiver.dropped for each in self.getTransceivers() if isinstance(each.receiver, Receiver))

    def captured(self, pts: int | None) -> float | None:
        """When the peer's camera captured the frame with this time, ms since 1970 on the peer's clock; None while that is not known."""
        receivers = [each.receiver for each in self.getTransceivers() if isinstance(each.receiver, Receiver)]
        return receivers[0].captured(pts) if receivers and pts is not None else None

    @property
    def estimate(self) -> int | None:
        """What the peer says the path to it carries, bits a second; None while it has not."""
        return next((each.sender.estimate for each in self.getTransceivers() if isinstance(each.sender, Sender)), None)

    @property
    def traffic(self) -> tuple[int, int]:
        """Received and sent so far: media, control, and what keeps them up."""
        reports = [transport._get_stats() for transport in {each.receiver.transport for each in self.getTransceivers()}]
        stats = [entry for report in reports for entry in report.values()]
        return sum(entry.bytesReceived for entry in stats), sum(entry.bytesSent for entry in stats)

    async def setRemoteDescription(self, sessionDescription: RTCSessionDescription) -> None:
        """As aiortc's. The answer will also ask for a good bitrate from the start, and for frames to be shown at once.

        Raises ValueError where sections are to share a connection that is none of theirs: aiortc would go on without one.
        """
        check_bundle(sessionDescription.sdp)
        await super().setRemoteDescription(sessionDescription)
        media = self._own.remoteDescription().media
        for transceiver in self._own.transceivers:
            if transceiver.kind == "video":
                offered = media[transceiver._get_mline_index()].rtp.headerExtensions
                transceiver._headerExtensions += [extension for extension in offered if extension.uri == playout.URI]
                for codec in transceiver._codecs:
                    if codec.name.lower() != "rtx":
                        codec.parameters |= _bitrates()

    def _RTCPeerConnection__createDtlsTransport(self) -> RTCDtlsTransport:
        transport = super()._RTCPeerConnection__createDtlsTransport()  # type: ignore[misc]
        self._reach.apply(transport.transport.iceGatherer._connection)
        return transport

    async def close(self) -> None:
        """As aiortc's; where an offer left a part of it that cannot be stopped, the others are, and the sockets closed."""
        try:
            await super().close()
        except Exception as error:
            for transport in (*self._own.dtlsTransports, *self._own.iceTransports):
                with contextlib.suppress(Exception):
                    await transport.stop()
            self.remove_all_listeners()
            if not self._own.isClosed.done():
                self._own.isClosed.set_result(True)
            log.warning("a peer connection was not closed as it should be: %r", error)

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


def check_bundle(sdp: str) -> None:
    """Raises ValueError where a bundle names a section that there is not, or two have one name."""
    named = re.findall(r"^a=mid:(.*?)\r?$", sdp, re.MULTILINE)
    bundled = [mid for group in re.findall(r"^a=group:BUNDLE(.*?)\r?$", sdp, re.MULTILINE) for mid in group.split()]
    if len({*named}) < len(named) or len({*bundled}) < len(bundled) or not {*bundled} <= {*named}:
        raise ValueError("the sections of the offer are not named as its bundle says")


def _bitrates() -> dict[str, str | int | None]:
    """What Chromium reads in an answer, kbit/s. By itself it starts at 300 and stops at 2500, whatever the path carries."""
    return {"x-google-start-bitrate": start_bitrate(HD) // 1000, "x-google-max-bitrate": highest_bitrate(HD) // 1000}
