"""One shopper: peer connection, control channel, chosen garment, tracking state. All of it on the event loop."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Protocol

from aiortc import RTCDataChannel, RTCIceCandidate, RTCIceServer, RTCSessionDescription

from engines.errors import UserError
from engines.tryon.outfit import outfit

from . import network
from .config import Config
from .keeping import Keeping
from .limits import Rate, Reachable
from .messages import (
    AskWearing,
    BadMessageError,
    Bye,
    Candidate,
    ChooseGarment,
    Clock,
    Forget,
    Keep,
    Mirror,
    Offer,
    Overlay,
    Ping,
    Profile,
    Quality,
    parse_control,
    parse_signal,
)
from .numbers import DELAY_MS, DROPPED, FRAMES, TRIES, Numbers
from .pools import Pools
from .rtc.connection import PeerConnection
from .rtc.window import hold_to_window
from .track import DressedTrack
from .turn import Returned, Seat
from .wearing import Look, Wearing
from .worker import Worker

log = logging.getLogger(__name__)

CHANNEL = "control"
CLOSE_SECONDS = 5
MOST_PIECES = 4  # of one outfit
BURST = 5  # seconds' worth of messages that may come at once
MOST_UNSENT = 64 * 1024  # bytes of frame messages waiting on the control channel before further ones are left out


class Garments(Protocol):
    """Where garments come from. Called in a pool: may read files. Raises KeyError or UserError for an unknown id."""

    def garment(self, id: str, /) -> Any: ...


class Session:
    """``handle`` every WebSocket message, in order; ``close`` at the end, however it came.

    ``send`` sends one JSON message to the page. ``lost(why)`` is called when the media connection is gone, ``refuse(error)`` when
    the page sent what ends the session, both from outside of ``handle``. ``reachable`` decides which candidates are tried; ``look``
    says what somebody wears on a frame; ``kept`` is where pictures are kept of those who agree, None where nobody is asked.
    """

    def __init__(
        self,
        config: Config,
        worker: Worker,
        garments: Garments,
        pools: Pools,
        send: Callable[[dict[str, Any]], Coroutine[Any, Any, None]],
        lost: Callable[[str], object],
        refuse: Callable[[BadMessageError], object],
        reachable: Reachable,
        look: Look,
        kept: Path | None,
        numbers: Numbers,
    ) -> None:
        self._config, self._worker, self._garments, self._pools = config, worker, garments, pools
        self._send, self._lost, self._refuse, self._reachable = send, lost, refuse, reachable
        self._numbers = numbers
        self.watchers: list[Callable[[Returned], object]] = []  # called on the event loop with every returned frame
        self.seen_at = asyncio.get_running_loop().time()  # when somebody was in view, on the loop's clock
        self.mirrored = False  # how the page shows its picture
        self.left: list[Callable[[Returned], object]] = []  # called with every frame that has left
        self._rate = Rate(config.messages_per_second, BURST * config.messages_per_second)
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._pc: PeerConnection | None = None
        self._channel: RTCDataChannel | None = None
        self._candidates = 0
        self._untold: list[str] = []
        self._wish = 0  # counts garment choices: only the newest is put on, however long each takes to load
        self._track = DressedTrack(self._report)
        self.seat = Seat(deliver=self._deliver, pixels=config.pixels)
        self._wearing = Wearing(self.seat, look, pools.files)
        self._keeping = Keeping(kept, config.keep_crops, self.seat, pools.files, send)
        self._worker.add(self.seat)
        self._watch: asyncio.TimerHandle | None = None
        self._held = False
        self._dropped = 0  # told so far
        self._closed = False

    async def handle(self, text: Any) -> bool:
        """Do what a message says; False when it was goodbye. Raises :class:`BadMessageError` when the session cannot go on."""
        self._count_message()
        match parse_signal(text, self._config.message_bytes):
            case Offer() as offer:
                await self._answer(offer)
            case Candidate(candidate):
                self._add_candidate(candidate)
            case Ping(t):
                await self._send({"type": "pong", "t": t})
            case AskWearing():
                self._spawn(self._tell_wearing())
            case Keep(on, mine):
                await self._keeping.agree(on, mine)
            case Forget(mine):
                await self._keeping.forget(mine)
            case Bye():
                return False
        return True

    async def close(self) -> None:
        """End everything this session started. May be called twice."""
        if self._closed:
            return
        self._closed = True
        if self._watch is not None:
            self._watch.cancel()
        self._keeping.close()
        self._worker.remove(self.seat)
        self._track.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._pc is not None:
            try:
                await asyncio.wait_for(self._pc.close(), CLOSE_SECONDS)
            except TimeoutError:  # the session ends all the same: its place is wanted
                log.warning("a peer connection did not close in %d s", CLOSE_SECONDS)
        self._pc = self._channel = None

    def _count_message(self) -> None:
        if not self._rate.spend():
            raise BadMessageError("Messages came faster than they are taken here.", "too-fast")

    async def _answer(self, offer: Offer) -> None:
        if len(offer.sdp) > self._config.sdp_bytes:
            raise BadMessageError(f"An offer has at most {self._config.sdp_bytes} characters.", "bad-offer")
        self._count_candidates(offer.sdp.count("\na=candidate:"))
        if self._pc is None:
            self._pc = self._connect()
        if offer.garment is not None:
            self._choose(offer.garment)
        try:
            await self._pc.setRemoteDescription(RTCSessionDescription(self._reachable.filter(offer.sdp), "offer"))
            await self._pc.setLocalDescription()
        except Exception as error:  # aiortc raises whatever its parser stumbles over; the offer is from outside
            log.debug("an offer was refused", exc_info=True)
            raise BadMessageError(f"The offer cannot be answered ({type(error).__name__}).", "bad-offer") from error
        if self._pc.sctp is not None and not self._held:
            self._held = True
            hold_to_window(self._pc.sctp, lambda sentence: self._refuse(BadMessageError(sentence, "too-much")))
        await self._send({"type": "answer", "sdp": self._pc.localDescription.sdp})
        if self._watch is None:
            self._watch = self._loop.call_later(self._config.connect_seconds, self._on_slow)

    def _add_candidate(self, candidate: RTCIceCandidate | None) -> None:
        self._count_candidates(1)
        if self._pc is None:
            raise BadMessageError("An ICE candidate came before the offer.")
        if candidate is not None and not self._reachable.admits(candidate.ip, candidate.port):
            return
        self._spawn(self._pc.addIceCandidate(candidate))  # not awaited: a name in it may take long to look up

    def _count_candidates(self, more: int) -> None:
        self._candidates += more
        if self._candidates > self._config.max_candidates:
            raise BadMessageError(f"More than {self._config.max_candidates} ICE candidates were sent.", "too-many-candidates")

    def _connect(self) -> PeerConnection:
        config = self._config
        servers = [RTCIceServer(server.urls, server.username, server.credential) for server in network.for_media(config)]
        pc = PeerConnection(self._pools.encoder, servers, network.reach(config.media_ports, config.public_address))
        pc.add_mirror(self._track, self.seat.offer)
        pc.on("datachannel", self._on_channel)
        pc.on("connectionstatechange", self._on_connection_state)
        return pc

    def _on_connection_state(self) -> None:
        state = self._pc.connectionState if self._pc else "closed"
        if state == "connected" and self._watch is not None:
            self._watch.cancel()
        elif state in ("failed", "closed") and not self._closed:
            self._lost("the media connection was lost")

    def _on_slow(self) -> None:
        if not self._closed:
            self._lost("the media connection could not be made")

    def _on_channel(self, channel: RTCDataChannel) -> None:
        if channel.label == CHANNEL and self._channel is None:
            self._channel = channel
            channel.on("message", self._on_control)
            while self._untold:
                self._complain(self._untold.pop(0))

    def _on_control(self, text: Any) -> None:
        received = time.perf_counter() * 1000
        try:
            self._count_message()
        except BadMessageError as error:
            self._refuse(error)
            return
        try:
            message = parse_control(text, self._config.message_bytes)
        except BadMessageError as error:
            self._complain(str(error))
            return
        match message:
            case ChooseGarment(garment):
                self._choose(garment)
            case Quality(height):
                self.seat.height = height
            case Profile(on):
                self.seat.profile = on
            case Overlay(on):
                self.seat.overlay = on
            case Clock(t):
                self._tell({"type": "clock", "t": t, "received": received, "sent": time.perf_counter() * 1000})
            case Mirror(on):
                self.mirrored = on

    def _choose(self, garment: str | None) -> None:
        self._wish += 1
        if garment is None:
            self.seat.worn = None
        else:
            self._spawn(self._put_on(garment, self._wish))

    async def _put_on(self, id: str, wish: int) -> None:
        try:
            garment = await self._loop.run_in_executor(self._pools.files, self._look_up, id)
        except Exception as error:  # an unknown id, a damaged file: this wish only, the session goes on
            log.debug("a garment could not be put on", exc_info=True)
            unknown = isinstance(error, KeyError)
            self._complain(f"There is no garment {id[:80]!r} here." if unknown else f"The garment {id[:80]!r} cannot be worn: {error}")
            return
        if wish == self._wish and not self._closed:
            before = self.seat.worn[0].split("+") if self.seat.worn else ()
            self.seat.worn = (id, garment)
            for piece in id.split("+"):
                if piece not in before:
                    self._numbers.count(TRIES, piece)

    def _look_up(self, id: str) -> Any:
        """The garment, or the outfit: its id is its pieces' with + between them. Called in a pool."""
        if id.count("+") >= MOST_PIECES:
            raise UserError(f"at most {MOST_PIECES} pieces are worn at once.")
        pieces = [self._garments.garment(piece) for piece in id.split("+")]
        return pieces[0] if len(pieces) == 1 else outfit(pieces)

    async def _tell_wearing(self) -> None:
        if (message := await self._wearing.ask()) is not None:
            await self._send(message)

    def _deliver(self, returned: Returned) -> None:
        """Called in the worker's thread."""
        self._loop.call_soon_threadsafe(self._take, returned)

    def _take(self, returned: Returned) -> None:
        if returned.status != "nobody":
            self.seen_at = self._loop.time()
        for watch in self.watchers:
            watch(returned)
        self._track.offer(returned)

    def _report(self, returned: Returned, rtp: int) -> None:
        seat = self.seat
        seat.bitrate, seat.unsent = (self._pc.estimate if self._pc else None), self._track.dropped
        more = self._profile_of(returned) if seat.profile else {}
        for told in self.left:
            told(returned)
        dropped = seat.inbox.dropped + self._track.dropped
        self._numbers.count(FRAMES)
        self._numbers.count(DELAY_MS, amount=sum(returned.ms.values()))
        self._numbers.count(DROPPED, amount=dropped - self._dropped)
        self._dropped = dropped
        self._tell(
            {
                "type": "frame",
                "rtp": rtp,
                "pts": returned.frame.pts,
                "captured": self._pc.captured(returned.frame.pts) if self._pc else None,
                "status": returned.status,
                "garment": returned.garment,
                "ms": {stage: round(ms, 2) for stage, ms in returned.ms.items()},
                "dropped": dropped,
                "errors": self.seat.errors,
                "quality": {"height": returned.frame.height, "fps": seat.effort.fps, "reason": seat.effort.reason, "bitrate": seat.bitrate},
                **more,
            }
        )

    def _profile_of(self, returned: Returned) -> dict[str, Any]:
        """What only the profiler's page wants to know: the frame's number, when (server's clock, ms) it was where, drops by cause."""
        at = returned.at | {"ready": returned.ready}
        return {
            "mark": returned.mark,
            "at": {name: round(seconds * 1000, 2) for name, seconds in at.items()},
            "drops": self._drops(),
        }

    def _drops(self) -> dict[str, int]:
        """Frames that did not come back dressed, by cause."""
        lost = self._pc.lost_frames if self._pc else 0
        seat = self.seat
        return {
            "network": lost,
            "spared": seat.spared,
            "worker": seat.inbox.dropped,
            "encoder": self._track.dropped,
            "failed": seat.errors,
        }

    def counts(self) -> Counter[tuple[str, str]]:
        """For the metrics, of this session so far: ("dropped", cause) in frames, ("bytes", "received" or "sent")."""
        received, sent = self._pc.traffic if self._pc else (0, 0)
        drops = {("dropped", cause): count for cause, count in self._drops().items()}
        return Counter(drops | {("bytes", "received"): received, ("bytes", "sent"): sent})

    def _complain(self, sentence: str) -> None:
        """Tell the page what went wrong; before the channel is open, as soon as it is."""
        if self._channel is None:
            self._untold.append(sentence)
        else:
            self._tell({"type": "error", "message": sentence})

    def _tell(self, message: dict[str, Any]) -> None:
        channel = self._channel
        if channel is None or channel.readyState != "open" or channel.bufferedAmount > MOST_UNSENT:
            return
        channel.send(json.dumps(message, separators=(",", ":")))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.debug("a session's task failed", exc_info=error)
