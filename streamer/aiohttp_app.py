"""The server carried by aiohttp alone: its requests and WebSockets in, the project's own out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

from aiohttp import WSMsgType, web

from .http import Refusal, Reply, Request
from .server import Server


def make_app(server: Server) -> web.Application:
    """An application that starts the server, answers for it, and closes it."""

    async def handle(request: web.Request) -> web.StreamResponse:
        asked = _asked(request)
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return _response(await server.reply(asked))
        try:
            talk = server.admit(asked)
        except Refusal as refusal:
            return _response(server.refused(asked, refusal))
        ws = web.WebSocketResponse(timeout=1, autoping=False, max_msg_size=16 * server.config.message_bytes)
        await ws.prepare(request)
        async with _Socket(ws, server.config.ping_seconds, server.config.silence_seconds) as socket:
            await talk(socket)
        return ws

    async def start(app: web.Application) -> None:
        await server.start()

    async def shutdown(app: web.Application) -> None:
        await server.close_sockets()

    async def cleanup(app: web.Application) -> None:
        await server.close()

    app = web.Application()
    app.on_startup.append(start)
    app.on_shutdown.append(shutdown)
    app.on_cleanup.append(cleanup)
    app.router.add_route("*", "/{path:.*}", handle)
    return app


def _asked(request: web.Request) -> Request:
    async def read(longest: int) -> bytes:
        body = bytearray()
        async for piece in request.content.iter_any():
            body += piece
            if len(body) > longest:
                raise Refusal(413, f"This is longer than the {longest} bytes that are taken here.", "too-long", {"Connection": "close"})
        return bytes(body)

    peer = request.transport.get_extra_info("peername") if request.transport else None
    return Request(
        method="SOCKET" if request.headers.get("Upgrade", "").lower() == "websocket" else request.method,
        path=request.path,
        headers=request.headers,
        query=request.query,
        remote=str(peer[0]) if peer else "",
        secure=request.secure,
        read=read,
    )


def _response(reply: Reply) -> web.Response:
    headers = [*reply.headers.items(), *(("Set-Cookie", cookie) for cookie in reply.cookies)]
    response = web.Response(body=reply.body, status=reply.status)
    if reply.status != 304:
        response.headers["Content-Type"] = reply.type
    for name, value in headers:
        response.headers.add(name, value)
    return response


class _Socket:
    """An aiohttp WebSocket with pings. Browsers answer them without the page's help: a page whose timers are slowed down is still heard."""

    def __init__(self, ws: web.WebSocketResponse, ping_seconds: float, silence_seconds: float) -> None:
        self._ws, self._every, self._silence = ws, ping_seconds, silence_seconds

    async def __aenter__(self) -> _Socket:
        self._pinging = asyncio.ensure_future(self._ping())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._pinging.cancel()
        await self.close()

    async def receive(self) -> str | bytes | None:
        while True:
            try:
                message = await self._ws.receive(timeout=self._silence)
            except ConnectionError:
                return None
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                return message.data
            if message.type is WSMsgType.PING:
                with contextlib.suppress(ConnectionError):
                    await self._ws.pong(message.data)
            elif message.type is not WSMsgType.PONG:
                return None

    async def send(self, message: Mapping[str, Any]) -> None:
        with contextlib.suppress(ConnectionError):  # it is gone: the receiving side notices
            await self._ws.send_json(message)

    async def close(self, code: int = 1000, why: str = "") -> None:
        with contextlib.suppress(TimeoutError, ConnectionError):
            await asyncio.wait_for(self._ws.close(code=code, message=why.encode()), 1)

    async def _ping(self) -> None:
        with contextlib.suppress(ConnectionError):
            while not self._ws.closed:
                await asyncio.sleep(self._every)
                await self._ws.ping()
