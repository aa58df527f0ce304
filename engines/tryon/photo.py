"""A garment on the person of one photo: find ▸ crop ▸ body ▸ fit ▸ dress, without anything from before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from engines.body import Body, Reading
from engines.body.person import read_person
from engines.crop import Crop
from engines.errors import UserError
from engines.tryon.dress import dress
from engines.tryon.fit import fit
from engines.tryon.garment import Garment
from engines.tryon.invented import Invent
from engines.tryon.tom import TryOnModule

Method = Callable[[np.ndarray, Garment, Reading, Crop], np.ndarray | None]
"""A way to dress: the picture (H, W, 3) uint8 RGB, which it leaves alone, the garment, and the body read on a crop of it; the picture
with the garment, or None where the body it needs is not in view."""


def by_landmarks(picture: np.ndarray, garment: Garment, reading: Reading, crop: Crop, invent: Invent | None = None) -> np.ndarray | None:
    """The garment warped by its landmarks; with ``invent``, the try-on network, bare legs where it is shorter than what is worn."""
    made = fit(garment, reading, crop)
    if made is None:
        return None
    drawn = picture.copy()
    dress(drawn, made, reading, crop, invent=invent)
    return drawn


def with_network(runtime: str | None = None) -> Method:
    """What the live picture shows: the landmark warp, and the try-on network where something must be invented. Raises UserError."""
    return partial(by_landmarks, invent=TryOnModule.load(runtime))


METHODS: dict[str, Callable[[], Method]] = {"landmarks": lambda: by_landmarks, "network": with_network}
"""By name, how a method is loaded. Raises UserError."""


@dataclass(frozen=True, eq=False)
class Worn:
    """A photo, dressed."""

    picture: np.ndarray
    """uint8 (H, W, 3)"""
    reading: Reading
    """Of the photo as it was."""
    crop: Crop


class TryOn:
    """Dresses photos. Keeps no state."""

    def __init__(self, body: Body, method: Method = by_landmarks) -> None:
        self.body, self.method = body, method

    def __call__(self, photo: np.ndarray, garment: Garment) -> Worn:
        """``photo`` (H, W, 3) uint8 RGB. Raises UserError where nobody is on it, or not the part of them that the garment needs."""
        reading, crop, found = read_person(self.body, photo)
        if not found:
            raise UserError("no person was found on the photo: take one with the upper body in view.")
        drawn = self.method(photo, garment, reading, crop)
        if drawn is None:
            raise UserError(f"the person is too close for a garment of the category {garment.category}: take a photo from further away.")
        return Worn(drawn, reading, crop)
