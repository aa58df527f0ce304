"""The staff's side: photos become garments in the catalogue, and every shopper's row follows. Also what shoppers ask about pictures.

Everything that looks at a picture happens in the workshop's process, everything that touches the catalogue in the file pool.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np

from engines.contract import CATEGORY_LANDMARKS
from engines.errors import UserError
from streamer.catalog import Catalog, Record

from . import work
from .workshop import Workshop

log = logging.getLogger(__name__)

MOST_BYTES = 32 * 2**20
"""Of an uploaded photo; a phone's has 2 to 12 MB."""
MOST_DRAFTS = 200
SHOPPER, STAFF, LATER = 0, 1, 2
"""How urgent a job of the workshop is."""
SIMILAR = 6
CATCH_UP_SECONDS = 2.0
"""How long a shopper waits for garments that were not read yet; after an update of the networks these are all."""

InFiles = Callable[..., Coroutine[Any, Any, Any]]


class Studio:
    """One of it serves all staff and all shoppers. ``in_files(call, *args)`` runs a call in the file pool."""

    def __init__(self, catalog: Catalog, in_files: InFiles) -> None:
        self._catalog, self._in_files = catalog, in_files
        self.workshop = Workshop()
        self._reader: str | None = None
        self._catching_up: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """End the workshop's process."""
        if self._catching_up is not None:
            self._catching_up.cancel()
            await asyncio.gather(self._catching_up, return_exceptions=True)
        await self.workshop.close()

    async def warm_up(self) -> None:
        """Load the networks before the first photo comes."""
        await self.workshop.run(work.warm_up, urgency=STAFF)

    async def records(self) -> list[Record]:
        """Everything in the catalogue, drafts too, the newest first."""
        return list(await self._in_files(self._catalog.records))

    async def record(self, id: str) -> Record:
        """One garment or draft. Raises :class:`UserError` for an unknown one."""
        return await self._in_files(self._catalog.record, id)

    async def add(self, photo: bytes, name: str) -> Record:
        """Read the garment on a photo and keep it as a draft; ``name`` is the photo's, for people.

        Raises:
            UserError: it is no picture, nothing is on it, or there are too many drafts.
        """
        if sum(not each.published for each in await self.records()) >= MOST_DRAFTS:
            raise UserError(f"{MOST_DRAFTS} garments wait to be looked through: save or delete some of them first.")
        read = await self.workshop.run(work.read_photo, photo, "This file", urgency=STAFF)
        return await self._in_files(self._keep, read, name)

    def _keep(self, read: work.Read, source: str) -> Record:
        entry = self._catalog.add(
            read.png, read.name, read.category, read.landmarks, photo=read.photo, published=False, source=source or "photo",
            tags=read.tags, embedding=read.embedding, reader=self._reader_id(),
        )  # fmt: skip
        return self._catalog.record(entry.id)

    async def save(self, id: str, change: dict[str, Any], mask: bytes | None = None) -> Record:
        """Change what is given (see streamer.catalog.fields.Change), and the outline to the alpha of ``mask``, a PNG.

        Raises:
            UserError: there is no such garment, or it could not be worn so.
        """
        if mask is not None:
            png, photo = await self._in_files(lambda: (self._catalog.picture(id, True), self._catalog.photo(id)))
            png, tags, embedding = await self.workshop.run(work.recut, photo, png, mask, urgency=STAFF)
            change = {**change, "png": png, "tags": tags, "embedding": embedding, "reader": await self._in_files(self._reader_id)}
        return await self._in_files(lambda: self._catalog.update(id, **change))

    async def place(self, id: str, category: str) -> dict[str, list[float]]:
        """Where the landmarks of another category would be on a garment. Raises :class:`UserError`."""
        if category not in CATEGORY_LANDMARKS:
            raise UserError(f"{category[:40]!r} is no category: there are {', '.join(CATEGORY_LANDMARKS)}.")
        png = await self._in_files(self._catalog.picture, id, True)
        return await self.workshop.run(work.place, png, category, urgency=STAFF)

    async def delete(self, id: str) -> None:
        """Remove a garment or draft. Raises :class:`UserError` for an unknown one."""
        await self._in_files(self._catalog.delete, id)

    async def look(self, frame: np.ndarray) -> dict[str, Any]:
        """What somebody wears on a frame, uint8 (H,W,3) RGB: the fields of the message a shopper's page gets."""
        if self._catching_up is None or self._catching_up.done():
            self._catching_up = asyncio.ensure_future(self.read_unread())
        await asyncio.wait({self._catching_up}, timeout=CATCH_UP_SECONDS)  # the rest is found by who asks later
        pieces = await self.workshop.run(work.look, frame, urgency=SHOPPER)
        return {"seen": pieces is not None, "pieces": [await self._in_files(self._with_similar, piece) for piece in pieces or ()]}

    def _with_similar(self, piece: work.Piece) -> dict[str, Any]:
        found = self._catalog.similar(piece.embedding, self._reader_id(), SIMILAR, piece.categories)
        picture = f"data:image/png;base64,{base64.b64encode(piece.png).decode()}"
        return {"tags": piece.tags, "picture": picture, "similar": [id for id, _ in found]}

    async def read_unread(self) -> None:
        """Read the garments that no photo of the studio brought, or an older network read: they are to be found by their likeness, too."""
        reader = await self._in_files(self._reader_id)
        for id in await self._in_files(self._catalog.unread, reader):
            await self._read(id, reader)

    async def _read(self, id: str, reader: str) -> None:
        about: dict[str, Any] = {"reader": reader, "embedding": None}
        try:
            png = await self._in_files(self._catalog.picture, id, True)
            about["tags"], about["embedding"] = await self.workshop.run(work.describe, png, urgency=LATER)
        except UserError as error:  # nothing is to be told of it: it is not asked again
            log.info("the garment %s was not read: %s", id, error)
        with contextlib.suppress(UserError):  # deleted meanwhile
            await self._in_files(lambda: self._catalog.update(id, **about))

    def _reader_id(self) -> str:
        """Reads the network's file, once."""
        self._reader = self._reader or work.reader_id()
        return self._reader
