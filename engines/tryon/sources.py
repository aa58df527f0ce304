"""Garments by what a user calls them: a photo, a cut-out with its landmarks, or an id of the catalogue."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from engines.errors import UserError
from engines.garment.read import GarmentReader
from engines.pictures import read_rgb
from engines.tryon.garment import Garment, load_garment_file, make_garment

BUILT_IN = Path(__file__).parents[2] / "streamer/garments"
"""The garments that come with the fitting room."""


class Sources:
    """Loads garments and keeps them. ``catalog``: a zip written by ``python -m streamer catalog export``, for the shop's own ids."""

    def __init__(self, catalog: Path | None = None, runtime: str | None = None) -> None:
        self._runtime = runtime
        self._reader: GarmentReader | None = None
        self._known: dict[str, Garment] = {}
        self._archive = catalog
        self._entries = _entries(catalog) if catalog else {}

    def __call__(self, which: str, folder: Path) -> Garment:
        """``which``: a file, relative to ``folder``, or an id.

        Raises:
            UserError: there is no such garment, or it cannot be worn.
        """
        path = folder / which
        key = str(path.resolve()) if path.is_file() else which
        if key not in self._known:
            self._known[key] = self._load(which, path)
        return self._known[key]

    def _load(self, which: str, path: Path) -> Garment:
        if path.is_file():
            with_landmarks = path.suffix.lower() == ".png" and path.with_suffix(".json").is_file()
            return load_garment_file(path) if with_landmarks else self._photo(path)
        if which in self._entries and self._archive:
            return _from_archive(self._archive, self._entries[which])
        if (BUILT_IN / f"{which}.png").is_file():
            return load_garment_file(BUILT_IN / f"{which}.png")
        ids = sorted({*self._entries, *(file.stem for file in BUILT_IN.glob("*.png"))})
        raise UserError(f"there is no garment {which!r}: no such file, and the catalogue has {', '.join(ids)}.")

    def _photo(self, path: Path) -> Garment:
        """Cut out of a photo and read: category and landmarks."""
        self._reader = self._reader or GarmentReader.load(self._runtime)
        reading = self._reader(read_rgb(path, alpha=True))
        if not reading.tags["wearable"]:
            raise UserError(f"the piece on {path.name} looks like {_named(reading.tags['kind'])}, which cannot be tried on here.")
        landmarks = {name: (x, y) for name, (x, y, _) in reading.landmarks.items()}
        reading.rgba.flags.writeable = False
        return Garment(path.stem, path.stem, reading.category, reading.rgba, landmarks)


def _named(kind: str) -> str:
    return kind if kind == "shoes" else f"a {kind}"


def _entries(archive: Path) -> dict[str, dict[str, Any]]:
    try:
        with zipfile.ZipFile(archive) as opened:
            return {about["id"]: about for about in json.loads(opened.read("catalog.json"))["garments"]}
    except OSError as error:
        raise UserError(f"the catalogue {archive} cannot be read: {error.strerror or error}.") from None
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError):
        raise UserError(f"{archive} is no exported catalogue: write one with python -m streamer catalog export FILE.zip.") from None


def _from_archive(archive: Path, about: dict[str, Any]) -> Garment:
    id = str(about["id"])
    try:
        with zipfile.ZipFile(archive) as opened:
            png = opened.read(f"pictures/{id}.png")
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise UserError(f"the picture of {id} in {archive} cannot be read ({error}): export the catalogue again.") from None
    return make_garment(png, id, about.get("name", id), about.get("category", ""), about.get("landmarks", {}), about.get("opening", []), id)
