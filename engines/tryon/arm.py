"""A bare arm on the cells of a window: along the middle of the sleeve that is worn, as thick as an arm but no thicker than the sleeve."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from engines.tryon.cells import Cells
from engines.tryon.outline import Outline
from engines.tryon.pose import Pose

Plane = np.ndarray

_SHOULDER, _ELBOW, _FOREARM, _WRIST = 0.150, 0.125, 0.120, 0.085  # half widths of a bare arm, in shoulder widths
_THICKEST = 0.35  # of the way from the elbow to the wrist
_WIDE = 1.5  # an old sleeve reaches so far from the arm's middle, in its usual half widths


@dataclass(frozen=True, eq=False)
class BareArm:
    """Planes (h, w) float32."""

    inside: Plane
    """How far inside of its edge, in crop pixels."""
    across: Plane
    """0 on its middle, 1 at its edge."""
    along: Plane
    """1 the elbow, 2 the wrist."""
    sleeve: Plane
    """How far inside of the old sleeve's edge, in crop pixels."""


def bare_arm(side: int, pose: Pose, outline: Outline, cells: Cells) -> BareArm:
    """The arm on ``side`` (0 the viewer's left)."""
    upper = _limb(pose.shoulders[side], pose.elbows[side], 1.0, side, outline.arms[side][0] * pose.width, pose, cells)
    fore = _limb(pose.elbows[side], pose.wrists[side], 1.35, side, outline.arms[side][1] * pose.width, pose, cells)
    on_fore = fore[0] < upper[0]
    inside, sleeve = np.maximum(upper[1], fore[1]), np.maximum(upper[4], fore[4])
    return BareArm(inside, np.where(on_fore, fore[2], upper[2]), np.where(on_fore, fore[3] + 1, upper[3]), sleeve)


def _limb(a: np.ndarray, b: np.ndarray, last: float, side: int, widths: np.ndarray, pose: Pose, cells: Cells) -> list[Plane]:
    """For each cell: distance from the middle of a limb, how far inside of its bare edge, distance over half width, how far along it, and
    how far inside of its sleeve. ``widths`` (2,) from the line between the joints outwards and inwards, with the sleeve, in crop pixels."""
    step = b - a
    length = max(float(np.hypot(*step)), 1e-3)
    out = np.array([-step[1], step[0]]) / length * (1 if side == 0 else -1)
    start = a + out * float(widths[0] - widths[1]) / 2
    t = np.clip(cells.along(start, step / (length * length)), 0.0, last)
    (x, y), (dx, dy) = start.tolist(), step.tolist()
    away = cv2.magnitude(cells.x - x - t * dx, cells.y - y - t * dy)
    worn = float(widths.mean())
    if last > 1:
        half = (
            _ELBOW
            - (_ELBOW - _FOREARM) / _THICKEST * np.minimum(t, _THICKEST)
            - (_FOREARM - _WRIST) / (1 - _THICKEST) * np.clip(t - _THICKEST, 0, None)
        )
    else:
        half = _SHOULDER + (_ELBOW - _SHOULDER) * t
    half = np.minimum(half * pose.width, worn)
    return [away, half - away, away / half, t, _WIDE * worn - away]
