"""Paints bare skin, and what lies behind it, over the old garment at the frame's size."""

from __future__ import annotations

import cv2
import numpy as np

from engines.crop import Crop
from engines.tryon.bare import Bare
from engines.tryon.cells import Cells
from engines.tryon.matte import Guide, matte
from engines.tryon.skin import surer
from engines.tryon.warp import Box

_OUTLINE = 0.22  # the old garment is taken a little further out: what is left of it would be a rim


def paint(below: np.ndarray, bare: Bare, cells: Cells, crop: Crop, region: Box, guide: Guide, colour: np.ndarray, face: np.ndarray,
          drawn: np.ndarray) -> np.ndarray:  # fmt: skip
    """Paint on ``below``, the frame's ``region``, in place; (h, w) float32 0..1, where a bare arm is now: in front of the garment.

    ``guide`` is that of the cells' picture, ``colour`` what :func:`engines.tryon.visible.unit_colour` makes of ``below``;
    on ``face`` (h, w) 0..1 nothing is painted. Behind the new garment, ``drawn`` (h, w, 4), only skin is.
    """
    arms = np.zeros(below.shape[:2], np.float32)
    part = cells.box((bare.cloth > 0.02) & (bare.beyond > -2), region)
    if part is None:
        return arms
    y, x = slice(part[1] - region[1], part[3] - region[1]), slice(part[0] - region[0], part[2] - region[0])
    others = np.clip(1.0 - cells.of("background") - bare.cloth, 0.0, 1.0)
    old = matte(guide.explain(surer(bare.cloth, _OUTLINE) * (1.0 - surer(others, 0.4))), colour[y, x], cells.to(part), 0.3)
    near = cells.enlarge(cv2.dilate((bare.cloth > 0.4).astype(np.float32), np.ones((3, 3), np.uint8)), part)
    old *= np.clip(near * 2 - 0.5, 0, 1, out=near)
    # Inside of the old garment a print may have the colour of what is around it: there the parsing is believed.
    inner = cells.enlarge(cv2.morphologyEx(bare.cloth, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)), part)
    np.maximum(old, np.clip(inner * 3 - 1.2, 0, 1, out=inner), out=old)
    edges = cells.enlarge(np.dstack([bare.bare, bare.arm, bare.beyond]), part)
    edges *= np.float32(0.7 / crop.scale)
    edges += np.float32(0.5)
    skin, arm, beyond = cv2.split(np.clip(edges, 0, 1, out=edges))
    old *= beyond
    old *= 1.0 - face[y, x]
    arms[y, x] = arm * old
    old *= np.maximum(skin, 1 - drawn[y, x, 3] * np.float32(1 / 255))
    colours = cells.enlarge(bare.behind, part)
    colours += (cells.enlarge(bare.skin, part) - colours) * skin[..., None]
    picture = below[y, x]
    picture[:] = np.rint(picture + (colours - picture) * old[..., None])
    return arms
