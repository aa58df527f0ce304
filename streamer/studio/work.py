"""What the workshop's process does with pictures: bytes and arrays in, bytes and plain values out. The networks are loaded at first use."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import cv2
import numpy as np
from PIL import Image

import engines
from engines.contract import CATEGORY_LANDMARKS, CLASSES, GROUPS
from engines.errors import UserError
from engines.garment.read import GarmentReader
from engines.origin import mark
from engines.pictures import decode_rgb
from streamer.pipeline import Pipeline
from streamer.timing import Spans

LONGEST = 1600
"""Longest side of what is kept of a photo, in pixels: twice what a garment covers of a 1080p picture."""
_THUMBNAIL = 132  # px, of a worn piece
_UNSURE = 0.25  # a landmark with a smaller score is worth a look
_LEAST_SHARE = 0.004  # of the frame: a smaller piece is a mistake, or nothing to be judged

WORN = {
    "upper": (("blouse", "outwear"), ("t-shirt", "shirt", "longsleeve"), "top"),
    "outer": (("outwear", "blouse"), ("outwear",), "outwear"),
    "dress": (("dress",), ("dress",), "dress"),
    "pants": (("trousers",), ("pants", "shorts"), "pants"),
    "skirt": (("skirt",), ("skirt",), "skirt"),
}
"""By group of parsing classes: the categories it is compared with, the kinds it can be, and what to call it otherwise."""


@dataclass(frozen=True, eq=False)
class Read:
    """A garment read from a photo, ready for the catalogue."""

    png: bytes
    photo: bytes
    name: str
    category: str
    landmarks: dict[str, list[float]]
    tags: dict[str, Any]
    embedding: np.ndarray


@dataclass(frozen=True, eq=False)
class Piece:
    """A piece that somebody wears."""

    categories: tuple[str, ...]
    tags: dict[str, Any]
    embedding: np.ndarray
    png: bytes = field(repr=False)


def reader_id() -> str:
    """Whose tags and embeddings :func:`read_photo` makes: those of different ones do not compare."""
    network = engines.network_file("garment.kind")
    return mark(network) if network.is_file() else "outline"


@cache
def reader() -> GarmentReader:
    """The garment's networks, on one thread."""
    return GarmentReader.load(threads=1)


@cache
def _pipeline() -> Pipeline:
    from engines.body import Body

    return Pipeline(Body.load(threads=1))


def warm_up() -> None:
    """Load the garment's networks."""
    reader()


def read_photo(data: bytes, source: str) -> Read:
    """Read the garment on a photo. Raises :class:`UserError`, which names ``source``."""
    picture = _shrink(decode_rgb(data, source, alpha=True))
    seen = reader()(picture)
    landmarks = {name: [round(x, 1), round(y, 1)] for name, (x, y, _) in seen.landmarks.items()}
    unsure = [name for name, (_, _, score) in seen.landmarks.items() if score < _UNSURE]
    tags = {**seen.tags, "hints": list(seen.hints), "unsure": unsure}
    return Read(to_png(seen.rgba), _to_jpeg(picture[..., :3]), name_of(seen.tags), seen.category, landmarks, tags, seen.embedding)


def recut(photo: bytes | None, png: bytes, mask: bytes) -> tuple[bytes, dict[str, Any], np.ndarray]:
    """A cut-out with another outline, and its tags and embedding.

    ``mask``: PNG of the picture's size, its alpha the new one. What was not changed keeps its pixels, whose edge the background was taken
    out of; what comes in is the photo's. Raises UserError for a mask of another size, and for one that leaves nothing.
    """
    old = decode_rgb(png, "The cut-out", alpha=True)
    wanted = decode_rgb(mask, "The mask", alpha=True)
    if wanted.shape != old.shape:
        raise UserError("The outline does not have the picture's size: load the page again.")
    alpha = wanted[..., 3]
    if np.count_nonzero(alpha > 127) < 64:
        raise UserError("Nothing would be left of the garment: bring some of it back with the brush.")
    source = decode_rgb(photo, "The photo") if photo else old[..., :3]
    changed = np.abs(alpha.astype(np.int16) - old[..., 3]) > 8
    rgba = np.dstack([np.where(changed[..., None], source, old[..., :3]), np.where(changed, alpha, old[..., 3])])
    return to_png(rgba), *reader().describe(rgba)


def place(png: bytes, category: str) -> dict[str, list[float]]:
    """The landmarks of a cut-out as a garment of another category."""
    rgba = decode_rgb(png, "The cut-out", alpha=True)
    points = reader().pointer(rgba, category)
    return {name: [round(points[name][0], 1), round(points[name][1], 1)] for name in CATEGORY_LANDMARKS[category]}


def describe(png: bytes) -> tuple[dict[str, Any], np.ndarray]:
    """Tags and embedding of a cut-out."""
    return reader().describe(decode_rgb(png, "The cut-out", alpha=True))


def look(frame: np.ndarray) -> list[Piece] | None:
    """The pieces somebody wears on a frame, uint8 (H,W,3) RGB, from the top down; None where there is nobody."""
    seen = _pipeline().see(frame, None, Spans())
    if seen is None:
        return None
    _, reading, crop = seen
    height, width = frame.shape[:2]
    # A cell (r,c) of the parsing is centred on crop px (2c+0.5, 2r+0.5).
    to_cells = (crop.matrix - [[0, 0, 0.5], [0, 0, 0.5]]) / 2
    pieces = []
    for group, (categories, kinds, otherwise) in WORN.items():
        own = [CLASSES.index(name) for name in GROUPS[group]]
        share, other = reading.parsing[own].sum(0), np.delete(reading.parsing, own, axis=0).max(0)
        # Above a half exactly where no other class is likelier.
        likely = cv2.warpAffine(share / (share + other), to_cells, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        mask = _largest(likely > 0.5)
        if mask.mean() < _LEAST_SHARE:
            continue
        rgba = _trim(np.dstack([frame, np.where(mask, np.clip(likely * 3 - 1, 0, 1) * 255, 0).astype(np.uint8)]))
        tags, embedding = reader().describe(rgba)
        tags["kind"] = tags["kind"] if tags["kind"] in kinds else kinds[0] if len(kinds) == 1 else otherwise
        pieces.append(Piece(categories, tags, embedding, to_png(_fit(rgba, _THUMBNAIL))))
    return pieces


def name_of(tags: dict[str, Any]) -> str:
    """A name to start with: "Navy striped t-shirt"."""
    colours = [each["name"] for each in tags.get("colours", [])][:1]
    pattern = [tags["pattern"]] if tags.get("pattern") not in (None, "plain") else []
    kind = {"longsleeve": "long sleeve", "outwear": "jacket", "pants": "trousers"}.get(tags["kind"], tags["kind"])
    words = " ".join([*colours, *pattern, kind])
    return words[0].upper() + words[1:]


def to_png(rgba: np.ndarray) -> bytes:
    """uint8 (H,W,4) RGBA as PNG; what is transparent is black, so that nothing of the photo's surroundings is left in the file."""
    clean = cv2.cvtColor(np.ascontiguousarray(rgba), cv2.COLOR_RGBA2BGRA)
    clean[clean[..., 3] == 0] = 0
    return cv2.imencode(".png", clean, [cv2.IMWRITE_PNG_COMPRESSION, 3])[1].tobytes()


def _to_jpeg(rgb: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(rgb)).save(file, "JPEG", quality=90)
    return file.getvalue()


def _shrink(picture: np.ndarray) -> np.ndarray:
    scale = LONGEST / max(picture.shape[:2])
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else picture


def _fit(rgba: np.ndarray, side: int) -> np.ndarray:
    scale = side / max(rgba.shape[:2])
    return cv2.resize(rgba, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else rgba


def _trim(rgba: np.ndarray) -> np.ndarray:
    rows, columns = (np.flatnonzero(rgba[..., 3].any(axis=axis)) for axis in (1, 0))
    return rgba[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _largest(mask: np.ndarray) -> np.ndarray:
    """The largest part, and others at least a fifth of it: an open coat has two."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    areas = stats[1:count, cv2.CC_STAT_AREA]
    return np.isin(labels, 1 + np.flatnonzero(areas >= 0.2 * areas.max())) if len(areas) else mask
