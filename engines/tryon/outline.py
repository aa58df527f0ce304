"""How wide the body is, row by row, measured on the parsing: where the side seams of a garment belong.

The parsing is looked at along the torso's axis. Arms, bags and hair lie in front of the body and hide its outline: where they do,
the rows above and below are believed, and where nothing is seen, a body's usual proportions.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from engines.contract import CLASSES
from engines.tryon.pose import Pose

FIRST, LAST, ROWS = -0.35, 3.05, 86
"""The rows measured, in torso lengths below the neck."""
_COLUMNS, _REACH = 43, 1.4  # columns a side, and how far they reach in shoulder widths

ALONG = np.linspace(FIRST, LAST, ROWS)
"""Where each row is, in torso lengths below the neck."""

_USUAL = np.interp(
    ALONG,
    [-0.35, -0.15, 0.0, 0.25, 0.35, 0.5, 0.75, 1.0, 1.2, 1.5, 2.0, 3.0],
    [0.25, 0.39, 0.64, 0.60, 0.56, 0.52, 0.53, 0.57, 0.59, 0.54, 0.45, 0.32],
)
"""A dressed body's usual half width in each row, in shoulder widths."""

_STEADY = 0.7  # of the difference to the previous frame's outline is taken back
_BELOW_SHOULDERS = ALONG > 0.2
_INDEX = np.arange(ROWS)
_AROUND_2 = np.clip(_INDEX[:, None] + np.arange(-2, 3), 0, ROWS - 1)  # for each row itself and two to each side
_AROUND_3 = np.clip(np.arange(-3, ROWS + 3), 0, ROWS - 1)  # the rows, and three more at each end
_WEIGHTS = np.array([1, 3, 5, 6, 5, 3, 1]) / 24
_SHOULDER_RISE = 0.12
"""Usual height of the shoulder's upper edge over the joints, a third of a shoulder width from the middle, in torso lengths."""

_HIDING = [CLASSES.index(name) for name in ("left-arm", "right-arm", "bag", "hair", "glove", "accessory", "scarf")]
_HEAD = [CLASSES.index(name) for name in ("face", "hair", "hat", "scarf")]
_TOPS = [CLASSES.index(name) for name in ("upper-clothes", "coat", "dress", "jumpsuits")]


@dataclass(frozen=True, eq=False)
class Outline:
    """What was measured on the parsing, in shoulder widths; smoothed over rows, and over time where there is a previous one."""

    half: np.ndarray
    """(2, ROWS) from the torso's axis to the outline on the viewer's left and right."""
    room: np.ndarray
    """(2, ROWS) 1 where the outline borders on the background, so that a wide cut has room, 0 where an arm lies against it."""
    shoulders: np.ndarray
    """(2,) how far the shoulders' upper edge lies above the joints' line, midway between neck and joint."""
    old_hem: float
    """Where the top that is worn ends, in torso lengths below the neck."""
    arms: np.ndarray
    """(2, 2, 2) for each side, upper arm and forearm: from the line between the joints outwards and inwards to its edge."""

    def at(self, side: int, along: np.ndarray | float) -> np.ndarray:
        """Half width on a side at places along the torso."""
        return np.interp(along, ALONG, self.half[side])


def outline(pose: Pose, parsing: np.ndarray, sleeves: np.ndarray, previous: Outline | None = None) -> Outline:
    """Measure (22, 128, 96) class probabilities along the torso of ``pose``; steadied by the previous frame's outline.

    ``sleeves`` (2,) says how far down each arm there is a sleeve now (1 the elbow, 2 the wrist).
    """
    planes = [1.0 - parsing[0], np.maximum(_sum(parsing, _HIDING), _arm_mask(pose, sleeves)), _sum(parsing, _TOPS), _sum(parsing, _HEAD)]
    rows = cv2.warpAffine(cv2.merge(planes), _rows_to_cells(pose), (2 * _COLUMNS + 1, ROWS),
                          flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
    sides = np.stack([rows[:, _COLUMNS::-1], rows[:, _COLUMNS:]])
    edges, free = _edges(sides[..., 0], sides[..., 1], np.stack([_start(pose, 0), _start(pose, 1)]), _rows_in_crop(pose))
    half = np.stack([_smooth(edge) for edge in edges])
    room = np.stack([np.convolve(side[_AROUND_3], np.full(7, 1 / 7), "valid") for side in free.astype(float)])
    shoulders = np.array([_shoulder_rise(side) for side in sides]) * (pose.torso / pose.width)
    hem = _old_hem(rows)
    arms = _arm_widths(pose, parsing)
    if previous is not None:
        half += _STEADY * (previous.half - half)
        room += _STEADY * (previous.room - room)
        shoulders += _STEADY * (previous.shoulders - shoulders)
        hem += _STEADY * (previous.old_hem - hem)
        arms += _STEADY * (previous.arms - arms)
    return Outline(half, room, shoulders, hem, arms)


def _sum(parsing: np.ndarray, classes: list[int]) -> np.ndarray:
    total = parsing[classes[0]] + parsing[classes[1]]
    for index in classes[2:]:
        total += parsing[index]
    return total


def _rows_to_cells(pose: Pose) -> np.ndarray:
    """(2, 3) from column and row of the straightened body to the parsing's cells."""
    right = pose.across * (_REACH / _COLUMNS * pose.width) / 2
    down = pose.down * ((LAST - FIRST) / (ROWS - 1) * pose.torso) / 2
    origin = (pose.place(-_REACH, FIRST) - 0.5) / 2
    return np.column_stack([right, down, origin])


def _rows_in_crop(pose: Pose) -> np.ndarray:
    """Rows whose middle lies inside the crop."""
    y = (pose.neck[1] + pose.down[1] * ALONG * pose.torso) / 2
    return (y > 0) & (y < 126)


def _arm_mask(pose: Pose, sleeves: np.ndarray) -> np.ndarray:
    """(128, 96) 1 where an arm is in a sleeve, by the landmarks: there it has the class of the torso's clothes."""
    mask = np.zeros((128, 96), np.float32)
    thick = max(int(0.26 * pose.width / 2), 1)
    for side in (0, 1):
        end = float(sleeves[side])
        at = np.array([0.3, min(1.0, end), min(2.0, end), 2.35 if end >= 2 else min(2.0, end)])
        joints = np.stack([pose.shoulders[side], pose.elbows[side], pose.wrists[side], 2 * pose.wrists[side] - pose.elbows[side]])
        line = np.stack([np.interp(at, [0, 1, 2, 3], joints[:, axis]) for axis in (0, 1)], 1)[at >= 0.3]
        if end > 0.35:
            cv2.polylines(mask, [np.round((line - 0.5) * 8).astype(np.int32)], False, 1.0, thick, cv2.LINE_8, 4)
    return mask


def _start(pose: Pose, side: int) -> np.ndarray:
    """(ROWS,) where on this side the body surely is: on the axis, below the hips on the leg. In shoulder widths from the axis."""
    leg = np.stack([pose.hip_joints[side], pose.knees[side], pose.ankles[side]]) - pose.neck
    away = (leg @ pose.across) * (2 * side - 1) / pose.width
    along = (leg @ pose.down) / pose.torso
    return np.interp(ALONG, [0.9, *np.maximum.accumulate(along)], [0.0, *np.clip(away, 0, 0.8)])


def _edges(body: np.ndarray, hiding: np.ndarray, start: np.ndarray, sees: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(2, ROWS) distance of the outline, going outwards through (2, ROWS, columns) planes; NaN where it is hidden.

    And (2, ROWS) whether the background begins there.
    """
    step = _REACH / _COLUMNS
    column = np.arange(_COLUMNS + 1)
    first = np.clip(np.round(start / step).astype(int), 0, _COLUMNS - 1)
    inside = body >= 0.5
    outside = ~inside & (column >= first[..., None])
    end = np.where(outside.any(2), outside.argmax(2), _COLUMNS)
    before = inside & (column < end[..., None])
    hidden_at = before & (hiding >= 0.5)
    covered = np.where(hidden_at.any(2), _COLUMNS - hidden_at[..., ::-1].argmax(2), -1)
    # A narrow strip between an arm and the background is the arm's own edge.
    strip = (covered >= 0) & (end - covered < 0.16 / step)
    shown = before & ~hidden_at & ~(strip[..., None] & (column > covered[..., None]))
    last = np.where(shown.any(2), _COLUMNS - shown[..., ::-1].argmax(2), -1)
    inner = np.take_along_axis(body, np.maximum(last, 0)[..., None], 2)[..., 0]
    outer = np.take_along_axis(body, np.minimum(last + 1, _COLUMNS)[..., None], 2)[..., 0]
    part = np.where(last + 1 == end, (inner - 0.5) / np.maximum(inner - outer, 1e-3), 0.5)
    edge = (last + np.clip(part, 0, 1)) * step
    hidden = (last + 1 < end) & (edge < 0.72 * _USUAL)
    nothing = (last < 0) | (end == _COLUMNS) | (inner < 0.5) | ~sees
    return np.where(hidden | nothing, np.nan, edge), (last + 1 >= end) & ~nothing


def _smooth(edge: np.ndarray) -> np.ndarray:
    """Fill hidden rows from their neighbours, then take a median and an average over neighbouring rows."""
    known = np.isfinite(edge)
    if np.count_nonzero(known) < 6:
        return _USUAL.copy()
    ratio = np.clip(edge / _USUAL, 0.6, 2.0)
    on_torso = np.sort(ratio[known & _BELOW_SHOULDERS])
    typical = min(max(float(on_torso[len(on_torso) // 2]), 0.8), 1.3) if len(on_torso) else 1.0
    ratio = np.minimum(ratio, 1.45 * min(typical, 1.1))  # more is a coat over the arm, or somebody else
    where = np.flatnonzero(known)
    filled = np.interp(_INDEX, where, ratio[where])
    after = np.searchsorted(where, _INDEX)
    distance = np.minimum(np.abs(_INDEX - where[np.maximum(after - 1, 0)]), np.abs(_INDEX - where[np.minimum(after, len(where) - 1)]))
    trust = np.exp(-((distance / 10.0) ** 2))
    filled = filled * trust + typical * (1 - trust)
    middle = np.sort(filled[_AROUND_2], axis=1)[:, 2]
    return np.convolve(middle[_AROUND_3], _WEIGHTS, "valid") * _USUAL


def _shoulder_rise(rows: np.ndarray) -> float:
    """How far above the neck's row a body begins that is not head, at a third of a shoulder width from the middle; in torso lengths."""
    first, last = (int(u / (_REACH / _COLUMNS)) for u in (0.28, 0.42))
    column = rows[:, first:last]
    body = (column[..., 0] > 0.5) & (column[..., 3] < 0.4) & ~_BELOW_SHOULDERS[:, None]
    found = body.any(0)
    if not found.any():
        return _SHOULDER_RISE
    tops = np.sort(ALONG[body.argmax(0)[found]])
    return min(max(-float(tops[len(tops) // 2]), 0.5 * _SHOULDER_RISE), 1.8 * _SHOULDER_RISE)


def _old_hem(rows: np.ndarray) -> float:
    """The lowest row in the middle of the body that is more top than anything else."""
    reach = int(0.4 / (_REACH / _COLUMNS))
    middle = rows[:, _COLUMNS - reach : _COLUMNS + reach + 1]
    free = middle[..., 1] < 0.5
    share = (middle[..., 2] * free).sum(1) / np.maximum(free.sum(1), 1)
    worn = (share > 0.5) & (ALONG > 0.3)
    return float(ALONG[worn][-1]) if worn.any() else 0.0


_ARM_USUAL = np.array([0.15, 0.115])  # half widths of upper arm and forearm in shoulder widths
_ARM_SPAN = np.array([[0.45, 0.9], [0.15, 0.8]])  # the part of each that is measured
_ARM_SKIN = [CLASSES.index(name) for name in ("left-arm", "right-arm", "glove")]
_ARM_STEPS = np.linspace(0, 1, 10)
_ARM_SAMPLES = np.arange(17) / 16 * 2.6  # outwards, in usual half widths


def _arm_widths(pose: Pose, parsing: np.ndarray) -> np.ndarray:
    """(2, 2, 2) for each side, upper arm and forearm, outwards and inwards: how far it is from the line between the joints to the arm's
    edge, sleeve included, in shoulder widths. An edge is where the background begins, or where the skin of a bare arm ends."""
    begin = np.stack([pose.shoulders, pose.elbows], 1)
    along = np.stack([pose.elbows, pose.wrists], 1) - begin
    length = np.hypot(along[..., 0], along[..., 1])
    square = np.stack([-along[..., 1], along[..., 0]], -1) / np.maximum(length, 1e-6)[..., None]
    square[1] *= -1  # outwards: away from the body when the arm hangs
    share = _ARM_SPAN[:, :1] + (_ARM_SPAN[:, 1:] - _ARM_SPAN[:, :1]) * _ARM_STEPS
    middle = begin[:, :, None] + along[:, :, None] * share[None, :, :, None]
    outwards = square[:, :, None] * (_ARM_USUAL * pose.width)[None, :, None, None] * _ARM_SAMPLES[None, None, :, None]
    # (side, limb, direction, step along, sample away from the middle, x y)
    points = middle[:, :, None, :, None] + np.stack([outwards, -outwards], 2)[:, :, :, None]
    cells = ((points - 0.5) / 2).astype(np.float32).reshape(-1, len(_ARM_SAMPLES), 2)
    planes = cv2.merge([parsing[0], _sum(parsing, _ARM_SKIN)])
    seen = cv2.remap(planes, cells[..., 0], cells[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    seen = seen.reshape(2, 2, 2, len(_ARM_STEPS), len(_ARM_SAMPLES), 2)
    bare = seen[..., 1] > 0.5
    out = (seen[..., 0] > 0.5) | (bare[..., :1] & ~bare)
    reached = out.any(4) & ~out[..., 0]
    found = (out.argmax(4) - 0.5) * _ARM_SAMPLES[1]
    widths = np.ones((2, 2, 2))
    for side, limb, direction in np.ndindex(2, 2, 2):
        measured = np.sort(found[side, limb, direction][reached[side, limb, direction]])
        if pose.arms_seen[side][limb] and length[side, limb] > 0.3 * pose.width and len(measured) > 2:
            widths[side, limb, direction] = min(max(float(measured[len(measured) // 2]), 0.6), 2.0)
    return widths * _ARM_USUAL[:, None]
