"""Where garments are drawn: panels of cloth laid over each other, lit, and brought to a picture with alpha."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.garment.drawing import colour
from engines.garment.drawing.folds import Field, waves
from engines.garment.drawing.geometry import XY, Path

SUPERSAMPLING = 2
"""Drawn this many times larger than kept, for clean edges and fine prints."""
LIGHT = (-0.30, -0.52, 0.80)
"""Where the light comes from: from above, a little from the left, mostly from the front."""


class Canvas:
    """A sheet of ``width`` x ``height`` cm; (0, 0) of the garment lies at ``origin``."""

    def __init__(self, width: float, height: float, origin: XY, pixels_per_cm: float, seed: int) -> None:
        self.scale = pixels_per_cm * SUPERSAMPLING
        self.pixels_per_cm = pixels_per_cm
        self.origin = np.array(origin, np.float64)
        size = (round(height * pixels_per_cm) * SUPERSAMPLING, round(width * pixels_per_cm) * SUPERSAMPLING)
        self.colour: colour.Light = np.zeros((*size, 3), np.float32)
        """Linear light, premultiplied by alpha."""
        self.alpha: Field = np.zeros(size, np.float32)
        self.rng = np.random.default_rng(seed)

    def pixels(self, path: Path) -> Path:
        """Centimetres to pixels of the supersampled sheet, pixel centres at integers."""
        return (path + self.origin) * self.scale - 0.5

    def shadow(self, mask: Field, top: int, left: int, strength: float, blur: float, drop: float) -> None:
        """Darken what already lies under a panel about to be laid down."""
        reach = int(3 * blur * self.scale)
        padded = cv2.copyMakeBorder(mask, reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=0)
        soft = cv2.GaussianBlur(padded, (0, 0), blur * self.scale)
        top, left = top - reach + round(drop * self.scale), left - reach + round(drop * 0.5 * self.scale)
        rows = slice(max(top, 0), min(top + soft.shape[0], self.alpha.shape[0]))
        columns = slice(max(left, 0), min(left + soft.shape[1], self.alpha.shape[1]))
        inner = soft[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
        self.colour[rows, columns] *= (1 - strength * inner)[..., None]

    def lay(self, light: colour.Light, mask: Field, top: int, left: int) -> None:
        """Put a panel's light (not premultiplied) over what is there."""
        area = np.s_[top : top + mask.shape[0], left : left + mask.shape[1]]
        self.colour[area] = light * mask[..., None] + self.colour[area] * (1 - mask[..., None])
        self.alpha[area] = mask + self.alpha[area] * (1 - mask)

    def cut(self, path: Path) -> None:
        """Remove everything inside an outline."""
        hole = np.zeros_like(self.alpha)
        cv2.fillPoly(hole, [np.round(self.pixels(path) * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
        self.colour *= (1 - hole)[..., None]
        self.alpha *= 1 - hole

    def finish(self, points: dict[str, XY], unevenness: float = 0.3, margin: int = 12) -> tuple[NDArray[np.uint8], dict[str, XY]]:
        """The picture (H, W, 4) RGBA, trimmed, and where the given points (cm) are in it (px).

        The whole sheet is warped a little so that no garment is exactly symmetric; the points go with it.
        """
        height, width = self.alpha.shape
        x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        push = np.stack([unevenness * self.scale * waves(self.rng, x / self.scale, y / self.scale, 9) for _ in range(2)])
        premultiplied = np.dstack([self.colour, self.alpha])
        warped = cv2.remap(premultiplied, x + push[0], y + push[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        small = np.asarray(cv2.resize(warped, (width // SUPERSAMPLING, height // SUPERSAMPLING), interpolation=cv2.INTER_AREA), np.float32)
        rgba = colour.to_picture(small)
        shown = np.argwhere(rgba[..., 3] > 0)
        top, left = np.maximum(shown.min(axis=0) - margin, 0)
        bottom, right = shown.max(axis=0) + 1 + margin
        moved = {name: _follow(self.pixels(np.array([point]))[0], push) for name, point in points.items()}
        shift = (SUPERSAMPLING - 1) / 2
        landmarks = {name: ((p[0] - shift) / SUPERSAMPLING - left, (p[1] - shift) / SUPERSAMPLING - top) for name, p in moved.items()}
        return np.ascontiguousarray(rgba[top:bottom, left:right]), landmarks


def _follow(point: Path, push: NDArray[np.float32]) -> Path:
    """Where a point of the sheet is after ``out(p) = sheet(p + push(p))``: solve p + push(p) = point."""
    at = point.copy()
    for _ in range(8):
        column = int(np.clip(round(at[0]), 0, push.shape[2] - 1))
        row = int(np.clip(round(at[1]), 0, push.shape[1] - 1))
        at = point - push[:, row, column]
    return at
