"""A shopper's WebSocket, from hello to goodbye: it waits for a place where there is none, and stays open as long as the session does."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from . import network
from .http import Refusal, Request, Socket
from .keeping import MOST
from .limits import Rate, Reachable
from .messages import BadMessageError, Bye, Ping, parse_signal
from .numbers import SESSIONS, WAITED
from .places import Ticket
from .screens import OWN
from .server import Server
from .session import Session

log = logging.getLogger(__name__)

PROTOCOL_VERSION = 1


async def session(server: Server, request: Request, socket: Socket) -> None:
    """Seat the shopper, or say why not; return when the session has ended."""
    phone = server.door.phone(request)
    name = phone[0] if phone else ""
    if request.query.get("as") == "screen" and (screen := server.door.screen(request)):
        name = f"{OWN}{screen}"
    visit = Visit(server, socket, name, server.door.caller(request), server.reachable(request))
    await visit.run()


class Visit:
    """One phone that is here: it waits, then it has a session. A phone has one visit; a new one takes the place of the old."""

    def __init__(self, server: Server, socket: Socket, phone: str, caller: str, reachable: Reachable) -> None:
        """``phone``: its name from the door, "" at this machine's own browser; ``caller``: whose visits are counted together."""
        self.phone, self.caller = phone, caller
        self.session: Session | None = None
        self._server, self._socket, self._reachable = server, socket, reachable
        self._ticket: Ticket | None = None
        self._waiting_rate = Rate(server.config.messages_per_second, 5 * server.config.messages_per_second)
        self._turn = asyncio.Event()  # set when it is this visit's turn, or its place in the queue changed
        self._refused: Refusal | None = None
        self._conversation: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Until the end, however it comes. Raises :class:`Refusal` where the phone is to be told why."""
        self._enter()
        try:
            if self._ticket is None or self._ticket.place == 0:
                await self._be_seated()
            self._conversation = asyncio.ensure_future(self._converse())
            seating = asyncio.ensure_future(self._be_seated() if self.session is None else asyncio.sleep(0))
            seating.add_done_callback(lambda done: None if done.cancelled() or done.exception() is None else self.end())
            try:
                await asyncio.wait({self._conversation})
            finally:
                for task in (self._conversation, seating):
                    task.cancel()
                ended = await asyncio.gather(self._conversation, seating, return_exceptions=True)
        finally:
            await self._leave()
        if self._refused is not None:
            raise self._refused
        for error in ended:
            if isinstance(error, Exception):
                raise error

    def end(self, refusal: Refusal | None = None) -> None:
        """End it from outside; with a refusal, the phone is told why."""
        self._refused = self._refused or refusal
        if self._conversation is not None:
            self._conversation.cancel()

    def _enter(self) -> None:
        visits = self._server.visits
        before = next((visit for visit in visits if self.phone and visit.phone == self.phone), None)
        if before is not None:  # the phone has come back before its old connection was given up: it keeps its place
            self._ticket, before._ticket = before._ticket, None
            before.end(Refusal(403, "The mirror goes on in another window of this phone.", "elsewhere"))
            if self._ticket is not None:
                self._ticket.moved = self._moved
        elif sum(visit.caller == self.caller for visit in visits) >= self._server.config.sessions_per_address:
            raise Refusal(429, "Too many phones of your network are here already. Try again in a little while.", "full")
        self._ticket = self._ticket or self._server.places.ask(self._moved)
        if self._ticket is None:
            raise Refusal(503, "All fitting rooms are taken, and many wait. Please try again in a little while.", "full")
        visits.add(self)
        self._turn.set()

    def _moved(self, place: int) -> None:
        self._turn.set()

    async def _be_seated(self) -> None:
        """Tell the phone its place in the queue until it has one in the room; then say hello."""
        waited = False
        while True:
            await self._turn.wait()
            self._turn.clear()
            ticket = self._ticket
            if ticket is None or ticket.place == 0:
                break
            await self._socket.send({"type": "waiting", "place": ticket.place})
            waited = True
        self._server.numbers.count(WAITED, amount=waited)
        self._server.numbers.count(SESSIONS)
        garments = await self._server.garments()
        self.session = self._make_session()
        self._server.sessions[self.session] = self._socket
        self._server.metrics.started(self.session)
        servers = [each.to_json() for each in network.for_page(self._server.config)]
        keep = MOST if self._server.kept else 0  # pictures that the shopper may be asked to leave here
        await self._socket.send({"type": "hello", "version": PROTOCOL_VERSION, "garments": garments, "iceServers": servers, "keep": keep})

    def _make_session(self) -> Session:
        server = self._server

        async def send(message: dict[str, Any]) -> None:
            await self._socket.send(message)

        def lost(why: str) -> None:
            log.info("session ended: %s", why)
            self.end()

        def refuse(error: BadMessageError) -> None:
            self.end(Refusal(400, str(error), error.reason))

        return Session(
            server.config,
            server.worker,
            server.catalog,
            server.pools,
            send,
            lost,
            refuse,
            self._reachable,
            server.studio.look,
            server.kept,
            server.numbers,
        )

    async def _converse(self) -> None:
        """Until goodbye, silence, or a message that makes no sense."""
        try:
            while (message := await self._socket.receive()) is not None:
                if not await (self.session.handle(message) if self.session else self._wait_on(message)):
                    break
        except BadMessageError as error:
            self._refused = Refusal(400, str(error), error.reason)
        except TimeoutError:
            log.info("session ended: nothing heard for %.0f s", self._server.config.silence_seconds)

    async def _wait_on(self, message: Any) -> bool:
        """A message of a phone that waits: it is there, or it leaves."""
        if not self._waiting_rate.spend():
            raise BadMessageError("Messages came faster than they are taken here.", "too-fast")
        match parse_signal(message, self._server.config.message_bytes):
            case Ping(t):
                await self._socket.send({"type": "pong", "t": t})
                return True
            case Bye():
                return False
        raise BadMessageError("An offer comes after the hello.")

    async def _leave(self) -> None:
        self._server.visits.discard(self)
        if self.session is not None:
            self._server.metrics.ended(self.session.counts())
            await self.session.close()
            del self._server.sessions[self.session]
        if self._ticket is not None:
            self._ticket.give_back()
