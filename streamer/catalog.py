"""The garments of this shop: rows in SQLite, pictures as files beside it.

Survives a kill at any point: a file is written before the row that names it and removed after it, both under the database's
write lock, and what was left in between is swept away at the next start. Knows nothing of sessions and bodies.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from engines.contract import CATEGORY_LANDMARKS
from engines.errors import UserError
from engines.tryon.cut import prepare
from engines.tryon.garment import Garment, make_garment
from streamer.picture_store import PictureStore

BUILT_IN = Path(__file__).parent / "garments"
"""The garments that come with the project, drawn by engines/garment/draw.py."""
SCHEMA_VERSION = 1
CACHE_BYTES = 64 * 2**20
"""Decoded pictures kept in memory."""

T = TypeVar("T")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_tables = sa.MetaData()
_garments = sa.Table(
    "garments",
    _tables,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("id", sa.String(64), unique=True, nullable=False),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("category", sa.String(16), nullable=False),
    sa.Column("landmarks", sa.JSON, nullable=False),
    sa.Column("opening", sa.JSON, nullable=False),
    sa.Column("file", sa.String(100), unique=True, nullable=False),
    sa.Column("built_in", sa.String(64)),  # digest of the shipped files; NULL once changed by hand, and for the shop's own
    sqlite_autoincrement=True,
)
_shipped = sa.Table(  # every built-in that was ever imported: one that was deleted does not come back
    "shipped", _tables, sa.Column("id", sa.String(64), primary_key=True), sa.Column("digest", sa.String(64), nullable=False)
)


@dataclass(frozen=True)
class Entry:
    """What a list of garments says of one."""

    id: str
    name: str
    category: str


class Catalog:
    """Safe to call from several threads, and from several processes on the same folder."""

    def __init__(self, folder: Path, built_in: Path | None = BUILT_IN, cache_bytes: int = CACHE_BYTES) -> None:
        """Open or make the catalogue in ``folder``; import the garments of ``built_in`` that are new.

        Raises:
            UserError: the folder cannot be written, or was made by a newer version.
        """
        self._cache: OrderedDict[str, Garment] = OrderedDict()
        self._cache_bytes, self._lock = cache_bytes, threading.Lock()
        try:
            self._store = PictureStore(folder)
            self._engine = _open(folder / "catalog.sqlite")
            with self._writing() as rows:
                _prepare(rows, folder)
                if built_in:
                    self._import(rows, built_in)
                kept = set(rows.scalars(sa.select(_garments.c.file)))
                self._store.sweep(kept)
        except (OSError, sa.exc.DatabaseError) as error:
            reason = getattr(error, "strerror", None) or getattr(error, "orig", None) or error
            raise UserError(f"the catalogue in {folder} cannot be opened: {reason}. Choose another folder with --data.") from None

    def close(self) -> None:
        """Close the database's connections."""
        self._engine.dispose()

    def list(self) -> Sequence[Entry]:
        """All garments: tops, outerwear, dresses, trousers, skirts; in each category in the order in which they were added."""
        with self._engine.connect() as rows:
            found = [
                Entry(*row) for row in rows.execute(sa.select(_garments.c.id, _garments.c.name, _garments.c.category).order_by("number"))
            ]
        rank = {category: place for place, category in enumerate(CATEGORY_LANDMARKS)}
        return sorted(found, key=lambda entry: rank.get(entry.category, len(rank)))

    def garment(self, id: str) -> Garment:
        """A garment ready to be worn; the same object as long as it is in the cache and unchanged.

        Raises:
            UserError: there is no such garment (the known ones are named).
        """
        return self._with_file(id, self._decoded)

    def _decoded(self, row: sa.Row) -> Garment:
        with self._lock:
            if (kept := self._cache.get(row.file)) is not None and _values(kept).items() <= row._mapping.items():
                self._cache.move_to_end(row.file)
                return kept
        data = self._store.path(row.file).read_bytes()
        garment = make_garment(data, row.id, row.name, row.category, row.landmarks, row.opening, f"{row.id}.png")
        prepare(garment)
        with self._lock:
            self._cache[row.file] = garment
            while sum(each.picture.nbytes for each in self._cache.values()) > self._cache_bytes and len(self._cache) > 1:
                self._cache.popitem(last=False)
        return garment

    def picture(self, id: str) -> bytes:
        """The PNG of a garment. Raises :class:`UserError` for an unknown one."""
        return self._with_file(id, lambda row: self._store.path(row.file).read_bytes())

    def thumbnail(self, id: str) -> bytes:
        """A small PNG (160x200, transparent) for the row of garments. Raises :class:`UserError` for an unknown one."""
        return self._with_file(id, lambda row: self._store.thumbnail(row.file))

    def add(self, png: bytes, name: str, category: str, landmarks: Mapping[str, Any], opening: Sequence[Any] = ()) -> Entry:
        """Keep a new garment under an id made from its name.

        Raises:
            UserError: it cannot be worn (no alpha, a landmark missing, ...) or has no name.
        """
        checked = make_garment(png, "", _name(name), category, landmarks, opening, name)
        with self._writing() as rows:
            id = _free_id(rows, checked.name)
            rows.execute(sa.insert(_garments).values(id=id, file=self._store.add(id, png), **_values(checked)))
        return Entry(id, checked.name, category)

    def update(self, id: str, *, png: bytes | None = None, name: str | None = None, category: str | None = None,
               landmarks: Mapping[str, Any] | None = None, opening: Sequence[Any] | None = None) -> Entry:  # fmt: skip
        """Change what is given of a garment; sessions that wear it keep what they have until they choose again.

        Raises:
            UserError: there is no such garment, or it could not be worn afterwards.
        """
        with self._writing() as rows:
            old = self._find(rows, id)
            new = make_garment(
                self._store.path(old.file).read_bytes() if png is None else png,
                id,
                old.name if name is None else _name(name),
                category or old.category,
                old.landmarks if landmarks is None else landmarks,
                old.opening if opening is None else opening,
                id,
            )
            self._change(rows, old, new, png)
        self._drop(old.file, file_too=png is not None)
        return Entry(id, new.name, new.category)

    def delete(self, id: str) -> None:
        """Remove a garment: its row, then its files. Raises :class:`UserError` for an unknown one."""
        with self._writing() as rows:
            file = self._find(rows, id).file
            rows.execute(sa.delete(_garments).where(_garments.c.id == id))
        self._drop(file, file_too=True)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        """One writer at a time, in all processes; all of it happens, or nothing."""
        with self._engine.connect() as rows:
            rows.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield rows
                rows.exec_driver_sql("COMMIT")
            except BaseException:
                with contextlib.suppress(sa.exc.DatabaseError):
                    rows.exec_driver_sql("ROLLBACK")
                raise

    def _with_file(self, id: str, read: Callable[[sa.Row], T]) -> T:
        """Read a garment's file; where it was replaced or deleted since the row was read, by the row as it is now."""
        gone = ""
        while True:
            with self._engine.connect() as rows:
                row = self._find(rows, id)
            if row.file == gone:
                raise UserError(f"the picture of the garment {id!r} is missing from the catalogue: delete the garment and add it again.")
            try:
                return read(row)
            except FileNotFoundError:
                gone = row.file

    def _find(self, rows: sa.Connection, id: str) -> sa.Row:
        found = rows.execute(sa.select(_garments).where(_garments.c.id == id)).first() if _ID.fullmatch(id) else None
        if found is None:
            known = rows.scalars(sa.select(_garments.c.id).order_by("number")).all()
            named = ", ".join(known[:40]) + (" ..." if len(known) > 40 else "")
            raise UserError(f"there is no garment {id[:80]!r}; there are {named or 'none yet'}.")
        return found

    def _change(self, rows: sa.Connection, old: sa.Row, new: Garment, png: bytes | None, built_in: str | None = None) -> None:
        values = _values(new) | {"built_in": built_in}
        if png is not None:
            values["file"] = self._store.add(old.id, png)
        rows.execute(sa.update(_garments).where(_garments.c.number == old.number).values(**values))

    def _drop(self, file: str, file_too: bool) -> None:
        with self._lock:
            self._cache.pop(file, None)
        if file_too:
            self._store.remove(file)

    def _import(self, rows: sa.Connection, folder: Path) -> None:
        """Take over shipped garments that are new, and new versions of those that nobody changed."""
        known: dict[str, str] = {row.id: row.digest for row in rows.execute(sa.select(_shipped))}
        for id, png, about in _read_shipped(folder):
            digest = hashlib.sha256(png + json.dumps(about, sort_keys=True).encode()).hexdigest()
            if known.get(id) == digest:
                continue
            garment = make_garment(png, id, about["name"], about["category"], about["landmarks"], about["opening"], f"{id}.png")
            old = rows.execute(sa.select(_garments).where(_garments.c.id == id)).first()
            if old is None and id not in known:
                values = _values(garment) | {"id": id, "file": self._store.add(id, png), "built_in": digest}
                rows.execute(sa.insert(_garments).values(**values))
            elif old is not None and old.built_in is not None:
                self._change(rows, old, garment, png, digest)
            rows.execute(sa.delete(_shipped).where(_shipped.c.id == id))
            rows.execute(sa.insert(_shipped).values(id=id, digest=digest))


def _open(path: Path) -> sa.Engine:
    """An engine whose transactions are begun by hand, so that a writer can lock before it reads."""
    engine = sa.create_engine(f"sqlite:///{path}", isolation_level="AUTOCOMMIT", connect_args={"timeout": 20})

    @sa.event.listens_for(engine, "connect")
    def settings(connection: sqlite3.Connection, _: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")  # else a power cut could bring back a row whose file is gone

    return engine


def _prepare(rows: sa.Connection, folder: Path) -> None:
    version = rows.exec_driver_sql("PRAGMA user_version").scalar_one()
    if version > SCHEMA_VERSION:
        raise UserError(
            f"the catalogue in {folder} was made by a newer version of this program: update, or choose another folder with --data."
        )
    _tables.create_all(rows)
    rows.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _read_shipped(folder: Path) -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    """Id, PNG and description of each, in the order in which they are to be shown."""
    found = [(json.loads(path.read_text(encoding="utf-8")), path) for path in sorted(folder.glob("*.json"))]
    for about, path in sorted(found, key=lambda each: (each[0].get("position", 0), each[1].stem)):
        yield path.stem, path.with_suffix(".png").read_bytes(), about


def _values(garment: Garment) -> dict[str, Any]:
    landmarks = {name: list(point) for name, point in garment.landmarks.items()}
    opening = [list(point) for point in garment.opening]
    return {"name": garment.name, "category": garment.category, "landmarks": landmarks, "opening": opening}


def _name(name: str) -> str:
    cleaned = " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())
    if not 1 <= len(cleaned) <= 80:
        raise UserError(f"a garment's name has 1 to 80 letters, this one {len(cleaned)}.")
    return cleaned


def _free_id(rows: sa.Connection, name: str) -> str:
    """An id made from a name that no garment has, nor a shipped one had."""
    stem = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:48].strip("-") or "garment"
    taken = {*rows.scalars(sa.select(_garments.c.id)), *rows.scalars(sa.select(_shipped.c.id))}
    number = 1
    while (id := stem if number == 1 else f"{stem}-{number}") in taken:
        number += 1
    return id
