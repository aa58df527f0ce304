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
    """(2, 2) for each side the half width of the upper arm and of the forearm, sleeve included."""

    def at(self, side: int, along: np.ndarray | float) -> np.ndarray:
        """Half width on a side at places along the torso."""
        return np.interp(along, ALONG, self.half[side])


def outline(pose: Pose, parsing: np.ndarray, previous: Outline | None = None) -> Outline:
    """Measure (22, 128, 96) class probabilities along the torso of ``pose``; steadied by the previous frame's outline."""
    body = 1.0 - parsing[0]
    hiding = parsing[_HIDING].sum(0)
    tops = parsing[_TOPS].sum(0)
    planes = cv2.merge([body, np.maximum(hiding, _arm_mask(pose)), tops, parsing[_HEAD].sum(0)])
    rows = cv2.warpAffine(planes, _rows_to_cells(pose), (2 * _COLUMNS + 1, ROWS),
                          flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
    sees = _rows_in_crop(pose)
    edges = [_edge(rows[:, _COLUMNS::-1], _start(pose, 0), sees), _edge(rows[:, _COLUMNS:], _start(pose, 1), sees)]
    half = np.stack([_smooth(edge) for edge, _ in edges])
    room = np.stack([np.convolve(np.pad(free.astype(float), 3, mode="edge"), np.full(7, 1 / 7), "valid") for _, free in edges])
    shoulders = np.array([_shoulder_rise(rows[:, _COLUMNS::-1]), _shoulder_rise(rows[:, _COLUMNS:])])
    shoulders *= pose.torso / pose.width
    hem = _old_hem(rows)
    arms = np.array([[_arm_width(pose, parsing, side, part) for part in (0, 1)] for side in (0, 1)])
    if previous is not None:
        half += 0.7 * (previous.half - half)
        room += 0.7 * (previous.room - room)
        shoulders += 0.7 * (previous.shoulders - shoulders)
        hem += 0.7 * (previous.old_hem - hem)
        arms += 0.7 * (previous.arms - arms)
    return Outline(half, room, shoulders, hem, arms)


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


def _arm_mask(pose: Pose) -> np.ndarray:
    """(128, 96) 1 where an arm is, by the landmarks: an old sleeve has the class of the torso's clothes."""
    mask = np.zeros((128, 96), np.float32)
    for side in (0, 1):
        thick = max(int(0.26 * pose.width / 2), 1)
        joints = [pose.shoulders[side] + (pose.elbows[side] - pose.shoulders[side]) * 0.3, pose.elbows[side], pose.wrists[side]]
        hand = pose.wrists[side] + (pose.wrists[side] - pose.elbows[side]) * 0.35
        line = np.round((np.stack([*joints, hand]) - 0.5) / 2 * 16).astype(np.int32)
        cv2.polylines(mask, [line], False, 1.0, thick, cv2.LINE_8, 4)
    return mask


def _start(pose: Pose, side: int) -> np.ndarray:
    """(ROWS,) where on this side the body surely is: on the axis, below the hips on the leg. In shoulder widths from the axis."""
    leg = np.stack([pose.hip_joints[side], pose.knees[side], pose.ankles[side]]) - pose.neck
    away = (leg @ pose.across) * (2 * side - 1) / pose.width
    along = (leg @ pose.down) / pose.torso
    return np.interp(ALONG, [0.9, *np.maximum.accumulate(along)], [0.0, *np.clip(away, 0, 0.8)])


def _edge(rows: np.ndarray, start: np.ndarray, sees: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(ROWS,) distance of the outline going outwards through ``rows`` (ROWS, columns, [body, hiding, ..]); NaN where it is hidden.

    And (ROWS,) whether the background begins there.
    """
    step = _REACH / _COLUMNS
    column = np.arange(rows.shape[1])
    first = np.clip(np.round(start / step).astype(int), 0, _COLUMNS - 1)
    outside = (rows[..., 0] < 0.5) & (column >= first[:, None])
    end = np.where(outside.any(1), outside.argmax(1), rows.shape[1] - 1)
    shown = (rows[..., 0] >= 0.5) & (rows[..., 1] < 0.5) & (column < end[:, None])
    last = np.where(shown.any(1), rows.shape[1] - 1 - shown[:, ::-1].argmax(1), -1)
    row = np.arange(len(rows))
    inner, outer = rows[row, np.maximum(last, 0), 0], rows[row, np.minimum(last + 1, _COLUMNS), 0]
    part = np.where(last + 1 == end, (inner - 0.5) / np.maximum(inner - outer, 1e-3), 0.5)
    edge = (last + np.clip(part, 0, 1)) * step
    hidden = (last + 1 < end) & (edge < 0.72 * _USUAL)
    nothing = (last < 0) | (end == rows.shape[1] - 1) | (inner < 0.5) | ~sees
    return np.where(hidden | nothing, np.nan, edge), (last + 1 >= end) & ~nothing


def _smooth(edge: np.ndarray) -> np.ndarray:
    """Fill hidden rows from their neighbours, then take a median and an average over neighbouring rows."""
    known = np.isfinite(edge)
    if known.sum() < 6:
        return _USUAL.copy()
    ratio = np.clip(edge / _USUAL, 0.6, 2.0)
    typical = float(np.median(ratio[known & (ALONG > 0.2)])) if (known & (ALONG > 0.2)).any() else 1.0
    index = np.arange(ROWS)
    filled = np.interp(index, index[known], ratio[known])
    distance = np.abs(index[:, None] - index[known]).min(1)
    trust = np.exp(-((distance / 10.0) ** 2))
    filled = filled * trust + np.clip(typical, 0.8, 1.3) * (1 - trust)
    padded = np.pad(filled, 2, mode="edge")
    middle = np.median(np.lib.stride_tricks.sliding_window_view(padded, 5), axis=1)
    padded = np.pad(middle, 3, mode="edge")
    weights = np.array([1, 3, 5, 6, 5, 3, 1]) / 24
    return np.convolve(padded, weights, "valid") * _USUAL


def _shoulder_rise(rows: np.ndarray) -> float:
    """How far above the neck's row a body begins that is not head, at a third of a shoulder width from the middle; in torso lengths."""
    first, last = (int(u / (_REACH / _COLUMNS)) for u in (0.28, 0.42))
    column = rows[:, first:last]
    body = (column[..., 0] > 0.5) & (column[..., 3] < 0.4) & (ALONG < 0.2)[:, None]
    found = body.any(0)
    if not found.any():
        return _SHOULDER_RISE
    return float(np.clip(-np.median(ALONG[body.argmax(0)[found]]), 0.5 * _SHOULDER_RISE, 1.8 * _SHOULDER_RISE))


def _old_hem(rows: np.ndarray) -> float:
    """The lowest row in the middle of the body that is more top than anything else."""
    reach = int(0.4 / (_REACH / _COLUMNS))
    middle = rows[:, _COLUMNS - reach : _COLUMNS + reach + 1]
    free = middle[..., 1] < 0.5
    share = (middle[..., 2] * free).sum(1) / np.maximum(free.sum(1), 1)
    worn = (share > 0.5) & (ALONG > 0.3)
    return float(ALONG[worn][-1]) if worn.any() else 0.0


_ARM_USUAL = (0.15, 0.115)  # half widths of upper arm and forearm in shoulder widths
_ARM_CLASSES = (CLASSES.index("right-arm"), CLASSES.index("left-arm"))


def _arm_width(pose: Pose, parsing: np.ndarray, side: int, part: int) -> float:
    """Half width of upper arm (part 0) or forearm (1) in shoulder widths, sleeve included, from where it borders on background."""
    usual = _ARM_USUAL[part]
    begin, end = (pose.shoulders[side], pose.elbows[side]) if part == 0 else (pose.elbows[side], pose.wrists[side])
    along = end - begin
    length = float(np.hypot(*along))
    if not pose.arms_seen[side][part] or length < 0.3 * pose.width:
        return usual
    square = np.array([-along[1], along[0]]) / length
    steps, samples = 12, 17
    reach = 2.6 * usual * pose.width / (samples - 1)
    found: list[float] = []
    for sign in (-1, 1):
        origin = (begin + along * (0.45 if part == 0 else 0.15) - 0.5) / 2
        matrix = np.column_stack([square * (sign * reach / 2), along * (0.45 if part == 0 else 0.65) / (steps - 1) / 2, origin])
        line = cv2.warpAffine(
            parsing[0], matrix, (samples, steps), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
        )
        out = line > 0.5
        reached = out.any(1) & ~out[:, 0]
        found += list((out.argmax(1)[reached] - 0.5) * reach / pose.width)
    if len(found) < 4:
        return usual
    return float(np.clip(np.percentile(found, 35), 0.75 * usual, 2.0 * usual))
