"""The big screens: each shows a code until a phone joins with it, then that shopper's dressed picture, then a code again.

The picture is the phone's, relayed, or comes from the screen's own camera while the phone is the remote control. All on the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import segno
from aiortc import RTCIceServer, RTCSessionDescription
from av import VideoFrame

from .http import Refusal, Socket
from .limits import Reachable
from .messages import Candidate, Offer
from .rtc.connection import PeerConnection
from .track import DressedTrack
from .turn import Returned

if TYPE_CHECKING:
    from .server import Server
    from .signalling import Visit

log = logging.getLogger(__name__)

EMPTY_SECONDS = 30.0  # without anybody in view: the next shopper's turn
START_SECONDS = 75.0  # for a phone that joined: to allow the camera
LEFT_SECONDS = 5.0  # for a phone that is gone: it may come back
OWN = "screen:"  # before a screen's name: its own session, with its own camera


class Screen:
    """One screen that is connected. ``tick`` it about once a second; what it is to show is sent when it changes."""

    def __init__(self, name: str, server: Server, send: Callable[[dict[str, Any]], Any], url: str, reachable: Reachable) -> None:
        self.name, self.phone, self.own_camera = name, "", False
        self.garment: str | None = None  # chosen on the remote control
        self.remotes: set[Socket] = set()
        self._server, self._send, self._url, self._reachable = server, send, url, reachable
        self._loop = asyncio.get_running_loop()
        self._since = 0.0  # when the phone joined, or was last known to be there
        self._started = False  # a session was there since the phone joined
        self._code_ends = 0.0
        self._shown: dict[str, Any] = {}
        self._watched: Visit | None = None
        self._pc: PeerConnection | None = None
        self._track: DressedTrack | None = None

    # --- what is shown ---------------------------------------------------------------------------------------------

    async def tick(self) -> None:
        """Bring the screen in line with what is going on."""
        if not self.phone:
            if self._loop.time() >= self._code_ends:
                await self.show_code()
            return
        visit = self._visit()
        self._watch(visit)
        session = visit.session if visit else None
        now = self._loop.time()
        if session is not None:
            self._started, self._since = True, max(self._since, session.seen_at)
        if session is None:
            limit = LEFT_SECONDS if self._started else START_SECONDS
        else:
            limit = EMPTY_SECONDS if session.seat.frames else START_SECONDS
        if now - self._since > limit:
            await self.free()
            return
        worn = session.seat.worn if session else None
        state = {
            "live": session is not None and session.seat.frames > 0,
            "mirrored": session.mirrored if session else True,
            "garment": worn[0] if worn else None,
        }
        if state != self._shown:
            self._shown = state
            await self._send({"type": "state", **state})

    async def show_code(self) -> None:
        """A new code, drawn: rows of 0 and 1."""
        lasts = self._server.config.code_seconds
        url = f"{self._url}#{self._server.door.new_code(self.name)}"
        rows = ["".join("1" if dark else "0" for dark in row) for row in segno.make(url, error="m", micro=False).matrix]
        self._code_ends = self._loop.time() + lasts / 2
        await self._send({"type": "code", "url": url, "rows": rows, "seconds": lasts / 2})

    def renew_code(self) -> None:
        """Show a new one soon: the clock was set, and the one that is shown may have ended."""
        self._code_ends = 0.0

    async def join(self, phone: str) -> None:
        """A phone has joined with the code that is shown, or the screen says after a restart that it had."""
        await self._close_picture()
        self.phone, self.garment = phone, None
        self._since, self._started, self._shown = self._loop.time(), False, {}
        await self._send({"type": "shopper", "phone": phone, "camera": "screen" if self.own_camera else "phone"})
        await self.tick()

    async def free(self) -> None:
        """The shopper has gone: back to the code."""
        log.info("a screen is free again")
        self.phone = ""
        self._watch(None)
        await self._close_picture()
        await self._send({"type": "free"})
        for remote in list(self.remotes):
            await remote.send({"type": "free"})
        await self.show_code()

    def _visit(self) -> Visit | None:
        name = f"{OWN}{self.name}" if self.own_camera else self.phone
        return next((visit for visit in self._server.visits if visit.phone == name), None)

    def _watch(self, visit: Visit | None) -> None:
        """Take the frames of this visit's session, and no other's."""
        before = self._watched.session if self._watched else None
        if before is not None and (visit is not self._watched) and self._relay in before.watchers:
            before.watchers.remove(self._relay)
        self._watched = visit
        session = visit.session if visit else None
        if session is not None and not self.own_camera and self._relay not in session.watchers:
            session.watchers.append(self._relay)

    # --- the relayed picture ---------------------------------------------------------------------------------------

    def _relay(self, returned: Returned) -> None:
        track = self._track
        if track is None or self._pc is None or self._pc.connectionState != "connected":
            return
        # A copy: an encoder writes its time and kind onto the frame, and the phone's runs at the same time.
        whole = returned.whole or returned.frame
        frame = VideoFrame.from_ndarray(whole.to_ndarray(), format=whole.format.name)
        frame.pts, frame.time_base = returned.frame.pts, returned.frame.time_base
        track.offer(replace(returned, frame=frame, ms={}))

    async def answer(self, offer: Offer) -> None:
        """Take the screen's offer to receive the picture. Raises :class:`Refusal` where it makes no sense."""
        await self._close_picture()
        self._track = DressedTrack(lambda returned, rtp: None)
        servers = [RTCIceServer(each.urls, each.username, each.credential) for each in self._server.config.ice_servers]
        self._pc = pc = PeerConnection(self._server.pools.encoder, servers)
        pc.add_mirror(self._track, lambda decoded: None)
        try:
            await pc.setRemoteDescription(RTCSessionDescription(self._reachable.filter(offer.sdp), "offer"))
            await pc.setLocalDescription()
        except Exception as error:  # aiortc raises whatever its parser stumbles over
            raise Refusal(400, f"The offer cannot be answered ({type(error).__name__}).", "bad-offer") from error
        await self._send({"type": "answer", "sdp": pc.localDescription.sdp})

    async def add(self, candidate: Candidate) -> None:
        """One more of the screen's candidates."""
        found = candidate.candidate
        if self._pc is not None and (found is None or self._reachable.admits(found.ip, found.port)):
            with contextlib.suppress(Exception):  # a name that cannot be looked up is one way less, and no fault
                await self._pc.addIceCandidate(found)

    async def _close_picture(self) -> None:
        pc, self._pc = self._pc, None
        if self._track is not None:
            self._track.stop()
            self._track = None
        if pc is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(pc.close(), 5)

    async def close(self) -> None:
        """End it; the shopper's own session goes on."""
        self._watch(None)
        await self._close_picture()
        for remote in list(self.remotes):
            await remote.close()


def page_version(web: Path) -> str:
    """Changes with any file of the pages: a screen that runs for weeks loads the new ones when it is idle."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(path for path in web.rglob("*") if path.is_file()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()
