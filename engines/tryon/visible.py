"""How much of the garment is to be seen in each pixel: not behind what is in front, not beside the body unless it is cut so wide."""

from __future__ import annotations

import cv2
import numpy as np

from engines.crop import Crop
from engines.tryon.cells import Cells
from engines.tryon.fit import Fit
from engines.tryon.matte import Guide, matte
from engines.tryon.order import in_front
from engines.tryon.skin import surer
from engines.tryon.warp import Box

_OUTLINE = 0.33  # the body's outline a little further out: what is left of the old garment there would be a dark or pale rim


def visible(below: np.ndarray, fit: Fit, cells: Cells, guide: Guide, crop: Crop, region: Box) -> np.ndarray:
    """(h, w) float32 0..1 for ``region`` of the frame, whose pixels are ``below``."""
    colour, matrix = unit_colour(below), cells.to(region)
    seen, stays, sleeves = in_front(fit.category, fit.reach, fit.pose, fit.outline, fit.worn, cells)
    shown = matte(guide.explain(surer(1.0 - cells.of("background"))), colour, matrix, _OUTLINE)
    for outline in fit.wide:
        shown[polygon(crop.to_frame(outline) - region[:2], shown.shape) > 127] = 1.0  # the garment's own edge inside it is the smooth one
    front = matte(guide.explain(surer(seen)), colour, matrix)
    if stays.min() < 1.0:
        front *= _plain(stays, cells, region)
    if sleeves.max() > 0.0:
        front = np.maximum(front, _plain(sleeves, cells, region))
    shown *= 1.0 - front
    return shown


def _plain(plane: np.ndarray, cells: Cells, region: Box) -> np.ndarray:
    """A mask whose edge is no edge of the picture: enlarged as it is and made as narrow as one."""
    steep = cells.enlarge(cv2.blur(plane, (3, 3)) * 3.0 - 1.0, region)
    return np.clip(steep, 0.0, 1.0, out=steep)


def unit_colour(picture: np.ndarray) -> np.ndarray:
    """(h, w, 4) float32: R, G, B in 0..1 and a 1."""
    return cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA) * np.float32(1 / 255)


def polygon(corners: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """255 inside a polygon, 0 outside, on pixels (h, w)."""
    inside = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.round(corners * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return inside
