"""The body's skeleton in the crop: what the landmarks say, completed by body proportions where they say nothing.

Knows nothing of garments or of the parsing. ``left`` and ``right`` are the viewer's here, index 0 and 1, as on garments.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.contract import LANDMARKS

Vector = np.ndarray
"""(2,) x, y or a direction, in crop pixels."""

SEEN = 0.15
"""A landmark whose score is below this is taken as not seen and estimated from the others."""

_WIDTH_OF_TORSO = 0.62  # shoulder width over the length from the shoulders to the hips, facing the camera
_UPPER_ARM, _FOREARM, _THIGH, _SHIN = 0.82, 0.72, 1.15, 1.05  # lengths in shoulder widths
_HIP_WIDTH = 0.60
_AT = {name: index for index, name in enumerate(LANDMARKS)}
_SIDES = ("right", "left")  # the person's right is the viewer's left


@dataclass(frozen=True, eq=False)
class Pose:
    """A skeleton. Pairs are (2, 2) arrays: row 0 the viewer's left, row 1 the viewer's right."""

    neck: Vector
    """Middle between the shoulder joints."""
    hips: Vector
    """Middle between the hip joints."""
    down: Vector
    """Unit vector along the torso, from the neck to the hips."""
    across: Vector
    """Unit vector square to ``down``, to the viewer's right."""
    width: float
    """What the distance between the shoulder joints would be, were the body facing the camera."""
    torso: float
    """Distance from neck to hips."""
    facing: float
    """Seen shoulder width over ``width``: 1 frontal, near 0 in profile."""
    shoulders: np.ndarray
    elbows: np.ndarray
    wrists: np.ndarray
    hip_joints: np.ndarray
    knees: np.ndarray
    ankles: np.ndarray
    arms_seen: tuple[tuple[bool, bool], tuple[bool, bool]]
    """For each side: is the elbow seen, is the wrist."""
    hips_seen: bool
    knees_seen: bool
    nose: Vector
    chin: Vector
    """The lowest point of the face, on the line from nose to neck."""

    def place(self, across: float, along: float) -> Vector:
        """The point ``across`` shoulder widths to the right of the torso's axis and ``along`` torso lengths below the neck."""
        return self.neck + self.across * (across * self.width) + self.down * (along * self.torso)


def pose(landmarks: np.ndarray) -> Pose | None:
    """Complete (18, 3) landmarks (x, y in crop pixels, score) to a skeleton; None where the shoulders are not seen."""
    points = landmarks[:, :2].astype(np.float64)
    score = landmarks[:, 2]

    def pair(part: str) -> tuple[np.ndarray, np.ndarray]:
        index = [_AT[f"{side}-{part}"] for side in _SIDES]
        return points[index], score[index] >= SEEN

    shoulders, shoulders_seen = pair("shoulder")
    if not shoulders_seen.any():
        return None
    nose, nose_seen = points[_AT["nose"]], bool(score[_AT["nose"]] >= SEEN)
    if not shoulders_seen.all():
        middle = points[_AT["neck"]] if score[_AT["neck"]] >= SEEN else nose
        if score[_AT["neck"]] < SEEN and not nose_seen:
            return None
        unseen = int(shoulders_seen.argmin())
        shoulders[unseen] = 2 * middle - shoulders[1 - unseen]
        shoulders[unseen, 1] = shoulders[1 - unseen, 1]
    joints = {part: pair(part) for part in ("elbow", "wrist", "hip", "knee", "ankle")}
    if shoulders[0, 0] > shoulders[1, 0] + 2:  # seen from behind: the person's right is on the viewer's right
        shoulders = shoulders[::-1]
        joints = {part: (where[::-1], seen[::-1]) for part, (where, seen) in joints.items()}

    neck = shoulders.mean(0)
    seen_width = float(np.hypot(*(shoulders[1] - shoulders[0])))
    hip_joints, hips_seen = joints["hip"]
    down, torso = _axis(neck, shoulders, seen_width, hip_joints, bool(hips_seen.all()))
    width = float(max(seen_width, _WIDTH_OF_TORSO * torso, 4.0))
    across = np.array([down[1], -down[0]])
    hips = neck + down * torso
    if not hips_seen.all():
        hip_joints = np.stack([hips - across * (_HIP_WIDTH / 2 * width), hips + across * (_HIP_WIDTH / 2 * width)])
    elbows, wrists, arms_seen = _arms(shoulders, joints, down, across, width)
    knees, ankles, knees_seen = _legs(hip_joints, joints, down, width)
    if not nose_seen:
        nose = neck - down * (0.6 * width)
    return Pose(neck, hips, down, across, width, torso, min(seen_width / width, 1.0), shoulders, elbows, wrists, hip_joints, knees, ankles,
                arms_seen, bool(hips_seen.all()), knees_seen, nose, nose + (neck - nose) * 0.48)  # fmt: skip


def _axis(neck: Vector, shoulders: np.ndarray, width: float, hips: np.ndarray, seen: bool) -> tuple[Vector, float]:
    """Direction and length of the torso; without hips square to the shoulders, with a body's usual length."""
    if seen:
        axis = hips.mean(0) - neck
        length = float(np.hypot(*axis))
        if length > 0.5 * width and axis[1] > 0:
            return axis / length, length
    line = shoulders[1] - shoulders[0]
    down = np.array([-line[1], line[0]]) / max(width, 1e-6) + np.array([0.0, 1.0])  # half way between square to the shoulders and upright
    return down / np.hypot(*down), width / _WIDTH_OF_TORSO


Joints = dict[str, tuple[np.ndarray, np.ndarray]]


def _arms(shoulders: np.ndarray, joints: Joints, down: Vector, across: Vector, width: float
          ) -> tuple[np.ndarray, np.ndarray, tuple[tuple[bool, bool], tuple[bool, bool]]]:  # fmt: skip
    elbows, wrists = joints["elbow"][0].copy(), joints["wrist"][0].copy()
    elbow_seen, wrist_seen = joints["elbow"][1], joints["wrist"][1]
    for side in (0, 1):
        outwards = across * (0.15 * (2 * side - 1))
        if not elbow_seen[side]:
            elbows[side] = shoulders[side] + (down + outwards) * (_UPPER_ARM * width)
        if not wrist_seen[side] or not elbow_seen[side]:
            along = elbows[side] - shoulders[side]
            if not wrist_seen[side]:
                wrists[side] = elbows[side] + along / max(np.hypot(*along), 1e-6) * (_FOREARM * width)
    return elbows, wrists, ((bool(elbow_seen[0]), bool(wrist_seen[0])), (bool(elbow_seen[1]), bool(wrist_seen[1])))


def _legs(hips: np.ndarray, joints: Joints, down: Vector, width: float) -> tuple[np.ndarray, np.ndarray, bool]:
    knees, ankles = joints["knee"][0].copy(), joints["ankle"][0].copy()
    for side in (0, 1):
        if not joints["knee"][1][side]:
            knees[side] = hips[side] + down * (_THIGH * width)
        if not joints["ankle"][1][side]:
            along = knees[side] - hips[side]
            ankles[side] = knees[side] + along / max(np.hypot(*along), 1e-6) * (_SHIN * width)
    return knees, ankles, bool(joints["knee"][1].any())
