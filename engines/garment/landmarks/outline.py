"""Landmarks and the garment's own outline: hems and cuffs end at its corners, armpits and the crotch lie in its hollows."""

from __future__ import annotations

import cv2
import numpy as np

_POINTS = 400
"""Points that stand for the outline."""
_ARM = 9
"""Steps along the outline to either side, between which the turn at a point is measured."""
CORNERS = ("hem", "cuff", "bottom", "waistband")
HOLLOWS = ("armpit", "crotch")


def outline(alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """float (400,2) px along the largest piece's outline, and how sharply it turns there: 1 a spike, 0 straight, -1 a slit.

    ``alpha``: uint8 (H,W) with something opaque on it.
    """
    contours = cv2.findContours((alpha > 127).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    line = max(contours, key=cv2.contourArea)[:, 0].astype(np.float64)
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0, append=line[:1]), axis=1))])
    at = np.linspace(0, along[-1], _POINTS, endpoint=False)
    closed = np.concatenate([line, line[:1]])
    points = np.stack([np.interp(at, along, closed[:, k]) for k in (0, 1)], 1)
    before, after = np.roll(points, _ARM, 0) - points, np.roll(points, -_ARM, 0) - points
    lengths = np.maximum(np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1), 1e-6)
    sharp = (1 + (before * after).sum(1) / lengths) / 2
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    # Outwards or inwards: the outline runs one way round; its area's sign says which.
    ahead = np.roll(points, -1, 0)
    area = float((points[:, 0] * ahead[:, 1] - points[:, 1] * ahead[:, 0]).sum())
    return points, sharp * -np.sign(cross) * np.sign(area)


def snap(found: np.ndarray, names: tuple[str, ...], alpha: np.ndarray, reach: float = 0.05, pull: float = 1.0) -> np.ndarray:
    """``found`` (N,2+) px with the points of corners and hollows moved onto the nearest fitting place of the outline.

    ``reach``: how far, as a share of the garment's larger side; ``pull`` 0..1: how much of the way.
    """
    points, turn = outline(alpha)
    size = float(np.ptp(points, axis=0).max())
    moved = found.copy()
    for i, name in enumerate(names):
        sign = 1 if any(part in name for part in CORNERS) else -1 if any(part in name for part in HOLLOWS) else 0
        if not sign:
            continue
        distance = np.linalg.norm(points - found[i, :2], axis=1) / (reach * size)
        merit = np.where(distance < 1, sign * turn - 0.6 * distance**2, -np.inf)
        best = int(merit.argmax())
        if sign * turn[best] > 0.1 and np.isfinite(merit[best]):
            moved[i, :2] += pull * (points[best] - found[i, :2])
    return moved
