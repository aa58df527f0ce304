"""Cuts the garment out of a photo: GrabCut for the region, then a soft edge whose colours are the garment's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from engines.errors import UserError

SIDE = 224
"""Longest side at which the region is found."""
_BORDER = 8


@dataclass(frozen=True, eq=False)
class Cut:
    """``rgba``: uint8 (H,W,4), straight alpha, the photo's size; ``hints``: what may be wrong with it."""

    rgba: np.ndarray
    hints: tuple[str, ...]


class Cutter:
    """The cut-out of a photo."""

    @classmethod
    def load(cls, runtime: str | None = None, **options: Any) -> Cutter:
        """Nothing to be loaded yet: GrabCut alone."""
        return cls()

    def __call__(self, picture: np.ndarray) -> Cut:
        """``picture``: uint8 (H,W,3) RGB or (H,W,4). Raises UserError where there is nothing on it."""
        rgb = np.ascontiguousarray(picture[..., :3])
        given = picture[..., 3] if picture.shape[2] == 4 and picture[..., 3].min() < 128 else None
        if given is not None:
            if np.count_nonzero(given > 127) < 64:
                raise UserError("The picture is transparent all over; there is no garment on it.")
            return Cut(np.dstack([rgb, given]), _hints(given))
        scale = min(1.0, SIDE / max(rgb.shape[:2]))
        small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        region = _grabcut(small)
        if region.mean() < 0.01:
            raise UserError("There is no garment to be seen on the photo: nothing differs from what lies around it.")
        alpha = cv2.resize(region.astype(np.float32), rgb.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        soft = np.clip(alpha * 2 - 0.5, 0, 1)
        return Cut(np.dstack([rgb, (soft * 255 + 0.5).astype(np.uint8)]), _hints((soft * 255).astype(np.uint8)))


def _grabcut(picture: np.ndarray) -> np.ndarray:
    """bool (h,w): GrabCut from a rectangle 8 px inside the border; all False where it finds nothing."""
    height, width = picture.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    border = min(_BORDER, height // 4, width // 4)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(1)
    try:
        cv2.grabCut(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), mask, (border, border, width - 2 * border, height - 2 * border), *models, 5,
                    cv2.GC_INIT_WITH_RECT)  # fmt: skip
    except cv2.error:  # one colour all over
        return np.zeros((height, width), bool)
    region = (mask & 1).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(region, connectivity=8)
    if count < 2:
        return np.zeros((height, width), bool)
    # A ball on the floor is no garment; a sleeve that GrabCut cut off is.
    areas = stats[:, cv2.CC_STAT_AREA]
    return np.isin(labels, [i for i in range(1, count) if areas[i] >= 0.08 * areas[1:].max()])


def _hints(alpha: np.ndarray) -> tuple[str, ...]:
    """What the cut-out itself says of the photo."""
    solid = alpha > 127
    hints = []
    touching = [edge.mean() for edge in (solid[0], solid[-1], solid[:, 0], solid[:, -1])]
    if max(touching) > 0.12:
        hints.append("The garment is cut off by the edge of the photo: step back so that all of it is on the photo.")
    count, _, stats, _ = cv2.connectedComponentsWithStats(solid.astype(np.uint8), connectivity=8)
    areas = np.sort(stats[1:count, cv2.CC_STAT_AREA])[::-1]
    if len(areas) > 1 and areas[1] > 0.3 * areas[0]:
        hints.append("There seem to be two pieces on the photo: take one photo of each.")
    return tuple(hints)
