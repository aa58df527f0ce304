"""Landmarks as heat maps, and back to positions finer than a cell."""

from __future__ import annotations

import numpy as np

STRIDE = 4
"""Crop pixels a cell: the centre of cell i lies at pixel 4i + 1.5."""
SIGMA = 1.5
"""Width of the trained bump, cells."""


def draw(landmarks: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """(18,3) landmarks in crop px -> float32 (18, rows, columns) maps with a Gaussian bump of height 1 each."""
    centre = (landmarks[:, :2] - (STRIDE - 1) / 2) / STRIDE
    x = np.exp(-((np.arange(columns) - centre[:, :1]) ** 2) / (2 * SIGMA**2))
    y = np.exp(-((np.arange(rows) - centre[:, 1:]) ** 2) / (2 * SIGMA**2))
    return (y[:, :, None] * x[:, None, :]).astype(np.float32)


def decode(heatmaps: np.ndarray) -> np.ndarray:
    """(18,R,C) maps -> float32 (18,3): x, y in crop px, and the peak as score 0..1.

    The position is the centroid of the 5x5 cells around the highest one, weighted by the map: a Gaussian's centroid is its centre.
    """
    count, rows, columns = heatmaps.shape
    flat = heatmaps.reshape(count, -1)
    peak = flat.argmax(1)
    row, column = np.divmod(peak, columns)
    padded = np.pad(heatmaps, ((0, 0), (2, 2), (2, 2)))
    reach = np.arange(5)
    window = padded[np.arange(count)[:, None, None], row[:, None, None] + reach[:, None], column[:, None, None] + reach]
    window = np.maximum(window - 0.1 * window.max((1, 2), keepdims=True), 0) + 1e-9
    # At the map's edge only cells count whose opposite cell is on the map, too: half a bump would pull inward.
    whole_x = np.abs(reach - 2) <= np.minimum(column, columns - 1 - column)[:, None]
    whole_y = np.abs(reach - 2) <= np.minimum(row, rows - 1 - row)[:, None]
    window *= whole_y[:, :, None] & whole_x[:, None, :]
    total = window.sum((1, 2))
    dx = (window.sum(1) * (reach - 2)).sum(1) / total
    dy = (window.sum(2) * (reach - 2)).sum(1) / total
    score = flat[np.arange(count), peak]
    return np.stack([(column + dx) * STRIDE + (STRIDE - 1) / 2, (row + dy) * STRIDE + (STRIDE - 1) / 2, score], 1).astype(np.float32)
