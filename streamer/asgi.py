"""The server carried by whatever speaks ASGI (Ray Serve does): its scopes and events in, the project's requests and sockets out.

Pings are the carrier's here: a page that is there says something each second, and one that is not loses its video's connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from multidict import CIMultiDict

from .http import Refusal, Reply, Request
from .server import Server

Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]


class Asgi:
    """An ASGI application. Its lifespan makes the server, starts it, and closes it."""

    def __init__(self, make_server: Callable[[], Server]) -> None:
        """``make_server`` is called in a thread: it loads networks."""
        self._make_server = make_server
        self._server: Server

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "http":
                asked = _asked(scope, scope["method"], receive)
                await _answer(send, await self._server.reply(asked), "http.response", head=scope["method"] == "HEAD")
            case "websocket":
                await self._converse(scope, receive, send)
            case "lifespan":
                await self._live(receive, send)

    async def _converse(self, scope: Event, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        asked = _asked(scope, "SOCKET", receive)
        try:
            talk = self._server.admit(asked)
        except Refusal as refusal:
            if "websocket.http.response" in scope.get("extensions", {}):
                await _answer(send, self._server.refused(asked, refusal), "websocket.http.response")
            else:
                await send({"type": "websocket.close"})  # the browser sees 403
            return
        await send({"type": "websocket.accept"})
        socket = _Socket(receive, send, self._server.config.silence_seconds)
        try:
            await talk(socket)
        finally:
            await socket.close()

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()  # lifespan.startup
        try:
            self._server = await asyncio.get_running_loop().run_in_executor(None, self._make_server)
            await self._server.start()
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            raise
        await send({"type": "lifespan.startup.complete"})
        await receive()  # lifespan.shutdown
        await self._server.close_sockets()
        await self._server.close()
        await send({"type": "lifespan.shutdown.complete"})


def _asked(scope: Event, method: str, receive: Receive) -> Request:
    async def read(longest: int) -> bytes:
        body = bytearray()
        while (event := await receive())["type"] == "http.request":
            body += event.get("body", b"")
            if len(body) > longest:
                raise Refusal(413, f"This is longer than the {longest} bytes that are taken here.", "too-long", {"Connection": "close"})
            if not event.get("more_body"):
                return bytes(body)
        raise Refusal(400, "The request ended before its body did.")

    return Request(
        method=method,
        path=scope["path"],
        headers=CIMultiDict((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]),
        query=dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
        remote=(scope.get("client") or ("",))[0],
        secure=scope["scheme"] in ("https", "wss"),
        read=read,
    )


async def _answer(send: Send, reply: Reply, event: str, head: bool = False) -> None:
    lines = [*reply.headers.items(), *(("Set-Cookie", cookie) for cookie in reply.cookies)]
    if reply.status != 304:
        lines += [("Content-Type", reply.type), ("Content-Length", str(len(reply.body)))]
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in lines]
    await send({"type": f"{event}.start", "status": reply.status, "headers": headers})
    await send({"type": f"{event}.body", "body": b"" if head else reply.body})


class _Socket:
    """An ASGI WebSocket that was accepted."""

    def __init__(self, receive: Receive, send: Send, silence_seconds: float) -> None:
        self._receive, self._send, self._silence = receive, send, silence_seconds
        self._open = True

    async def receive(self) -> str | bytes | None:
        if not self._open:
            return None
        event = await asyncio.wait_for(self._receive(), self._silence)
        if event["type"] != "websocket.receive":
            self._open = False
            return None
        return event["bytes"] if event.get("text") is None else event["text"]

    async def send(self, message: Mapping[str, Any]) -> None:
        await self._say({"type": "websocket.send", "text": json.dumps(message)})

    async def close(self, code: int = 1000, why: str = "") -> None:
        await self._say({"type": "websocket.close", "code": code, "reason": why})
        self._open = False

    async def _say(self, event: Event) -> None:
        if self._open:
            with contextlib.suppress(OSError, RuntimeError):  # it is gone: the receiving side notices
                await self._send(event)
