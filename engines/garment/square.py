"""The picture that the networks of a cut-out garment see: a square with the garment on grey in its middle, and its alpha."""

from __future__ import annotations

import cv2
import numpy as np

GREY = 127
"""What lies around the garment."""


def square(rgba: np.ndarray, size: int, margin: float = 0.06) -> tuple[np.ndarray, np.ndarray]:
    """uint8 (size,size,4) and the matrix (2,3) from px of ``rgba``, uint8 (H,W,4), to px of the square. Never squeezed."""
    rows, columns = np.nonzero(rgba[..., 3].max(1) > 100)[0], np.nonzero(rgba[..., 3].max(0) > 100)[0]
    if not len(rows):
        rows, columns = np.array([0, rgba.shape[0] - 1]), np.array([0, rgba.shape[1] - 1])
    x0, x1, y0, y1 = columns[0], columns[-1] + 1, rows[0], rows[-1] + 1
    scale = size / (max(x1 - x0, y1 - y0) * (1 + 2 * margin))
    onto = np.array([[scale, 0, (size - (x0 + x1 - 1) * scale - 1) / 2], [0, scale, (size - (y0 + y1 - 1) * scale - 1) / 2]])
    piece, before = rgba[y0:y1, x0:x1], np.array([[1.0, 0, x0], [0, 1.0, y0], [0, 0, 1]])
    if scale < 0.5:  # shrink by areas first: a bilinear warp alone would skip pixels
        w, h = max(1, round((x1 - x0) * 2 * scale)), max(1, round((y1 - y0) * 2 * scale))
        piece = cv2.resize(piece, (w, h), interpolation=cv2.INTER_AREA)
        sx, sy = (x1 - x0) / w, (y1 - y0) / h
        before = np.array([[sx, 0, x0 + sx / 2 - 0.5], [0, sy, y0 + sy / 2 - 0.5], [0, 0, 1]])
    out = cv2.warpAffine(piece, onto @ before, (size, size), flags=cv2.INTER_LINEAR, borderValue=(GREY, GREY, GREY, 0))
    return on_grey(out), onto


def on_grey(rgba: np.ndarray) -> np.ndarray:
    """The picture where alpha is, grey elsewhere; uint8 (H,W,4)."""
    alpha = cv2.merge([rgba[..., 3]] * 3)
    colour = cv2.add(cv2.multiply(rgba[..., :3], alpha, scale=1 / 255), cv2.multiply(255 - alpha, np.full_like(alpha, GREY), scale=1 / 255))
    return cv2.merge([*cv2.split(colour), rgba[..., 3]])
