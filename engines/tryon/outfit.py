"""Several pieces worn at once, from the inside out."""

from __future__ import annotations

from collections.abc import Iterable

from engines.errors import UserError
from engines.tryon.garment import Garment

Outfit = tuple[Garment, ...]
"""In the order in which they are drawn: what is worn over something comes after it."""

_OUTWARDS = ("trousers", "skirt", "blouse", "dress", "outwear")
_PLACES = {"trousers": {"legs"}, "skirt": {"legs"}, "blouse": {"chest"}, "dress": {"legs", "chest"}, "outwear": {"over"}}


def outfit(garments: Iterable[Garment]) -> Outfit:
    """The garments in the order in which they are worn over one another.

    Raises:
        UserError: two of them belong in the same place.
    """
    ordered = sorted(garments, key=lambda garment: _OUTWARDS.index(garment.category))
    for number, garment in enumerate(ordered):
        for other in ordered[:number]:
            if _PLACES[garment.category] & _PLACES[other.category]:
                raise UserError(f"{other.name} and {garment.name} cannot be worn at once: they belong in the same place.")
    return tuple(ordered)
