"""The studio's addresses: JSON and pictures for its page."""

from __future__ import annotations

import base64
import dataclasses
import functools
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from engines.contract import CATEGORY_LANDMARKS
from engines.errors import UserError
from streamer.catalog import Record
from streamer.http import Access, Refusal, Reply, Request, Route, to_json
from streamer.pages import kept, page

from . import MOST_BYTES
from .workshop import BusyError, LostError

if TYPE_CHECKING:
    from streamer.server import Server

SAVE_BYTES = 8 * 2**20
"""Of a change: the outline of a picture of 1,600 px and what is said of the garment."""
CHANGEABLE = {"name": str, "category": str, "landmarks": dict, "price": str, "link": str, "published": bool}

Handler = Callable[["Server", Request], Awaitable[Reply]]


def in_words(handle: Handler) -> Handler:
    """Errors of the user's as 422, others as what they are; always with a sentence."""

    @functools.wraps(handle)
    async def handled(server: Server, request: Request) -> Reply:
        try:
            return await handle(server, request)
        except UserError as error:
            raise Refusal(422, _sentence(error), "user") from error
        except BusyError:
            sentence = "Many photos are being read at the moment. Try again in a few seconds."
            raise Refusal(503, sentence, "busy", {"Retry-After": "3"}) from None
        except LostError as error:
            raise Refusal(422, "This picture made its reader stop. Try another photo of the garment.", "lost") from error

    return handled


@in_words
async def listing(server: Server, request: Request) -> Reply:
    """Every garment and draft."""
    categories = {name: list(landmarks) for name, landmarks in CATEGORY_LANDMARKS.items()}
    return to_json({"garments": [_summary(each) for each in await server.studio.records()], "categories": categories})


@in_words
async def upload(server: Server, request: Request) -> Reply:
    """A photo becomes a draft: the body is the file, ``?name=`` what it is called."""
    try:
        photo = await request.read(MOST_BYTES)
    except Refusal as refusal:
        if refusal.status != 413:
            raise
        raise Refusal(413, f"The photo is larger than {MOST_BYTES // 2**20} MB. Save it smaller, or as JPEG.", "too-long") from None
    if not photo:
        raise Refusal(422, "The file is empty. Choose it again, or take another photo.", "user")
    return to_json(_details(await server.studio.add(photo, request.query.get("name", "")[:120])), 201)


@in_words
async def details(server: Server, request: Request) -> Reply:
    """One garment or draft."""
    return to_json(_details(await server.studio.record(request.parts["id"])))


@in_words
async def save(server: Server, request: Request) -> Reply:
    """Change one: an object of the fields to change; ``mask`` is a PNG in base64 whose alpha is the new outline."""
    wanted = await request.json(SAVE_BYTES)
    if not isinstance(wanted, dict):
        raise Refusal(422, "A change is an object of what is to be changed.", "user")
    mask = _decode(wanted.pop("mask", None))
    for name, value in wanted.items():
        if not isinstance(value, CHANGEABLE.get(name, ())):
            raise Refusal(422, f"{name[:40]!r} cannot be changed to this.", "user")
    return to_json(_details(await server.studio.save(request.parts["id"], wanted, mask)))


@in_words
async def place(server: Server, request: Request) -> Reply:
    """Where the landmarks of ``?category=`` would be."""
    return to_json({"landmarks": await server.studio.place(request.parts["id"], request.query.get("category", ""))})


@in_words
async def delete(server: Server, request: Request) -> Reply:
    """Remove one."""
    await server.studio.delete(request.parts["id"])
    return to_json({})


@in_words
async def warm_up(server: Server, request: Request) -> Reply:
    """The page was opened: photos are likely to come."""
    await server.studio.warm_up()
    return to_json({})


def _file(read: str, kind: str) -> Handler:
    @in_words
    async def show(server: Server, request: Request) -> Reply:
        found = await server.in_files(getattr(server.catalog, read), request.parts["id"], *([] if read == "photo" else [True]))
        if found is None:
            raise Refusal(404, "The photo of this garment was not kept.", "not-found")
        return kept(request, found, kind)

    return show


def routes() -> list[Route]:
    """All of it is the staff's."""
    one = "/studio/garments/{id}"
    table: list[tuple[str, str, Handler]] = [
        ("GET", "/studio", page("studio.html")),
        ("POST", "/studio/warm-up", warm_up),
        ("GET", "/studio/garments", listing),
        ("POST", "/studio/garments", upload),
        ("GET", one, details),
        ("PUT", one, save),
        ("DELETE", one, delete),
        ("GET", f"{one}/landmarks", place),
        ("GET", f"{one}/picture.png", _file("picture", "image/png")),
        ("GET", f"{one}/thumb.png", _file("thumbnail", "image/png")),
        ("GET", f"{one}/photo.jpg", _file("photo", "image/jpeg")),
    ]
    return [Route(method, path, Access.STAFF, handle) for method, path, handle in table]


def _summary(record: Record) -> dict[str, Any]:
    about = dataclasses.asdict(record)
    return {name: about[name] for name in ("id", "name", "category", "published", "price", "source", "version", "tags", "changed")}


def _details(record: Record) -> dict[str, Any]:
    return dataclasses.asdict(record)


def _decode(mask: Any) -> bytes | None:
    if mask is None:
        return None
    try:
        return base64.b64decode(mask, validate=True)
    except (TypeError, ValueError):
        raise Refusal(422, "The outline is no PNG in base64.", "user") from None


def _sentence(error: UserError) -> str:
    text = str(error)
    return text[:1].upper() + text[1:]
