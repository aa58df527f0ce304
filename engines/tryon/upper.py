"""Where the torso of a top belongs on a body: control points on shoulders, neck, side seams and hem.

Pairs of points (on the body in crop pixels, on the garment in its pixels); the warp goes through them. Lengths are in shoulder widths
of the body, or in torso lengths along its axis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.tryon.cut import SEAMS, Cut
from engines.tryon.outline import ALONG, Outline
from engines.tryon.pose import Pose

Points = np.ndarray

_NECK_SIDE = (0.20, 0.33)  # where neck and shoulder meet: from the middle, and above the line of the shoulder joints
_USUAL_RISE = 0.19  # of the shoulder's upper edge midway between neck and joint
_TIP_RISE = 0.18  # the end of the shoulder lies above its joint
_EASE = 1.08  # cloth over the outline, so that the old garment's edge is covered
_WIDEST = 1.3  # a wide cut goes at most so far beyond the outline
_COVER = 0.22  # a hem is drawn down by up to this many torso lengths to cover the old one


@dataclass(frozen=True, eq=False)
class Torso:
    """Control points of the torso piece, and those the sleeves start from."""

    drawn: Points
    taken: Points
    tips: Points
    """(2, 2) the ends of the shoulders, left and right, in crop pixels."""
    armpits: Points
    """(2, 2) the same for the armpits."""
    edge: Points
    """(2, SEAMS, 2) the side seams."""
    wide: np.ndarray
    """(2, SEAMS) where the garment's own cut goes beyond the body."""


def torso(cut: Cut, pose: Pose, outline: Outline) -> Torso:
    """Control points for the torso of a blouse, coat or dress."""
    marks, unit = cut.marks, cut.unit
    sides = np.array([-1.0, 1.0])
    joints = (pose.shoulders - pose.neck) @ np.stack([pose.across, pose.down], 1) / pose.width
    span = float(np.hypot(*(marks["shoulder_right"] - marks["shoulder_left"]))) / unit
    neckline = float(np.hypot(*(marks["neckline_right"] - marks["neckline_left"]))) / unit

    away = np.clip(np.abs(joints[:, 0]) * min(span, 1.3), 0.12, None)
    higher = np.clip(outline.shoulders - _USUAL_RISE, -0.05, 0.1)  # padded shoulders, thick collars, a strong neck
    rise = -joints[:, 1] + _TIP_RISE + higher
    half_neck = np.minimum(neckline / 2 * pose.facing, away * 0.92)
    neck_rise = np.interp(half_neck, [_NECK_SIDE[0] * pose.facing, 0.62], [1.0, 0.0])
    neck_rise = rise + np.maximum(_NECK_SIDE[1] + higher - rise, 0) * neck_rise
    tips = _place(pose, sides * away, -rise)
    necks = _place(pose, sides * half_neck, -neck_rise)

    depth = [float(marks[f"armpit_{s}"][1] - marks[f"shoulder_{s}"][1]) / unit for s in ("left", "right")]
    ratio = pose.torso / pose.width
    armpit = float(np.clip((np.mean(depth) - _TIP_RISE) / ratio, 0.2, 0.42))
    hem = hem_along(cut, pose, outline)
    along = armpit + (hem - armpit) * np.linspace(0, 1, SEAMS)
    edge, wide = seams(cut, pose, outline, along)

    drawn = [*necks, *tips, *((tips + edge[:, 0]) / 2)]
    taken = [marks["neckline_left"], marks["neckline_right"], marks["shoulder_left"], marks["shoulder_right"],
             *((cut.seams[:, 0] + [marks["shoulder_left"], marks["shoulder_right"]]) / 2)]  # fmt: skip
    front = marks.get("center_front")
    if front is not None:
        low = float(front[1] - (marks["neckline_left"][1] + marks["neckline_right"][1]) / 2) / unit
        drawn.append(_place(pose, np.zeros(1), low - neck_rise.mean())[0])
        taken.append(front)
    middle = place_tilted(pose, np.zeros(SEAMS), along)
    legs = np.clip((along - 1.0) / 0.4, 0, 1)[:, None]  # below the hips the middle is the middle of what is seen
    middle += ((edge[0] + edge[1]) / 2 - middle) * legs
    drawn += [*edge[0], *edge[1], *middle]
    taken += [*cut.seams[0], *cut.seams[1], *cut.seams.mean(0)]
    return Torso(np.array(drawn), np.array(taken), tips, edge[:, 0], edge, wide)


def hem_along(cut: Cut, pose: Pose, outline: Outline) -> float:
    """Where the hem comes, in torso lengths below the neck: by the garment's own length, a little further if that hides the old hem."""
    marks = cut.marks
    shoulder = (marks["shoulder_left"][1] + marks["shoulder_right"][1]) / 2
    length = float(cut.seams[:, -1, 1].mean() - shoulder) / cut.unit
    usual_torso = 1.56  # shoulder widths from neck to hips of a body that faces the camera
    hem = float(np.clip((length - _TIP_RISE) / usual_torso, 0.6, 3.0))
    if hem - 0.05 < outline.old_hem < hem + _COVER:
        hem = outline.old_hem + 0.05
    return hem


def seams(cut: Cut, pose: Pose, outline: Outline, along: np.ndarray) -> tuple[Points, np.ndarray]:
    """The side seams in crop pixels at rows ``along``, and where the cut is wider than the body."""
    own = np.abs(cut.seams[..., 0] - cut.seams.mean(0)[:, 0]) / cut.unit * pose.facing
    body = np.stack([outline.at(side, along) for side in (0, 1)])
    # The armpit lies between arm and chest, where the parsing sees no edge: it goes by the shoulder joint and the chest below.
    joint = np.abs((pose.shoulders - pose.neck) @ pose.across) / pose.width
    body[:, 0] = np.clip(np.minimum(body[:, 0], body[:, 1] + 0.06), 0.95 * joint, 1.25 * joint)
    # Below the hips a dress hangs from them: it does not follow the legs inwards.
    hips = np.stack([outline.at(side, 1.1) for side in (0, 1)])[:, None]
    body = np.where(along > 1.1, np.maximum(body, hips * 0.95), body)
    room = np.stack([np.interp(along, ALONG, outline.room[side]) for side in (0, 1)])
    fitted = body * (1.02 + (_EASE - 1.02) * room)
    half = fitted + np.maximum(np.minimum(own * 0.96, body * _WIDEST) - fitted, 0) * room
    edge = np.stack([place_tilted(pose, -half[0], along), place_tilted(pose, half[1], along)])
    return edge, half > body * (_EASE + 0.03)


def _place(pose: Pose, across: np.ndarray, down: np.ndarray | float) -> Points:
    """Points ``across`` and ``down`` from the neck, both in shoulder widths."""
    return (
        pose.neck
        + np.multiply.outer(across * pose.width, pose.across)
        + np.multiply.outer(np.broadcast_to(down, across.shape) * pose.width, pose.down)
    )


def place_tilted(pose: Pose, across: np.ndarray, along: np.ndarray) -> Points:
    """Points ``along`` the torso; rows lean with the shoulders at the chest and with the hips further down."""

    def slope(pair: Points) -> float:
        line = pair[1] - pair[0]
        return float(np.clip((line @ pose.down) / max(line @ pose.across, 1e-6), -0.25, 0.25))

    lean = np.interp(along, [0.2, 1.0], [_level(pose) * slope(pose.shoulders), slope(pose.hip_joints) if pose.hips_seen else 0.0])
    shift = along * pose.torso + across * lean * pose.width
    return pose.neck + np.multiply.outer(across * pose.width, pose.across) + shift[:, None] * pose.down


def _level(pose: Pose) -> float:
    """How far the chest goes with a slant of the shoulders: not much where a raised arm is what lifts one."""
    raised = (pose.shoulders - pose.elbows) @ pose.down / pose.width
    return 0.8 - 0.6 * float(np.clip(raised.max() + 0.5, 0, 1))
