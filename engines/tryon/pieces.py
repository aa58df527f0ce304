"""Pictures of the parts of a garment, kept ready for drawing.

Alpha is premultiplied, so that no colour of the surroundings bleeds into an edge, and each part is kept in several sizes, so that
stripes and checks drawn small do not flicker.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

_HALF_STEPS = 8


@dataclass(frozen=True, eq=False)
class Piece:
    """A part of a garment's picture."""

    name: str
    picture: np.ndarray
    """(h, w, 4) RGBA, premultiplied."""
    origin: tuple[int, int]
    """Where its upper left pixel lies in the garment's picture, (x, y)."""

    @cached_property
    def sizes(self) -> list[np.ndarray]:
        """The picture, and smaller ones, each 1/√2 of the one before in width and height."""
        sizes = [self.picture]
        height, width = self.picture.shape[:2]
        for step in range(1, _HALF_STEPS + 1):
            size = max(round(width / 2 ** (step / 2)), 2), max(round(height / 2 ** (step / 2)), 2)
            sizes.append(cv2.resize(self.picture, size, interpolation=cv2.INTER_AREA))
        return sizes

    def for_scale(self, scale: float) -> np.ndarray:
        """The size to draw from where ``scale`` pixels of the picture fall on one that is drawn."""
        step = round(2 * np.log2(max(scale, 1e-3)) - 0.4)
        return self.sizes[int(np.clip(step, 0, _HALF_STEPS))]


def premultiplied(picture: np.ndarray) -> np.ndarray:
    """Straight RGBA to premultiplied; the outermost half pixel is taken off, where a cut-out keeps a trace of its background."""
    alpha = picture[..., 3].astype(np.float32)
    alpha = np.clip((cv2.blur(alpha, (3, 3)) - 96.0) * (255.0 / 128.0), 0, alpha)
    scaled = picture[..., :3] * (alpha / 255.0)[..., None]
    return np.ascontiguousarray(np.rint(np.dstack([scaled, alpha])), np.uint8)


def piece(name: str, picture: np.ndarray, mask: np.ndarray) -> Piece:
    """The part of a premultiplied picture (H, W, 4) where ``mask`` (H, W) is not 0, no larger than needed."""
    picture = cv2.multiply(picture, cv2.merge([mask] * 4), scale=1 / 255)
    ys, xs = np.nonzero(picture[..., 3])
    if not len(ys):
        return Piece(name, np.zeros((2, 2, 4), np.uint8), (0, 0))
    x0, y0 = max(int(xs.min()) - 2, 0), max(int(ys.min()) - 2, 0)
    return Piece(name, np.ascontiguousarray(picture[y0 : ys.max() + 3, x0 : xs.max() + 3]), (x0, y0))


def printed(picture: np.ndarray) -> float:
    """0 for plain cloth, towards 1 for a strong print, from the spread of the lightness inside an RGBA picture."""
    grey = cv2.cvtColor(np.ascontiguousarray(picture[..., :3]), cv2.COLOR_RGB2GRAY)
    inside = grey[picture[..., 3] > 127]
    return float(np.clip(inside.std() / 50.0, 0, 1)) if len(inside) else 0.0
