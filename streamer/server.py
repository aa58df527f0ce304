"""What all handlers share: the worker, the catalogue, the sessions; and how a request finds its handler.

Knows no web framework: aiohttp_app.py carries it. Its addresses are in routes.py.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

from .config import Config
from .http import Conversation, Handler, Refusal, Reply, Request, Route, Socket, find, text
from .pools import Pools
from .session import Session
from .worker import Pipeline, Worker

log = logging.getLogger(__name__)

GOING_AWAY = 1001
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self' {sockets}; "
        "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), screen-wake-lock=(self), fullscreen=(self)",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Entry(Protocol):
    """What a list of garments says of one."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def category(self) -> str: ...


class Catalog(Protocol):
    """Where garments come from. Called in the file pool; an unknown id raises KeyError or UserError."""

    def list(self) -> Sequence[Entry]: ...
    def garment(self, id: str, /) -> Any: ...
    def picture(self, id: str, /) -> bytes: ...
    def thumbnail(self, id: str, /) -> bytes: ...


class Server:
    """``start`` it inside a running event loop; at the end ``close_sockets``, which ends every session, then ``close``."""

    def __init__(self, config: Config, pipeline: Pipeline, catalog: Catalog, certificate: bytes | None = None) -> None:
        """``certificate``: the self-made one, DER, for phones that want it installed; None where there is no such."""
        from .routes import TABLE  # the table imports the handlers, and they this file

        self.config, self.catalog, self.own_certificate = config, catalog, certificate
        self.worker = Worker(pipeline)
        self.pools = Pools()
        self.sessions: dict[Session, Socket] = {}
        self._sockets: set[Socket] = set()
        self._table: list[Route] = TABLE

    async def start(self) -> None:
        """Start the worker."""
        self.worker.start()

    async def close_sockets(self) -> None:
        """End every conversation; their handlers then return."""
        await asyncio.gather(*(socket.close(GOING_AWAY, "the server is stopping") for socket in list(self._sockets)))

    async def close(self) -> None:
        """End the threads. No conversation may be under way."""
        self.worker.stop()
        self.pools.close()

    async def reply(self, request: Request) -> Reply:
        """The answer to a request, whatever happens."""
        try:
            route, request.parts = find(self._table, request.method, request.path)
            reply = await cast(Handler, route.handle)(self, request)
        except Refusal as refusal:
            return self.refused(request, refusal)
        except Exception:  # a fault of ours: logged, and a short 500 without a traceback on the page
            log.exception("%s %s failed", request.method, request.path)
            reply = text("Something went wrong here. The server's log says what.", 500)
        return _with_security(request, reply)

    def refused(self, request: Request, refusal: Refusal) -> Reply:
        """A refusal in words."""
        return _with_security(request, text(refusal.sentence, refusal.status, **refusal.headers))

    def admit(self, request: Request) -> Callable[[Socket], Awaitable[None]]:
        """The conversation to be had over a WebSocket that is asked for. Raises :class:`Refusal` where there is none."""
        if not same_origin(request.headers):
            raise Refusal(403, "Sessions are for this server's own page only.", "origin")
        route, request.parts = find(self._table, request.method, request.path)

        async def talk(socket: Socket) -> None:
            self._sockets.add(socket)
            try:
                await cast(Conversation, route.handle)(self, request, socket)
            finally:
                self._sockets.remove(socket)

        return talk

    async def garments(self) -> list[dict[str, str]]:
        """The list of garments as the pages get it."""
        entries = await self.in_files(self.catalog.list)
        return [{"id": e.id, "name": e.name, "category": e.category, "picture": f"/garments/{e.id}.png"} for e in entries]

    async def in_files(self, call: Callable[..., Any], *args: Any) -> Any:
        """Call what may read or write files, in the thread for it."""
        return await asyncio.get_running_loop().run_in_executor(self.pools.files, call, *args)


def same_origin(headers: Mapping[str, str]) -> bool:
    """Whether a request comes from a page of this server, or from no page at all."""
    origin = headers.get("Origin")
    if origin is None:
        return True
    hosts = {headers.get("Host"), headers.get("X-Forwarded-Host")}
    return urlsplit(origin).netloc in hosts


def _with_security(request: Request, reply: Reply) -> Reply:
    host = request.headers.get("Host", "")
    sockets = f"ws://{host} wss://{host}" if host and all(c.isalnum() or c in ".-:[]_" for c in host) else ""
    for name, value in SECURITY_HEADERS.items():
        reply.headers.setdefault(name, value.replace("{sockets}", sockets))
    return reply
