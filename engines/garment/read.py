"""Reads a garment from one photo: cuts it out, says what it is and where its landmarks are. ``GarmentReader.load()``, then call it.

photo ▸ cut-out (alpha) ▸ kind, embedding ▸ landmarks of its category ▸ colours, pattern ▸ hints for whoever took the photo.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from engines.contract import CATEGORY_LANDMARKS, KIND_CATEGORY
from engines.errors import UserError
from engines.garment import colours, cutting, pattern
from engines.garment.kind import Kind
from engines.garment.landmarks import Landmark, Landmarks

LONGEST = 2048
"""A larger photo is shrunk to this many pixels at its longest side before it is read; the answer has the photo's size again."""


@dataclass(frozen=True, eq=False)
class Reading:
    """What is known of the garment on a photo."""

    rgba: np.ndarray
    """uint8 (H,W,4): the cut-out, straight alpha, the photo's size; the background's colour is taken out of the edge."""
    category: str
    """A key of :data:`engines.contract.CATEGORY_LANDMARKS`: how it is worn. For a hat or shoes the nearest one, with a hint."""
    scores: dict[str, float]
    """Probability of each of :data:`engines.contract.KINDS`, which sum to 1, and of each category: the sum of its kinds'."""
    landmarks: dict[str, Landmark]
    """NAME -> (x px, y px, score 0..1): all of the category's, left and right the viewer's."""
    tags: dict[str, Any]
    """``kind`` (one of :data:`engines.contract.KINDS`), ``kind_score``, ``colours`` [{name, share, rgb}], ``pattern``, ``wearable``."""
    embedding: np.ndarray
    """float32 (128,), of length 1."""
    hints: tuple[str, ...]
    """Sentences for the user: what may be wrong with the photo, and what to do."""


class GarmentReader:
    """The networks of a garment, and what is computed around them. Keeps no state: one reader serves one thread at a time."""

    def __init__(self, kind: Kind, cutter: cutting.Cutter, pointer: Landmarks) -> None:
        self.kind, self.cutter, self.pointer = kind, cutter, pointer

    @classmethod
    def load(cls, runtime: str | None = None, **options: Any) -> GarmentReader:
        """Load the committed networks; raises UserError (see :func:`engines.load`)."""
        return cls(Kind.load(runtime, **options), cutting.Cutter.load(runtime, **options), Landmarks.load(runtime, **options))

    def __call__(self, picture: np.ndarray) -> Reading:
        """``picture``: uint8 (H,W,3) RGB, or (H,W,4) with an alpha that is kept where it cuts something out.

        Raises UserError where there is nothing to be seen on it, or it is smaller than 32 px.
        """
        height, width = picture.shape[:2]
        if min(height, width) < 32:
            raise UserError(f"The photo is {width} x {height} pixels; at least 32 are needed each way.")
        scale = min(1.0, LONGEST / max(height, width))
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else picture
        cut = self.cutter(small)
        kinds, embedding = self.kind(cut.rgba)
        categories = category_scores(kinds)
        kind = max(kinds, key=kinds.__getitem__)
        category = max(categories, key=categories.__getitem__)
        landmarks = self.pointer(cut.rgba, category)
        hints = list(cut.hints)
        if kind not in KIND_CATEGORY:
            hints.append(f"This looks like {'shoes' if kind == 'shoes' else 'a hat'}, which cannot be tried on here.")
        elif kinds[kind] < 0.5:
            hints.append("It is not certain what this is: check the category.")
        rgba = cut.rgba if scale == 1 else enlarge(cut.rgba, picture)
        full = {name: ((x + 0.5) / scale - 0.5, (y + 0.5) / scale - 0.5, s) for name, (x, y, s) in landmarks.items()}
        return Reading(rgba, category, kinds | categories, full, self._tags(cut.rgba, kinds), embedding, tuple(hints))

    def describe(self, rgba: np.ndarray) -> tuple[dict[str, Any], np.ndarray]:
        """Tags and embedding of a piece that is already cut out, uint8 (H,W,4): of something worn, say.

        Raises UserError where hardly a pixel of it is opaque.
        """
        if np.count_nonzero(rgba[..., 3] > 100) < 64:
            raise UserError("There is hardly anything of this piece to be seen; step back so that it is whole.")
        kinds, embedding = self.kind(rgba)
        return self._tags(rgba, kinds), embedding

    def _tags(self, rgba: np.ndarray, kinds: dict[str, float]) -> dict[str, Any]:
        kind = max(kinds, key=kinds.__getitem__)
        return {
            "kind": kind,
            "kind_score": round(kinds[kind], 3),
            "colours": colours.describe(rgba),
            "pattern": pattern.of(rgba),
            "wearable": kind in KIND_CATEGORY,
        }


def category_scores(kinds: dict[str, float]) -> dict[str, float]:
    """Probability of each category: the sum of its kinds'; hats and shoes have none."""
    scores = dict.fromkeys(CATEGORY_LANDMARKS, 0.0)
    for kind, category in KIND_CATEGORY.items():
        scores[category] += kinds[kind]
    return scores


def enlarge(rgba: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """A small cut-out at the size of its photo: the photo's own pixels inside, the mended ones at the edge."""
    size = (picture.shape[1], picture.shape[0])
    large = cv2.resize(rgba, size, interpolation=cv2.INTER_CUBIC)
    inside = cv2.erode(large[..., 3], np.ones((5, 5), np.uint8)) >= 250
    large[inside, :3] = picture[inside, :3]
    return large
