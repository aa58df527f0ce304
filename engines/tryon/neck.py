"""The neck: its colour, carried on to where an old collar was, and where skin belongs: inside the new garment's opening."""

from __future__ import annotations

import cv2
import numpy as np

from engines.tryon.cells import Cells
from engines.tryon.pose import Pose

_ENOUGH = 6.0  # cells of skin that must be seen near the neck


def neck_skin(cells: Cells, pose: Pose) -> np.ndarray | None:
    """(h, w, 3) the neck's colour, carried on smoothly beyond where it is seen; None where too little of it is seen."""
    x, y = (pose.chin * 0.55 + pose.neck * 0.45).tolist()
    near = 1 / (0.22 * pose.width)
    weight = cells.of("face")
    weight[weight < 0.8] = 0
    weight *= np.exp(((cells.x - x) * near) ** 2 / -2) * np.exp(((cells.y - y) * near) ** 2 / -2)
    if float(weight.sum()) < _ENOUGH:
        return None
    planes = cv2.merge([*(weight * plane for plane in cv2.split(cells.picture)), weight])
    mean = planes.reshape(-1, 4).sum(0)
    side = 2 * max(round(0.05 * pose.width), 1) + 1
    blurred = cv2.blur(cv2.blur(planes, (side, side)), (side, side))
    blurred += mean * np.float32(0.02 / mean[3])
    return blurred[..., :3] / blurred[..., 3:]


def old_collar(opening: np.ndarray, pose: Pose) -> np.ndarray:
    """(N, 2) the outline in crop pixels inside of which skin belongs rather than cloth: the new garment's opening, and the neck above."""
    half = 0.21 * pose.width * max(pose.facing, 0.6)
    root = pose.neck - pose.down * (0.15 * pose.width)
    top = pose.chin + pose.down * (0.02 * pose.width)
    neck = np.array([root - pose.across * half, top - pose.across * half * 0.9, top + pose.across * half * 0.9, root + pose.across * half])
    return cv2.convexHull(np.vstack([opening, neck]).astype(np.float32))[:, 0]
