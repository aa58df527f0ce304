"""Whether a garment is plain, striped, checked or printed, measured on its cut-out."""

from __future__ import annotations

import cv2
import numpy as np

PATTERNS = ("plain", "striped", "checked", "printed")
_SIDE = 192


def features(rgba: np.ndarray) -> np.ndarray:
    """float (5,): contrast of colour inside the piece; edges; share of gradients across, along; their regularity.

    ``rgba``: uint8 (H,W,4) cut-out.
    """
    rows, columns = np.nonzero(rgba[..., 3].max(1) > 100)[0], np.nonzero(rgba[..., 3].max(0) > 100)[0]
    if not len(rows):
        return np.zeros(5)
    piece = rgba[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = _SIDE / max(piece.shape[:2])
    piece = cv2.resize(piece, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    inner = cv2.erode((piece[..., 3] > 200).astype(np.uint8), np.ones((9, 9), np.uint8), borderValue=0) > 0
    if inner.sum() < 100:
        return np.zeros(5)
    lab = cv2.cvtColor(piece[..., :3].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    # Folds change lightness slowly; prints change it at once, and colour with it.
    weight = inner.astype(np.float32)
    mean = cv2.GaussianBlur(lab * weight[..., None], (0, 0), 9) / np.maximum(cv2.GaussianBlur(weight, (0, 0), 9), 1e-3)[..., None]
    detail = cv2.GaussianBlur(lab - mean, (0, 0), 1.0)
    contrast = float(np.sqrt((detail[inner] ** 2).sum(1).mean()))
    chroma = float(np.sqrt((detail[inner][:, 1:] ** 2).sum(1).mean()))
    dx, dy = cv2.Sobel(detail[..., 0], cv2.CV_32F, 1, 0)[inner], cv2.Sobel(detail[..., 0], cv2.CV_32F, 0, 1)[inner]
    jxx, jyy, jxy = float((dx * dx).mean()), float((dy * dy).mean()), float((dx * dy).mean())
    coherence = float(np.hypot(jxx - jyy, 2 * jxy) / max(jxx + jyy, 1e-6))
    angle = np.arctan2(dy, dx)
    strength = np.hypot(dx, dy)
    # Gradients of checks stand on two directions at a right angle: the fourth harmonic of their angles.
    fourth = float(np.abs((strength * np.exp(4j * angle)).sum()) / max(float(strength.sum()), 1e-6))
    return np.array([contrast, chroma, float(strength.mean()), coherence, fourth])


def of(rgba: np.ndarray) -> str:
    """One of :data:`PATTERNS`."""
    contrast, chroma, edges, coherence, fourth = features(rgba)
    if contrast < 5.0 and chroma < 3.5:
        return "plain"
    if coherence > 0.5 and edges > 12:
        return "striped"
    if fourth > 0.33 and edges > 12:
        return "checked"
    return "printed"
