"""What all handlers share: the worker, the catalogue, the sessions; and how a request finds its handler.

Knows no web framework: aiohttp_app.py carries it. Its addresses are in routes.py.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import quote, urlsplit

from .config import Config
from .door import Door
from .health import Health
from .http import Conversation, Handler, Refusal, Reply, Request, Route, Socket, find, text
from .keeping import FOLDER as KEPT
from .limits import Rates, Reachable
from .metrics import Metrics
from .news import News
from .numbers import FILE, REFUSED, Numbers
from .places import Places
from .pools import Pools
from .session import Session
from .studio import Studio
from .turn import Pipeline
from .worker import Worker

if TYPE_CHECKING:
    from .screens import Screen
    from .signalling import Visit

log = logging.getLogger(__name__)

GOING_AWAY, FAULT = 1001, 1011  # why a WebSocket is closed
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self' {sockets}; "
        "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Permissions-Policy": (
        "camera=(self), screen-wake-lock=(self), fullscreen=(self), microphone=(), geolocation=(), display-capture=(), "
        "payment=(), usb=(), serial=(), midi=(), accelerometer=(), gyroscope=(), magnetometer=()"
    ),
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
    @property
    def version(self) -> str: ...
    @property
    def price(self) -> str: ...
    @property
    def link(self) -> str: ...


class Catalog(Protocol):
    """Where garments come from. Called in the file pool; an unknown id raises KeyError or UserError."""

    def list(self) -> Sequence[Entry]: ...
    def garment(self, id: str, /) -> Any: ...
    def picture(self, id: str, /) -> bytes: ...
    def thumbnail(self, id: str, /) -> bytes: ...
    def revision(self) -> int: ...
    def close(self) -> None: ...


class Server:
    """``start`` it inside a running event loop; at the end ``close_sockets``, which ends every session, then ``close``."""

    def __init__(
        self,
        config: Config,
        pipeline: Pipeline,
        catalog: Catalog,
        certificate: bytes | None = None,
        door: Door | None = None,
        home: Path | None = None,
    ) -> None:
        """``certificate``: the self-made one, DER, for phones that want it installed; None where there is no such.

        ``door``: the one with the kept key and password; None: one for this run. ``home``: the state folder, where the day's
        numbers are kept; None: in memory.
        """
        from .routes import TABLE  # the table imports the handlers, and they this file

        self.config, self.catalog, self.own_certificate = config, catalog, certificate
        self.door = door or Door(config)
        self.worker = Worker(pipeline)
        self.pools = Pools()
        self.metrics = Metrics(self)
        self.numbers = Numbers(home / FILE if home else None, url=config.catalog if home else None)
        self.health = Health(self, home)
        self.health.on_clock_set.append(self._renew_codes)
        self.kept = home / KEPT if home and config.keep_crops else None
        self.studio = Studio(cast(Any, catalog), self.in_files)
        self.news = News(self)
        self.sessions: dict[Session, Socket] = {}
        self.visits: set[Visit] = set()
        self.screens: dict[str, tuple[Screen, Socket]] = {}
        self.places = Places(config.max_sessions, config.max_waiting)
        self._sockets: set[Socket] = set()
        self.checking_passwords = 0
        self.on_code_used: list[Callable[[str, str], object]] = []  # called with the phone and the screen that showed the code, or ""
        self._requests = Rates(config.requests_per_second, 4 * config.requests_per_second)
        self._table: list[Route] = TABLE

    async def start(self) -> None:
        """Start the worker, and watch for changes of the garments."""
        self.worker.start()
        self.news.start()
        self._looking = asyncio.ensure_future(self.health.run())

    async def close_sockets(self) -> None:
        """End every conversation; their handlers then return."""
        await asyncio.gather(*(socket.close(GOING_AWAY, "the server is stopping") for socket in list(self._sockets)))

    async def close(self) -> None:
        """End the threads and the studio's process, and close the catalogue. No conversation may be under way."""
        self._looking.cancel()
        await asyncio.gather(self._looking, return_exceptions=True)
        await self.news.close()
        await self.studio.close()
        self.worker.stop()
        self.pools.close()
        self.numbers.close()
        self.catalog.close()

    async def reply(self, request: Request) -> Reply:
        """The answer to a request, whatever happens."""
        try:
            route = self._route(request)
            self.door.check(route.access, request)
            reply = await cast(Handler, route.handle)(self, request)
        except Refusal as refusal:
            return self.refused(request, refusal)
        except Exception:  # a fault of ours: logged, and a short 500 without a traceback on the page
            log.exception("%s %s failed", request.method, request.path)
            reply = text("Something went wrong here. The server's log says what.", 500)
        return self._with_security(request, reply)

    def refused(self, request: Request, refusal: Refusal) -> Reply:
        """A refusal in words; who can sign in is led to where."""
        if refusal.reason == "staff" and "text/html" in request.headers.get("Accept", ""):
            reply = Reply(status=303, headers={"Location": f"/signin?next={quote(request.path)}", "Cache-Control": "no-store"})
        else:
            reply = text(refusal.sentence, refusal.status, **refusal.headers)
        return self._with_security(request, reply)

    def admit(self, request: Request) -> Callable[[Socket], Awaitable[None]]:
        """The conversation to be had over a WebSocket that is asked for. Raises :class:`Refusal` where there is none.

        A page cannot read why a WebSocket was not opened, so who may not come in is told over it.
        """
        route = self._route(request)

        async def talk(socket: Socket) -> None:
            self._sockets.add(socket)
            try:
                self.door.check(route.access, request)
                await cast(Conversation, route.handle)(self, request, socket)
            except Refusal as refusal:
                self.numbers.count(REFUSED, refusal.reason)
                await socket.send({"type": "refused", "reason": refusal.reason, "message": refusal.sentence})
                await socket.close()
            except Exception:  # a fault of ours ends this conversation, and no other
                log.exception("a conversation at %s failed", request.path)
                await socket.close(FAULT)
            finally:
                self._sockets.remove(socket)

        return talk

    def _route(self, request: Request) -> Route:
        if not self.door.is_here(request) and not self._requests.spend(self.door.caller(request)):
            raise Refusal(429, "Too many requests come from your address. Wait a few seconds.", "too-fast", {"Retry-After": "5"})
        if request.method not in ("GET", "HEAD") and not same_origin(request):
            raise Refusal(403, "This is for this server's own pages only.", "origin")
        route, request.parts = find(self._table, request.method, request.path)
        return route

    def reachable(self, request: Request) -> Reachable:
        """Which candidates of this phone are tried."""
        return Reachable(self.door.caller(request).split("/")[0], self.door.is_here(request))

    async def code_used(self, phone: str, screen: str) -> None:
        """A phone has joined with the code of this screen, or of the terminal ("")."""
        if screen in self.screens:
            await self.screens[screen][0].join(phone)
        for tell in self.on_code_used:
            tell(phone, screen)

    def _renew_codes(self) -> None:
        for screen, _ in self.screens.values():
            screen.renew_code()

    async def garments(self) -> list[dict[str, str]]:
        """The list of garments as the pages get it."""
        entries = await self.in_files(self.catalog.list)
        return [
            {"id": e.id, "name": e.name, "category": e.category, "price": e.price, "link": e.link}
            | {"picture": f"/garments/{e.id}.png?v={e.version}", "thumbnail": f"/garments/{e.id}.thumb.png?v={e.version}"}
            for e in entries
        ]

    def _with_security(self, request: Request, reply: Reply) -> Reply:
        host = request.headers.get("Host", "")
        sockets = f"ws://{host} wss://{host}" if host and all(c.isalnum() or c in ".-:[]_" for c in host) else ""
        for name, value in SECURITY_HEADERS.items():
            reply.headers.setdefault(name, value.replace("{sockets}", sockets))
        if self.config.cert is not None:  # not with a self-made one: the browser's warning must stay passable
            reply.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        return reply

    async def in_files(self, call: Callable[..., Any], *args: Any) -> Any:
        """Call what may read or write files, in the thread for it."""
        return await asyncio.get_running_loop().run_in_executor(self.pools.files, call, *args)


def same_origin(request: Request) -> bool:
    """Whether a request comes from a page of this server, or from no page at all."""
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    try:
        from_page = urlsplit(origin)
    except ValueError:
        return False
    hosts = {request.headers.get("Host"), request.headers.get("X-Forwarded-Host")}
    return from_page.netloc != "" and from_page.netloc in hosts and (from_page.scheme == "https" or not request.secure)
