"""A garment that can be worn: its picture, its category and where its landmarks are.

Loads and checks garment files; knows nothing of bodies or of how a garment is put on one.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.contract import CATEGORY_LANDMARKS, GARMENT_LANDMARKS
from engines.errors import UserError

Point = tuple[float, float]

MAX_PIXELS = 40_000_000
"""A PNG that claims more pixels than this is not decoded: it would take the memory of all sessions."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, eq=False)
class Garment:
    """One garment seen from the front. Compared and hashed by identity, so that fits can be cached by it."""

    id: str
    name: str
    category: str
    """A key of :data:`engines.contract.CATEGORY_LANDMARKS`."""
    picture: NDArray[np.uint8]
    """(H, W, 4) RGBA, straight alpha, read-only."""
    landmarks: dict[str, Point]
    """(x, y) in pixels of the picture, pixel centres at integers; left and right are the viewer's."""
    opening: tuple[Point, ...] = ()
    """Outline of the neck opening, where the picture shows the inside of the back (a worn garment does not); empty if unknown."""


def load_garment(png: Path, id: str, name: str, category: str, landmarks: Mapping[str, Any], opening: Sequence[Any] = ()) -> Garment:
    """Read ``png`` and check that it can be worn.

    Raises:
        UserError: the file cannot be read, has no alpha, or lacks a landmark of its category.
    """
    return make_garment(_read(png), id, name, category, landmarks, opening, str(png))


def make_garment(
    data: bytes, id: str, name: str, category: str, landmarks: Mapping[str, Any], opening: Sequence[Any], source: str
) -> Garment:
    """The same from the bytes of a PNG; ``source`` names them in error messages."""
    picture = decode_picture(data, source)
    size = (picture.shape[1], picture.shape[0])
    points = check_landmarks(category, landmarks, size, source)
    outline = tuple(_point("opening", value, size, source) for value in opening)
    picture.flags.writeable = False
    return Garment(id, name, category, picture, points, outline)


def load_garment_file(png: Path) -> Garment:
    """Read STEM.png and the STEM.json beside it: ``{"name", "category", "landmarks": {NAME: [x, y]}, "opening": [[x, y], ...]}``.

    Raises:
        UserError: either file cannot be read or the garment cannot be worn.
    """
    described = png.with_suffix(".json")
    if not png.is_file():
        raise UserError(f"cannot read the garment picture {png}: there is no such file.")
    decode_picture(_read(png), str(png))
    if not described.is_file():
        raise UserError(f"the garment {png} has no landmarks: put them into {described.name} beside it (name, category, landmarks).")
    try:
        about = json.loads(described.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"cannot read the garment's landmarks in {described}: {error}.") from None
    if not isinstance(about, dict) or not isinstance(about.get("landmarks"), dict):
        raise UserError(f'the garment {png} has no landmarks: {described} must be an object with "category" and "landmarks".')
    name, category = about.get("name", png.stem), about.get("category")
    return load_garment(png, png.stem, str(name), str(category), about["landmarks"], about.get("opening", []))


def decode_picture(data: bytes, source: str) -> NDArray[np.uint8]:
    """Bytes of a PNG with alpha to (H, W, 4) uint8 RGBA.

    Raises:
        UserError: no PNG, damaged, too large, without alpha or without anything to see.
    """
    _check_png(data, source)
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None:
        raise UserError(f"the garment picture {source} is damaged: save it again as PNG.")
    if decoded.dtype == np.uint16:
        decoded = np.right_shift(decoded.view(np.uint16), 8).astype(np.uint8)
    if decoded.ndim != 3 or decoded.shape[2] != 4 or decoded[..., 3].min() == 255:
        raise UserError(f"the garment picture {source} has no alpha: cut the garment out and save it as PNG with transparency.")
    if decoded[..., 3].max() < 128:
        raise UserError(f"the garment picture {source} is empty: nothing in it is opaque.")
    return np.ascontiguousarray(cv2.cvtColor(decoded, cv2.COLOR_BGRA2RGBA), np.uint8)


def check_landmarks(category: str, landmarks: Mapping[str, Any], size: tuple[int, int], source: str) -> dict[str, Point]:
    """The landmarks as floats, all of the category's there and inside a picture of ``size`` (width, height).

    Raises:
        UserError: an unknown category, a missing, unknown or misplaced landmark.
    """
    if category not in CATEGORY_LANDMARKS:
        raise UserError(f"the garment {source} has the category {category!r}, which is none of {', '.join(CATEGORY_LANDMARKS)}.")
    if missing := [name for name in CATEGORY_LANDMARKS[category] if name not in landmarks]:
        raise UserError(f"the garment {source} lacks landmarks that a {category} must have: {', '.join(missing)}.")
    points: dict[str, Point] = {}
    for name, value in landmarks.items():
        if name not in GARMENT_LANDMARKS:
            raise UserError(f"the garment {source} has an unknown landmark {name!r}.")
        points[name] = _point(name, value, size, source)
    return points


def _read(png: Path) -> bytes:
    try:
        return png.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read the garment picture {png}: {error.strerror}.") from None


def _point(name: str, value: Any, size: tuple[int, int], source: str) -> Point:
    try:
        x, y = (float(number) for number in value[:2])
    except (TypeError, ValueError):
        raise UserError(f"the landmark {name} of the garment {source} is {value!r}; it must be [x, y] in pixels.") from None
    if not (math.isfinite(x) and math.isfinite(y) and -1 <= x <= size[0] and -1 <= y <= size[1]):
        raise UserError(f"the landmark {name} of the garment {source} lies outside its picture, at {value!r}.")
    return x, y


def _check_png(data: bytes, source: str) -> None:
    """OpenCV decodes what it can of a damaged file; here every chunk must be whole, and the picture of a sane size."""
    if not data.startswith(_SIGNATURE):
        raise UserError(f"the garment picture {source} is not a PNG: save the cut-out as PNG with transparency.")
    damaged = UserError(f"the garment picture {source} is damaged: save it again as PNG.")
    at, kind = len(_SIGNATURE), b""
    while kind != b"IEND":
        if at + 12 > len(data):
            raise damaged
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 8 + length
        if end + 4 > len(data) or zlib.crc32(data[at + 4 : end]) != struct.unpack_from(">I", data, end)[0]:
            raise damaged
        if kind == b"IHDR":
            width, height = struct.unpack_from(">II", data, at + 8)
            if width * height > MAX_PIXELS:
                raise UserError(f"the garment picture {source} is {width} x {height} pixels: at most {MAX_PIXELS // 10**6} megapixels.")
        at = end + 4
