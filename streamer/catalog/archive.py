"""The catalogue as one zip: to keep, to move to another machine, to hand to another shop.

``catalog.json`` says what there is; ``pictures/ID.png`` and ``photos/ID.jpg`` are the files. Every garment in it is of one moment; a zip is
read and checked whole before anything is kept.
"""

from __future__ import annotations

import base64
import json
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from engines.errors import UserError
from engines.tryon.garment import make_garment

from . import Catalog
from .fields import ID, clean_name, row_values

FORMAT = 1
MOST_BYTES = 64 * 2**20
"""A file of an archive that claims to be larger is not read."""
_PLAIN = ("name", "category", "landmarks", "opening", "published", "tags", "reader", "price", "link", "source", "created")

Progress = Callable[[Iterable[Any]], Iterable[Any]]


def export(catalog: Catalog, file: Path, progress: Progress = iter) -> int:
    """Write all garments and drafts into ``file``, which is whole or not there; returns how many.

    Raises:
        UserError: the file cannot be written.
    """
    part = file.with_name(f"{file.name}.part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:  # PNG and JPEG do not get smaller
            described = [_put(archive, catalog, record.id) for record in progress(list(reversed(catalog.records())))]
            archive.writestr("catalog.json", json.dumps({"format": FORMAT, "garments": described}), zipfile.ZIP_DEFLATED)
        part.replace(file)
    except OSError as error:
        raise UserError(f"the archive {file} cannot be written: {error.strerror or error}. Choose another place.") from None
    finally:
        part.unlink(missing_ok=True)
    return len(described)


def _put(archive: zipfile.ZipFile, catalog: Catalog, id: str) -> dict[str, Any]:
    row, png, photo = catalog.archived(id)
    archive.writestr(f"pictures/{id}.png", png)
    if photo is not None:
        archive.writestr(f"photos/{id}.jpg", photo)
    embedding = base64.b64encode(row["embedding"]).decode() if row["embedding"] else None
    return {"id": id, **{name: row[name] for name in _PLAIN}, "embedding": embedding, "photo": photo is not None}


def restore(catalog: Catalog, file: Path, progress: Progress = iter) -> int:
    """Take over every garment of an archive; one that has an id of the archive becomes what the archive says. Returns how many.

    A kill in between leaves the garments taken over so far, each whole; doing it again finishes it.

    Raises:
        UserError: it is no archive of a catalogue, is damaged, or has a garment that cannot be kept; then nothing was changed.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            garments = _described(archive, file)
            for about in progress(garments):
                _check(archive, about)
            known = {record.id for record in catalog.records()}
            for about in progress(garments):
                _keep(catalog, known, about, *_files(archive, about))
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError) as error:  # RuntimeError: it is encrypted
        raise UserError(f"the archive {file} is damaged ({error}): export it again.") from None
    except OSError as error:
        raise UserError(f"the archive {file} cannot be read: {error.strerror or error}.") from None
    return len(garments)


def _described(archive: zipfile.ZipFile, file: Path) -> list[dict[str, Any]]:
    none = UserError(f"{file} is no archive of a catalogue: make one with 'python -m streamer catalog export'.")
    if "catalog.json" not in archive.namelist():
        raise none
    try:
        about = json.loads(_read(archive, "catalog.json"))
    except (ValueError, RecursionError):
        raise none from None
    if not isinstance(about, dict) or not isinstance(garments := about.get("garments"), list):
        raise none
    if about.get("format") != FORMAT:
        raise UserError(f"the archive {file} was made by a newer version of this program: update.")
    for each in garments:
        if not isinstance(each, dict) or not isinstance(id := each.get("id"), str) or not ID.fullmatch(id):
            raise UserError(f"the archive {file} has a garment without a proper id.")
        if missing := [name for name in _PLAIN if name not in each]:
            raise UserError(f"in the archive {file} the garment {id} lacks {', '.join(missing)}.")
    if len({each["id"] for each in garments}) != len(garments):
        raise UserError(f"the archive {file} has two garments with the same id.")
    return garments


def _check(archive: zipfile.ZipFile, about: dict[str, Any]) -> None:
    png, _ = _files(archive, about)
    try:
        make_garment(png, about["id"], clean_name(about["name"]), about["category"], about["landmarks"], about["opening"], about["id"])
        row_values(_fields(about))
    except (TypeError, ValueError, AttributeError) as error:
        raise UserError(f"the garment {about['id']} of the archive cannot be kept: {error}.") from None


def _keep(catalog: Catalog, known: set[str], about: dict[str, Any], png: bytes, photo: bytes | None) -> None:
    shape = {name: about[name] for name in ("name", "category", "landmarks")}
    more = {**_fields(about), "photo": photo}
    if about["id"] in known:
        catalog.update(about["id"], png=png, **shape, **more)
    else:
        catalog.add(png, id=about["id"], **shape, **more)


def _fields(about: dict[str, Any]) -> dict[str, Any]:
    embedding = np.frombuffer(base64.b64decode(about["embedding"], validate=True), "<f4") if about.get("embedding") else None
    return {**{name: about[name] for name in ("opening", "published", "tags", "reader", "price", "link", "source")}, "embedding": embedding}


def _files(archive: zipfile.ZipFile, about: dict[str, Any]) -> tuple[bytes, bytes | None]:
    photo = _read(archive, f"photos/{about['id']}.jpg") if about.get("photo") else None
    return _read(archive, f"pictures/{about['id']}.png"), photo


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > MOST_BYTES:
        raise UserError(f"{name} in the archive is larger than {MOST_BYTES // 2**20} MiB.")
    return archive.read(name)
