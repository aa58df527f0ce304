"""Skin where the old collar shows inside the new neckline.

Simple and only where it is sure to be right: a smooth continuation of the neck's own colour, inside the new garment's opening.
"""

from __future__ import annotations

import cv2
import numpy as np

from engines.contract import CLASSES
from engines.tryon.pose import Pose

Plane = np.ndarray

_FACE = CLASSES.index("face")
_CLOTH = [CLASSES.index(name) for name in ("upper-clothes", "coat", "dress", "jumpsuits", "scarf", "accessory")]
_ENOUGH = 6.0  # cells of skin that must be seen near the neck


def neck_skin(picture: np.ndarray, parsing: np.ndarray, pose: Pose) -> Plane | None:
    """(128, 96, 3) the neck's colour, carried on smoothly beyond where it is seen; None where too little of it is seen.

    ``picture`` (128, 96, 3) is the crop at the parsing's size.
    """
    x, y = (pose.chin * 0.55 + pose.neck * 0.45) / 2
    reach = max(0.22 * pose.width / 2, 2.0)
    weight = np.where(parsing[_FACE] > 0.8, parsing[_FACE], np.float32(0))
    ys, xs = np.ogrid[0:128, 0:96]
    near = np.exp(-(((xs - float(x)) / reach) ** 2 + ((ys - float(y)) / reach) ** 2) / 2).astype(np.float32)
    weight *= near
    if float(weight.sum()) < _ENOUGH:
        return None
    sigma = max(0.12 * pose.width / 2, 1.5)
    planes = cv2.merge([*(weight * plane for plane in cv2.split(picture)), weight])
    blurred = cv2.GaussianBlur(planes, (0, 0), sigma)
    mean = planes.reshape(-1, 4).sum(0)
    mean = mean[:3] / mean[3]
    total = blurred[..., 3:] + np.float32(0.02)
    return np.ascontiguousarray((blurred[..., :3] + np.float32(0.02) * mean) / total, np.float32)


def old_collar(opening: np.ndarray, pose: Pose, parsing: np.ndarray) -> tuple[Plane, np.ndarray]:
    """(128, 96) where old cloth is, and the (N, 2) outline in crop pixels inside of which skin belongs instead.

    The outline is the new garment's opening, and above it the neck itself.
    """
    cloth: Plane = parsing[_CLOTH].sum(0)
    half = 0.21 * pose.width * max(pose.facing, 0.6)
    root = pose.neck - pose.down * (0.15 * pose.width)
    top = pose.chin + pose.down * (0.02 * pose.width)
    neck = np.array([root - pose.across * half, top - pose.across * half * 0.9, top + pose.across * half * 0.9, root + pose.across * half])
    hull = cv2.convexHull(np.vstack([opening, neck]).astype(np.float32))[:, 0]
    return cloth, hull.astype(np.float64)
