"""The garments that come with the project, and how they get into a catalogue."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engines.tryon.garment import make_garment

from .fields import shape_values
from .pictures import PictureStore
from .schema import garments, shipped

BUILT_IN = Path(__file__).parent.parent / "garments"
"""Drawn by engines/garment/draw.py."""


def take_over(rows: sa.Connection, store: PictureStore, folder: Path) -> None:
    """Take over shipped garments that are new, and new versions of those that nobody changed."""
    known: dict[str, str] = {row.id: row.digest for row in rows.execute(sa.select(shipped))}
    for id, png, about in _read(folder):
        digest = hashlib.sha256(png + json.dumps(about, sort_keys=True).encode()).hexdigest()
        if known.get(id) == digest:
            continue
        garment = make_garment(png, id, about["name"], about["category"], about["landmarks"], about["opening"], f"{id}.png")
        old = rows.execute(sa.select(garments).where(garments.c.id == id)).first()
        values = {**shape_values(garment), "built_in": digest, "source": "built-in", "reader": "", "changed": time.time()}
        if old is None and id not in known:
            rows.execute(sa.insert(garments).values(id=id, file=store.add(id, png), created=values["changed"], **values))
        elif old is not None and old.built_in is not None:
            rows.execute(sa.update(garments).where(garments.c.id == id).values(file=store.add(id, png), **values))
        rows.execute(sa.delete(shipped).where(shipped.c.id == id))
        rows.execute(sa.insert(shipped).values(id=id, digest=digest))


def _read(folder: Path) -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    """Id, PNG and description of each, in the order in which they are to be shown."""
    found = [(json.loads(path.read_text(encoding="utf-8")), path) for path in sorted(folder.glob("*.json"))]
    for about, path in sorted(found, key=lambda each: (each[0].get("position", 0), each[1].stem)):
        yield path.stem, path.with_suffix(".png").read_bytes(), about
