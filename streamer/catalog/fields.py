"""What can be said of a garment, checked and brought into the form its row has."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from engines.errors import UserError
from engines.tryon.garment import Garment

ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


class About(TypedDict, total=False):
    """What is known of a garment beside its shape."""

    opening: Sequence[Any]  # outline of the neck opening, [[x, y], ...]
    published: bool  # False: a draft, which only the studio shows
    tags: Mapping[str, Any]
    embedding: NDArray[np.float32] | None  # (N,), L2-normalised
    reader: str  # what made tags and embedding
    price: str  # as it is shown; "" for none
    link: str  # http(s); "" for none
    source: str  # where it came from, for people
    photo: bytes | None  # JPEG of the picture's size that it was cut out of


class Change(About, total=False):
    """What may be changed of a garment."""

    png: bytes
    name: str
    category: str
    landmarks: Mapping[str, Any]


def row_values(about: Mapping[str, Any]) -> dict[str, Any]:
    """The columns for the fields of :class:`About` that are given, files aside. Raises :class:`UserError` for what cannot be kept."""
    values = {name: about[name] for name in ("published", "tags", "reader") if name in about}
    if "price" in about:
        values["price"] = _line(about["price"], "price", 24)
    if "source" in about:
        values["source"] = _line(about["source"], "source", 10_000)[:120]
    if "link" in about:
        values["link"] = _link(about["link"])
    if "embedding" in about:
        numbers = about["embedding"]
        values["embedding"] = None if numbers is None else np.ascontiguousarray(numbers, "<f4").tobytes()
    return values


def shape_values(garment: Garment) -> dict[str, Any]:
    """The columns that a garment ready to be worn fills."""
    landmarks = {name: list(point) for name, point in garment.landmarks.items()}
    opening = [list(point) for point in garment.opening]
    return {"name": garment.name, "category": garment.category, "landmarks": landmarks, "opening": opening}


def clean_name(name: str) -> str:
    """A name without line breaks and the like. Raises :class:`UserError` for none, and for one too long."""
    cleaned = _line(name, "name", 10_000)
    if not 1 <= len(cleaned) <= 80:
        raise UserError(f"a garment's name has 1 to 80 letters, this one {len(cleaned)}.")
    return cleaned


def id_from(name: str) -> str:
    """The start of an id, from a name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:48].strip("-") or "garment"


def _line(text: Any, what: str, longest: int) -> str:
    if not isinstance(text, str):
        raise UserError(f"a garment's {what} is a text.")
    cleaned = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    if len(cleaned) > longest:
        raise UserError(f"a garment's {what} has at most {longest} letters, this one {len(cleaned)}.")
    return cleaned


def _link(text: Any) -> str:
    link = _line(text, "link", 500)
    try:
        parts = urlsplit(link)
        good = not link or (parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in link)
    except ValueError:  # an address in brackets that is none
        good = False
    if not good:
        raise UserError("a garment's link is a whole address that starts with https:// or http://, or it is left out.")
    return link
