"""The returned picture as a WebRTC track: the newest frame, as soon as the encoder is free."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import VideoFrame

from .mailbox import Mailbox
from .turn import Returned


class DressedTrack(MediaStreamTrack):
    """One-slot: a frame that comes while the encoder is busy replaces the one that waits. All on the event loop.

    ``report(returned, rtp)`` is called when a frame has left, with its RTP timestamp.
    """

    kind = "video"

    def __init__(self, report: Callable[[Returned, int], object]) -> None:
        super().__init__()
        self._ready = asyncio.Event()
        self._outbox: Mailbox[Returned] = Mailbox(self._ready.set)
        self._report = report
        self._leaving: Returned | None = None

    @property
    def dropped(self) -> int:
        """Frames replaced while they waited for the encoder."""
        return self._outbox.dropped

    def offer(self, returned: Returned) -> None:
        """A frame is ready."""
        self._outbox.put(returned)

    async def recv(self) -> VideoFrame:
        """The newest frame; waits for one. Raises aiortc's MediaStreamError when the track has ended."""
        while self.readyState == "live":
            if (returned := self._outbox.take()) is not None:
                returned.ms["out"] = (time.perf_counter() - returned.ready) * 1000
                self._leaving = returned
                return returned.frame
            self._ready.clear()
            await self._ready.wait()
        raise MediaStreamError

    def sent(self, rtp: int, encode_ms: float) -> None:
        """The sender's word that the frame ``recv`` gave last has left."""
        if (returned := self._leaving) is not None:
            self._leaving = None
            returned.ms["encode"] = encode_ms
            returned.at["sent"] = time.perf_counter()
            self._report(returned, rtp)

    def stop(self) -> None:
        """End the track; a waiting ``recv`` raises."""
        super().stop()
        self._leaving = None
        self._outbox.close()
        self._ready.set()
