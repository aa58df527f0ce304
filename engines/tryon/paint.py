"""Paints bare skin, and what lies behind it, over the old garment at the frame's size."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from engines.crop import Crop
from engines.tryon.bare import Bare
from engines.tryon.cells import Cells
from engines.tryon.matte import Guide, crisp
from engines.tryon.skin import surer
from engines.tryon.warp import Box

OUTLINE = 0.22  # the old garment is taken a little further out: what is left of it would be a rim
_SQUARE = np.ones((3, 3), np.uint8)


def paint(below: np.ndarray, bare: Bare, cells: Cells, crop: Crop, region: Box, guide: Guide, colours: Sequence[np.ndarray],
          may: np.ndarray, drawn: np.ndarray, shown: np.ndarray, where: np.ndarray) -> None:  # fmt: skip
    """Paint on ``below``, the frame's ``region``, in place; and take bare arms, which are in front of the garment, off ``shown`` (h, w).

    ``guide`` is that of the cells' picture, ``colours`` what :func:`engines.tryon.visible.unit_colours` makes of ``below``; ``may`` (h, w)
    0..1 where anything may be painted, ``where`` on which cells. Behind the new garment, ``drawn`` (h, w, 4), only skin is.
    """
    others = np.clip(1.0 - cells.of("background") - bare.cloth, 0.0, 1.0)
    functions = guide.explain(surer(bare.cloth, OUTLINE) * (1.0 - surer(others, 0.4)))
    # Inside of the old garment a print may have the colour of what is around it: there the parsing is believed, as it is far away from it.
    inner = cv2.morphologyEx(bare.cloth, cv2.MORPH_CLOSE, _SQUARE) * 3.0 - 1.2
    near = cv2.dilate((bare.cloth > 0.4).astype(np.float32), _SQUARE) * 2.0 - 0.5
    edge = np.float32(0.7 / crop.scale)
    planes = [inner, near, bare.beyond * edge + 0.5, bare.bare * edge + 0.5, bare.arm * edge + 0.5]
    # Colours are enlarged as whole numbers, all three at once: a seventh of the time.
    every = [*cv2.split(functions), *planes, cv2.convertScaleAbs(bare.behind), cv2.convertScaleAbs(bare.skin)]
    for part in cells.boxes(where, region):
        y, x = slice(part[1] - region[1], part[3] - region[1]), slice(part[0] - region[0], part[2] - region[0])
        large = cells.enlarge_each(every, part)
        old = crisp(large[:4], [plane[y, x] for plane in colours], 0.3)
        inside, close, beyond, skin, arm = (np.clip(plane, 0.0, 1.0, out=plane) for plane in large[4:9])
        old = cv2.max(old, inside)
        for plane in (close, beyond, may[y, x]):
            old = cv2.multiply(old, plane)
        target = shown[y, x]
        target -= target * cv2.multiply(arm, old)
        old = cv2.multiply(old, cv2.max(skin, 1.0 - drawn[y, x, 3] * np.float32(1 / 255)))
        painted = _mixed(large[9], large[10], skin)
        below[y, x] = _mixed(below[y, x], painted, old)


def _mixed(ground: np.ndarray, over: np.ndarray, share: np.ndarray) -> np.ndarray:
    """(h, w, 3) uint8: ``over`` in the ``share`` (h, w) 0..1, ``ground`` in the rest; in whole numbers."""
    comes = cv2.convertScaleAbs(share, alpha=255)
    stays, comes = (cv2.merge([plane] * 3) for plane in (cv2.bitwise_not(comes), comes))
    return cv2.add(cv2.multiply(ground, stays, scale=1 / 255), cv2.multiply(over, comes, scale=1 / 255))
