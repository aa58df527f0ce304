"""The HTTP side: the page, the garments, and signalling over one WebSocket a session that stays open as long as it does."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

from aiohttp import WSCloseCode, WSMsgType, web

from engines.errors import UserError

from .config import Config
from .messages import BadMessageError
from .pools import Pools
from .session import Session
from .worker import Pipeline, Worker

log = logging.getLogger(__name__)

PROTOCOL_VERSION = 1
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
    """``start`` it inside a running event loop, ``close`` it there too: that ends every session."""

    def __init__(self, config: Config, pipeline: Pipeline, catalog: Catalog, certificate: bytes | None = None) -> None:
        """``certificate``: the self-made one, DER, for phones that want it installed; None where there is no such."""
        self.config = config
        self.worker = Worker(pipeline)
        self.pools = Pools()
        self.sessions: dict[Session, web.WebSocketResponse] = {}
        self._catalog = catalog
        self._own_certificate = certificate

    def app(self) -> web.Application:
        """The routes. Runs the worker from start-up to clean-up."""
        app = web.Application(client_max_size=1024 * 1024, middlewares=[_errors_as_text])
        app.on_response_prepare.append(_add_headers)
        app.on_startup.append(self._start)
        app.on_shutdown.append(self._shutdown)
        app.on_cleanup.append(self._cleanup)
        app.add_routes(
            [
                web.get("/", self._page),
                web.get("/healthz", self._healthz),
                web.get("/garments.json", self._garments),
                web.get("/garments/{id}.thumb.png", self._thumbnail),
                web.get("/garments/{id}.png", self._picture),
                web.get("/session", self._session),
                web.get("/certificate.crt", self._certificate),
                web.static("/static", self.config.web),
            ]
        )
        return app

    async def _start(self, app: web.Application) -> None:
        self.worker.start()

    async def _shutdown(self, app: web.Application) -> None:
        """End every session; their handlers then return."""
        sockets = list(self.sessions.values())
        await asyncio.gather(*(ws.close(code=WSCloseCode.GOING_AWAY, message=b"the server is stopping") for ws in sockets))

    async def _cleanup(self, app: web.Application) -> None:
        self.worker.stop()
        self.pools.close()

    async def _page(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(self.config.web / "index.html", headers={"Cache-Control": "no-store"})

    async def _healthz(self, request: web.Request) -> web.Response:
        return web.json_response({"sessions": len(self.sessions)}, headers={"Cache-Control": "no-store"})

    async def _certificate(self, request: web.Request) -> web.Response:
        if self._own_certificate is None:
            raise web.HTTPNotFound(text="This server has no certificate of its own making.\n")
        return web.Response(body=self._own_certificate, content_type="application/x-x509-ca-cert")

    async def _garments(self, request: web.Request) -> web.Response:
        return web.json_response(await self._list(), headers={"Cache-Control": "no-cache"})

    async def _picture(self, request: web.Request) -> web.Response:
        return await self._png(request, self._catalog.picture)

    async def _thumbnail(self, request: web.Request) -> web.Response:
        return await self._png(request, self._catalog.thumbnail)

    async def _png(self, request: web.Request, read: Callable[[str], bytes]) -> web.Response:
        try:
            png = await self._in_files(read, request.match_info["id"])
        except (KeyError, UserError):
            raise web.HTTPNotFound(text="There is no such garment here.\n") from None
        tag = hashlib.blake2b(png, digest_size=12).hexdigest()
        headers = {"ETag": f'"{tag}"', "Cache-Control": "no-cache"}  # kept, but asked about: a garment may be changed
        if any(known.value in (tag, "*") for known in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        return web.Response(body=png, content_type="image/png", headers=headers)

    async def _list(self) -> list[dict[str, str]]:
        entries = await self._in_files(self._catalog.list)
        return [{"id": e.id, "name": e.name, "category": e.category, "picture": f"/garments/{e.id}.png"} for e in entries]

    async def _in_files(self, call: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self.pools.files, call, *args)

    async def _session(self, request: web.Request) -> web.WebSocketResponse:
        if not same_origin(request.headers):
            raise web.HTTPForbidden(text="Sessions are for this server's own page only.\n")
        ws = web.WebSocketResponse(timeout=1, autoping=False, max_msg_size=16 * self.config.message_bytes)
        await ws.prepare(request)
        if len(self.sessions) >= self.config.max_sessions:
            await _refuse(ws, "full", "All fitting rooms are taken at the moment. Please try again in a little while.")
            return ws

        async def send(message: dict[str, Any]) -> None:
            with contextlib.suppress(ConnectionError):  # it is gone: the receiving side notices and ends the session
                await ws.send_json(message)

        def lost(why: str) -> None:
            log.info("session ended: %s", why)
            conversation.cancel()

        session = Session(self.config, self.worker, self._catalog, self.pools, send, lost)
        self.sessions[session] = ws
        conversation = asyncio.ensure_future(self._converse(ws, session, send))
        try:
            await asyncio.wait({conversation})
        finally:
            conversation.cancel()
            await asyncio.gather(conversation, return_exceptions=True)
            await session.close()
            del self.sessions[session]
            await _close(ws)
        return ws

    async def _converse(self, ws: web.WebSocketResponse, session: Session, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        """Until goodbye, silence, or a message that makes no sense."""
        await send(
            {
                "type": "hello",
                "version": PROTOCOL_VERSION,
                "garments": await self._list(),
                "iceServers": [server.to_json() for server in self.config.ice_servers],
            }
        )
        pinging = asyncio.ensure_future(_ping(ws, self.config.ping_seconds))
        try:
            while True:
                message = await ws.receive(timeout=self.config.silence_seconds)
                if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    if not await session.handle(message.data):
                        return
                elif message.type is WSMsgType.PING:
                    await ws.pong(message.data)
                elif message.type is not WSMsgType.PONG:
                    return  # closed, or broken
        except BadMessageError as error:
            await _refuse(ws, error.reason, str(error))
        except TimeoutError:
            log.info("session ended: nothing heard for %.0f s", self.config.silence_seconds)
        except ConnectionError:
            pass
        finally:
            pinging.cancel()


async def _ping(ws: web.WebSocketResponse, seconds: float) -> None:
    """Browsers answer these without the page's help, so a page whose timers are slowed down is still heard."""
    with contextlib.suppress(ConnectionError):
        while not ws.closed:
            await asyncio.sleep(seconds)
            await ws.ping()


async def _refuse(ws: web.WebSocketResponse, reason: str, sentence: str) -> None:
    with contextlib.suppress(ConnectionError):
        await ws.send_json({"type": "refused", "reason": reason, "message": sentence})
    await _close(ws)


async def _close(ws: web.WebSocketResponse) -> None:
    """Close without waiting long for a peer that may be gone."""
    with contextlib.suppress(TimeoutError, ConnectionError):
        await asyncio.wait_for(ws.close(), 1)


def same_origin(headers: Mapping[str, str]) -> bool:
    """Whether a request comes from a page of this server, or from no page at all."""
    origin = headers.get("Origin")
    if origin is None:
        return True
    hosts = {headers.get("Host"), headers.get("X-Forwarded-Host")}
    return urlsplit(origin).netloc in hosts


async def _add_headers(request: web.BaseRequest, response: web.StreamResponse) -> None:
    host = request.host if all(c.isalnum() or c in ".-:[]_" for c in request.host) else ""
    sockets = f"ws://{host} wss://{host}" if host else ""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value.replace("{sockets}", sockets))
    if request.path.startswith("/static/"):
        response.headers.setdefault("Cache-Control", "no-cache")  # kept by its ETag, asked about each time


@web.middleware
async def _errors_as_text(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
    """A fault of ours is logged and becomes a short 500, without a traceback on the page."""
    try:
        return await handler(request)
    except (web.HTTPException, asyncio.CancelledError, ConnectionError):
        raise
    except Exception:
        log.exception("%s %s failed", request.method, request.path)
        return web.Response(status=500, text="Something went wrong here. The server's log says what.\n")
