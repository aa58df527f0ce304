"""Instances as maps: for every pixel of a piece of clothing the way to its centre (Cheng et al., Panoptic-DeepLab, 2020)."""

from __future__ import annotations

import numpy as np

from engines.body.heatmaps import STRIDE
from engines.training.people import IGNORE

SIGMA = 2.0
"""Width of a centre's bump, cells."""
_FEWEST = 5
"""Cells of a piece; smaller ones have no centre worth finding."""


def draw(instances: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(128,96) instances -> float32 centres (64,48), offsets (2,64,48) x and y in crop px, and where they are known (64,48) bool.

    A cell's offset leads from its own centre to the centroid of its piece.
    """
    cells = instances[::2, ::2]
    rows, columns = cells.shape
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    centres, offsets = np.zeros((rows, columns), np.float32), np.zeros((2, rows, columns), np.float32)
    for piece in np.unique(cells):
        here = cells == piece
        if piece in (0, IGNORE) or here.sum() < _FEWEST:
            continue
        cy, cx = y[here].mean(), x[here].mean()
        np.maximum(centres, np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * SIGMA**2)), out=centres)
        offsets[0][here], offsets[1][here] = (cx - x[here]) * STRIDE, (cy - y[here]) * STRIDE
    return centres, offsets, cells != IGNORE
