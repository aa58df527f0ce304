"""Shown when decoded: the playout-delay header extension with 0, which aiortc 1.16 does not know.

Without it a browser smooths the returned frames over a jitter buffer of its own, 20 to 40 ms deep where frames come unevenly.
A mirror would rather show an uneven frame than a late one.
"""

from __future__ import annotations

from aiortc.rtcrtpparameters import RTCRtpParameters
from aiortc.rtp import HeaderExtensions, HeaderExtensionsMap, pack_header_extensions, unpack_header_extensions

URI = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
AT_ONCE = bytes(3)  # smallest and largest delay, 12 bits each, in units of 10 ms


class AtOnceExtensions(HeaderExtensionsMap):
    """aiortc's header extensions, and this one where it was negotiated."""

    _id: int | None = None

    def configure(self, parameters: RTCRtpParameters) -> None:
        super().configure(parameters)
        self._id = next((extension.id for extension in parameters.headerExtensions if extension.uri == URI), self._id)

    def set(self, values: HeaderExtensions) -> tuple[int, bytes]:
        profile, packed = super().set(values)
        if self._id is None:
            return profile, packed
        return pack_header_extensions([*unpack_header_extensions(profile, packed), (self._id, AT_ONCE)])
