"""Skin where the old collar shows inside the new neckline.

Simple and only where it is sure to be right: a smooth continuation of the neck's own colour, inside the new garment's opening.
"""

from __future__ import annotations

import cv2
import numpy as np

from engines.crop import Crop
from engines.tryon.cells import Cells, window
from engines.tryon.matte import Guide, matte
from engines.tryon.pose import Pose
from engines.tryon.skin import surer
from engines.tryon.visible import polygon, unit_colour

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


def clear_neck(frame: np.ndarray, opening: np.ndarray, pose: Pose, parsing: np.ndarray, crop: Crop) -> None:
    """Paint the neck's own colour over old cloth inside ``opening`` (N, 2, crop pixels) on the frame, in place."""
    corners = crop.to_frame(old_collar(opening, pose))
    x0, y0 = np.maximum(np.floor(corners.min(0)).astype(int) - 1, 0).tolist()
    x1, y1 = np.minimum(np.ceil(corners.max(0)).astype(int) + 2, frame.shape[1::-1]).tolist()
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    box = x0, y0, x1, y1
    cells = window(parsing, crop, box)
    cloth = cells.of("upper-clothes", "coat", "dress", "jumpsuits", "accessory")
    if cloth.max() < 0.2 or (skin := neck_skin(cells, pose)) is None:
        return
    part = frame[y0:y1, x0:x1]
    share = matte(Guide(cells.picture).explain(surer(cloth)), unit_colour(part), cells.to(box))
    share *= polygon(corners - [x0, y0], part.shape) * np.float32(1 / 255)
    paint = cv2.multiply(cells.enlarge(skin, box), cv2.merge([share] * 3))
    cv2.add(cv2.multiply(part, cv2.merge([1 - share] * 3), dtype=cv2.CV_32F), paint, dst=part, dtype=cv2.CV_8U)
