"""The garments of this shop: rows in a database, pictures as files beside it.

Survives a kill at any point: a file is written before the row that names it and removed after it, both under the database's
write lock, and what was left in between is swept away at the next start. Knows nothing of sessions and bodies.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, Unpack

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from engines.contract import CATEGORY_LANDMARKS
from engines.errors import UserError
from engines.tryon.cut import prepare as prepare_cut
from engines.tryon.garment import Garment, make_garment

from .built_ins import BUILT_IN, take_over
from .fields import ID, About, Change, clean_name, id_from, row_values, shape_values
from .nearest import Nearest
from .pictures import PictureStore, place
from .schema import connect, garments, prepare, shipped, state, writing

log = logging.getLogger(__name__)

CACHE_BYTES = 64 * 2**20
"""Decoded pictures kept in memory."""

T = TypeVar("T")


@dataclass(frozen=True)
class Entry:
    """What a list of garments says of one."""

    id: str
    name: str
    category: str
    version: str
    """Changes with the picture."""
    price: str = ""
    link: str = ""


@dataclass(frozen=True)
class Record:
    """All that is kept of a garment, but for its files and its embedding."""

    id: str
    name: str
    category: str
    landmarks: dict[str, list[float]]
    opening: list[list[float]]
    published: bool
    tags: dict[str, Any]
    price: str
    link: str
    source: str
    created: float
    changed: float
    version: str
    has_photo: bool


class Catalog:
    """Safe to call from several threads, and from several processes on the same folder.

    What says nothing of drafts knows published garments only.
    """

    def __init__(
        self,
        folder: Path,
        built_in: Path | None = BUILT_IN,
        cache_bytes: int = CACHE_BYTES,
        url: str | None = None,
        pictures: str | None = None,
    ) -> None:
        """Open or make the catalogue in ``folder``; import the new of ``built_in``.

        Its rows are in the database ``url`` where one is named, its files in the folder or store ``pictures`` where one is named.

        Raises:
            UserError: the folder cannot be written, the database not be reached, or they were made by a newer version.
        """
        self._cache: OrderedDict[str, Garment] = OrderedDict()
        self._cache_bytes, self._lock = cache_bytes, threading.Lock()
        self._nearest = Nearest()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._store = PictureStore(folder if pictures is None else place(pictures))
            self._engine = connect(url, folder)
            with writing(self._engine) as rows:
                prepare(rows)
                if built_in:
                    take_over(rows, self._store, built_in)
                self._store.sweep({name for row in rows.execute(sa.select(garments.c.file, garments.c.photo)) for name in row if name})
        except (OSError, sa.exc.DatabaseError) as error:
            raise UserError(f"the catalogue in {folder} cannot be opened: {_reason(error)}. Choose another folder with --data.") from None

    @property
    def database(self) -> sa.Engine:
        """Where its rows are, for what else the servers of a shop share."""
        return self._engine

    def close(self) -> None:
        """Close the database's connections."""
        self._engine.dispose()

    def revision(self) -> int:
        """A number that grows with every change, whoever made it."""
        with self._engine.connect() as rows:
            return int(rows.scalars(sa.select(state.c.revision)).one())

    def list(self) -> Sequence[Entry]:
        """All garments: tops, outerwear, dresses, trousers, skirts; in each category in the order in which they were added."""
        columns = [garments.c[name] for name in ("id", "name", "category", "file", "price", "link")]
        with self._engine.connect() as rows:
            found = [Entry(*row) for row in rows.execute(sa.select(*columns).where(garments.c.published).order_by(garments.c.number))]
        rank = {category: place for place, category in enumerate(CATEGORY_LANDMARKS)}
        return sorted(found, key=lambda entry: rank.get(entry.category, len(rank)))

    def records(self) -> Sequence[Record]:
        """Everything, drafts too, the newest first."""
        with self._engine.connect() as rows:
            return [_record(row) for row in rows.execute(sa.select(garments).order_by(garments.c.number.desc()))]

    def record(self, id: str) -> Record:
        """One garment or draft. Raises :class:`UserError` for an unknown one."""
        with self._engine.connect() as rows:
            return _record(self._find(rows, id, drafts=True))

    def garment(self, id: str) -> Garment:
        """A garment ready to be worn; the same object as long as it is in the cache and unchanged.

        Raises:
            UserError: there is no such garment (the known ones are named).
        """
        return self._with_file(id, self._decoded)

    def _decoded(self, row: sa.Row) -> Garment:
        with self._lock:
            if (kept := self._cache.get(row.file)) is not None and shape_values(kept).items() <= row._mapping.items():
                self._cache.move_to_end(row.file)
                return kept
        data = self._store.path(row.file).read_bytes()
        garment = make_garment(data, row.id, row.name, row.category, row.landmarks, row.opening, f"{row.id}.png")
        prepare_cut(garment)
        with self._lock:
            self._cache[row.file] = garment
            while sum(each.picture.nbytes for each in self._cache.values()) > self._cache_bytes and len(self._cache) > 1:
                self._cache.popitem(last=False)
        return garment

    def picture(self, id: str, drafts: bool = False) -> bytes:
        """The PNG of a garment. Raises :class:`UserError` for an unknown one."""
        return self._with_file(id, lambda row: self._store.path(row.file).read_bytes(), drafts)

    def thumbnail(self, id: str, drafts: bool = False) -> bytes:
        """A small PNG (160x200, transparent) for the row of garments. Raises :class:`UserError` for an unknown one."""
        return self._with_file(id, lambda row: self._store.thumbnail(row.file), drafts)

    def photo(self, id: str) -> bytes | None:
        """The JPEG a garment or draft was cut out of, of its picture's size; None where it was not kept."""
        return self._with_file(id, lambda row: self._store.photo(row.photo).read_bytes() if row.photo else None, drafts=True)

    def archived(self, id: str) -> tuple[Mapping[str, Any], bytes, bytes | None]:
        """The row of a garment or draft, its PNG and its photo, all of the same moment."""

        def read(row: sa.Row) -> tuple[Mapping[str, Any], bytes, bytes | None]:
            photo = self._store.photo(row.photo).read_bytes() if row.photo else None
            return dict(row._mapping), self._store.path(row.file).read_bytes(), photo

        return self._with_file(id, read, drafts=True)

    def similar(
        self, embedding: NDArray[np.float32], reader: str, most: int = 6, categories: Sequence[str] = ()
    ) -> Sequence[tuple[str, float]]:
        """Ids of the garments most like an embedding by ``reader``, with their cosine -1..1; where ``categories`` are named, of those."""
        revision = self.revision()
        if not self._nearest.is_of(revision, reader):
            wanted = garments.c.published & garments.c.embedding.is_not(None) & (garments.c.reader == reader)
            with self._engine.connect() as rows:
                found = rows.execute(sa.select(garments.c.id, garments.c.category, garments.c.embedding).where(wanted)).all()
            size = embedding.nbytes  # an import may have brought others
            known = [(row.id, row.category, np.frombuffer(row.embedding, "<f4")) for row in found if len(row.embedding) == size]
            self._nearest = Nearest(revision, reader, known)
        return self._nearest(embedding, most, categories)

    def unread(self, reader: str) -> Sequence[str]:
        """Ids of those whose tags and embedding are not of ``reader``."""
        with self._engine.connect() as rows:
            return rows.scalars(sa.select(garments.c.id).where(garments.c.reader != reader).order_by(garments.c.number)).all()

    def add(
        self, png: bytes, name: str, category: str, landmarks: Mapping[str, Any], *, id: str | None = None, **about: Unpack[About]
    ) -> Entry:
        """Keep a new garment under an id made from its name, or under ``id``.

        Raises:
            UserError: it cannot be worn (no alpha, a landmark missing, ...), has no name, or the id is taken or none.
        """
        checked = make_garment(png, "", clean_name(name), category, landmarks, about.get("opening", ()), name)
        now = time.time()
        values = {"created": now, "changed": now, **row_values(about), **shape_values(checked)}
        with self._changing() as rows:
            taken = {*rows.scalars(sa.select(garments.c.id)), *rows.scalars(sa.select(shipped.c.id))}
            id = _free_id(taken, checked.name) if id is None else _given_id(rows, id)
            values |= {"id": id, "file": self._store.add(id, png)}
            if photo := about.get("photo"):
                values["photo"] = self._store.add_photo(id, photo)
            rows.execute(sa.insert(garments).values(**values))
        return Entry(id, checked.name, category, values["file"], values.get("price", ""), values.get("link", ""))

    def update(self, id: str, **change: Unpack[Change]) -> Record:
        """Change what is given of a garment or draft; sessions that wear it keep what they have until they choose again.

        Raises:
            UserError: there is no such garment, or it could not be worn afterwards.
        """
        with self._changing() as rows:
            old = self._find(rows, id, drafts=True)
            png = change.get("png")
            new = make_garment(
                self._store.path(old.file).read_bytes() if png is None else png,
                id,
                clean_name(change.get("name", old.name)),
                change.get("category", old.category),
                change.get("landmarks", old.landmarks),
                change.get("opening", old.opening),
                id,
            )
            values = {**row_values(change), **shape_values(new)}
            if png is not None:
                values["file"] = self._store.add(id, png)
            if "photo" in change:
                values["photo"] = self._store.add_photo(id, change["photo"]) if change["photo"] else None
            if not change.keys() <= {"tags", "embedding", "reader"}:  # what a network says of it is no change by hand
                values |= {"built_in": None, "changed": time.time()}
            rows.execute(sa.update(garments).where(garments.c.number == old.number).values(**values))
            row = self._find(rows, id, drafts=True)
        self._forget(old.file, *({old.file, old.photo} - {row.file, row.photo}))
        return _record(row)

    def delete(self, id: str) -> None:
        """Remove a garment or draft: its row, then its files. Raises :class:`UserError` for an unknown one."""
        with self._changing() as rows:
            old = self._find(rows, id, drafts=True)
            rows.execute(sa.delete(garments).where(garments.c.id == id))
        self._forget(old.file, old.file, old.photo)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[sa.Connection]:
        """:func:`writing`; a disk or a database that refuses is told in words."""
        try:
            with writing(self._engine) as rows:
                yield rows
        except (OSError, sa.exc.OperationalError) as error:
            log.warning("the catalogue cannot be changed: %s", error)
            raise UserError(f"the catalogue cannot be changed: {_reason(error)}. It is as it was: look at the server's disk.") from error

    def _with_file(self, id: str, read: Callable[[sa.Row], T], drafts: bool = False) -> T:
        """Read a garment's files; where one was replaced or deleted since the row was read, by the row as it is now."""
        gone = None
        while True:
            with self._engine.connect() as rows:
                row = self._find(rows, id, drafts)
            if (row.file, row.photo) == gone:
                raise UserError(f"the picture of the garment {id!r} is missing from the catalogue: delete the garment and add it again.")
            try:
                return read(row)
            except FileNotFoundError:
                gone = row.file, row.photo

    def _find(self, rows: sa.Connection, id: str, drafts: bool = False) -> sa.Row:
        found = rows.execute(sa.select(garments).where(garments.c.id == id)).first() if ID.fullmatch(id) else None
        if found is None or not (found.published or drafts):
            known = rows.scalars(sa.select(garments.c.id).where(garments.c.published).order_by(garments.c.number)).all()
            named = ", ".join(known[:40]) + (" ..." if len(known) > 40 else "")
            raise UserError(f"there is no garment {id[:80]!r}; there are {named or 'none yet'}.")
        return found

    def _forget(self, cached: str, *files: str | None) -> None:
        with self._lock:
            self._cache.pop(cached, None)
        for file in files:
            self._store.remove(file)


def _reason(error: Exception) -> object:
    return getattr(error, "strerror", None) or getattr(error, "orig", None) or error


def _record(row: sa.Row) -> Record:
    about = {name: value for name, value in row._mapping.items() if name in Record.__dataclass_fields__}
    return Record(**about, version=row.file, has_photo=row.photo is not None)


def _free_id(taken: set[str], name: str) -> str:
    """An id made from a name that no garment has, nor a shipped one had."""
    stem, number = id_from(name), 1
    while (id := stem if number == 1 else f"{stem}-{number}") in taken:
        number += 1
    return id


def _given_id(rows: sa.Connection, id: str) -> str:
    if not ID.fullmatch(id):
        raise UserError(f"{id[:80]!r} is no id of a garment: small letters, digits and hyphens, 64 at most.")
    if rows.execute(sa.select(garments.c.number).where(garments.c.id == id)).first():
        raise UserError(f"there is a garment {id!r} already.")
    return id
