"""Requests, replies and sockets as this project needs them, whatever web framework carries them.

Handlers are written against these alone; aiohttp_app.py carries them by itself, ASGI does in a cluster.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .server import Server

JSON_BYTES = 64 * 1024
"""Longest JSON body taken where a route says nothing else."""


class Access(Enum):
    """Who may call a route."""

    PUBLIC = "anybody"
    SHOPPER = "a phone that joined with the code"
    SCREEN = "a screen that staff have set up"
    STAFF = "who signed in with the staff password"
    METRICS = "Prometheus with its secret, this machine, staff"


class Refusal(Exception):
    """A request that is answered with an error. The sentence is for people."""

    def __init__(self, status: int, sentence: str, reason: str = "refused", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.status, self.sentence, self.reason, self.headers = status, sentence, reason, dict(headers or {})


@dataclass(eq=False)
class Request:
    """One HTTP request, or the one a WebSocket starts with."""

    method: str
    path: str  # decoded
    headers: Mapping[str, str]  # case-insensitive
    query: Mapping[str, str]
    remote: str  # address of the peer
    secure: bool  # it came over TLS
    read: Callable[[int], Awaitable[bytes]]  # the body; Refusal 413 where it is longer than so many bytes
    parts: Mapping[str, str] = field(default_factory=dict)  # what the {names} of the route's path stand for

    async def json(self, longest: int = JSON_BYTES) -> Any:
        """The body as JSON. Raises :class:`Refusal` where it is none."""
        body = await self.read(longest)
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise Refusal(400, "The body of this request is JSON.") from None


@dataclass(eq=False)
class Reply:
    """What is answered."""

    body: bytes = b""
    type: str = "text/plain; charset=utf-8"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cookies: list[str] = field(default_factory=list)  # whole Set-Cookie values


def text(sentence: str, status: int = 200, **headers: str) -> Reply:
    """A sentence for people."""
    return Reply(f"{sentence}\n".encode(), status=status, headers=headers)


def to_json(value: Any, status: int = 200, cache: str = "no-store") -> Reply:
    """A value as JSON."""
    body = json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
    return Reply(body, "application/json", status, {"Cache-Control": cache})


class Socket(Protocol):
    """A WebSocket. Pings, and noticing that nobody answers them, are the carrier's."""

    async def receive(self) -> str | bytes | None:
        """The next message; None once it is closed. Raises TimeoutError where nothing, not even a pong, was heard for too long."""
        ...

    async def send(self, message: Mapping[str, Any], /) -> None:
        """Send JSON; nothing happens where the peer is gone."""
        ...

    async def close(self, code: int = 1000, why: str = "") -> None:
        """Close without waiting long for a peer that may be gone. May be called twice."""
        ...


Handler = Callable[["Server", Request], Awaitable[Reply]]
Conversation = Callable[["Server", Request, Socket], Awaitable[None]]


@dataclass(frozen=True, eq=False)
class Route:
    """A line of the table in routes.py. In ``path``, {name} stands for anything but a slash, {name:path} for anything."""

    method: str  # GET answers HEAD, too; SOCKET is a WebSocket
    path: str
    access: Access
    handle: Handler | Conversation
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        pieces = re.split(r"(\{\w+(?::path)?\})", self.path)
        named = (
            (f"(?P<{p[1:-1].split(':')[0]}>{'.+' if ':path' in p else '[^/]+'})" if p.startswith("{") else re.escape(p)) for p in pieces
        )
        object.__setattr__(self, "pattern", re.compile("".join(named)))


def find(table: list[Route], method: str, path: str) -> tuple[Route, dict[str, str]]:
    """The first route for this, with the parts of its path. Raises :class:`Refusal` where there is none."""
    others = []
    for route in table:
        if (match := route.pattern.fullmatch(path)) is None:
            continue
        if route.method == ("GET" if method == "HEAD" else method):
            return route, match.groupdict()
        others.append(route.method)
    if not others:
        raise Refusal(404, "There is nothing here by this name.", "not-found")
    if others == ["SOCKET"]:
        raise Refusal(426, "This address speaks WebSocket only.", "socket", {"Upgrade": "websocket"})
    raise Refusal(405, "This address does not do that.", "method", {"Allow": ", ".join(m for m in others if m != "SOCKET")})
