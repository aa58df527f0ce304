"""What is fetched: pages, their files, the garments."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Callable
from pathlib import Path

from engines.errors import UserError

from .http import Handler, Refusal, Reply, Request, to_json
from .server import Server

TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}  # whatever the machine's table says
ASK_EACH_TIME = "no-cache"  # kept by its ETag, asked about each time: a garment or a file may be changed


def page(name: str) -> Handler:
    """The handler of a page, a file of the web folder."""

    async def show(server: Server, request: Request) -> Reply:
        return Reply(
            await server.in_files((server.config.web / name).read_bytes), "text/html; charset=utf-8", headers={"Cache-Control": "no-store"}
        )

    return show


async def static(server: Server, request: Request) -> Reply:
    """A file of the web folder."""
    body, kind = await server.in_files(_read_static, server.config.web.resolve(), request.parts["file"])
    return kept(request, body, kind)


def _read_static(web: Path, name: str) -> tuple[bytes, str]:
    try:
        path = (web / name).resolve()
        if path.is_relative_to(web) and path.is_file():
            kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            return path.read_bytes(), f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
    except (OSError, ValueError):  # a name too long, a zero byte in it
        pass
    raise Refusal(404, "There is no such file here.", "not-found")


async def certificate(server: Server, request: Request) -> Reply:
    """The self-made certificate, for phones that want it installed."""
    if server.own_certificate is None:
        raise Refusal(404, "This server has no certificate of its own making.", "not-found")
    return Reply(server.own_certificate, "application/x-x509-ca-cert")


async def healthz(server: Server, request: Request) -> Reply:
    """The process is alive."""
    return to_json({"sessions": len(server.sessions)})


async def readyz(server: Server, request: Request) -> Reply:
    """The server can do its work: 200, or 503 with the names of what is in the way; the log has the sentences."""
    problems = sorted(await server.in_files(server.health.look))
    return to_json({"ready": not problems, "problems": problems}, 503 if problems else 200)


async def garments(server: Server, request: Request) -> Reply:
    """The list of garments."""
    return to_json(await server.garments(), cache=ASK_EACH_TIME)


async def picture(server: Server, request: Request) -> Reply:
    """A garment's picture."""
    return await _png(server, request, server.catalog.picture)


async def thumbnail(server: Server, request: Request) -> Reply:
    """A garment's picture, small."""
    return await _png(server, request, server.catalog.thumbnail)


async def _png(server: Server, request: Request, read: Callable[[str], bytes]) -> Reply:
    try:
        png = await server.in_files(read, request.parts["id"])
    except (KeyError, UserError):
        raise Refusal(404, "There is no such garment here.", "not-found") from None
    return kept(request, png, "image/png")


def kept(request: Request, body: bytes, kind: str) -> Reply:
    """A body the browser may keep: not sent again while its ETag is what the browser has."""
    tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": ASK_EACH_TIME}
    known = {each.strip().removeprefix("W/") for each in request.headers.get("If-None-Match", "").split(",")}
    if known & {tag, "*"}:
        return Reply(status=304, headers=headers)
    return Reply(body, kind, headers=headers)
