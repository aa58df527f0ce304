"""Where trousers and skirts belong: waistband, outer seams on the outline, inner seams between the legs, hems along the shins."""

from __future__ import annotations

import numpy as np

from engines.tryon.cut import SEAMS, Cut
from engines.tryon.outline import ALONG, Outline
from engines.tryon.pose import Pose
from engines.tryon.upper import place_tilted

Points = np.ndarray

_CROTCH = 1.17  # in torso lengths below the neck
_WAIST = (0.66, 0.92)  # how high and how low a waistband may sit
_EASE, _WIDEST_LEG, _WIDEST_SKIRT = 1.07, 1.35, 1.7
_LEG = np.array([0.27, 0.195, 0.14])  # usual half widths of a leg at crotch, knee and ankle, in shoulder widths
_TO_ANKLE = 1.0  # of the way from the knee to the ankle joint: long trousers end on the shoe
_INNER = np.linspace(0.0, 1.0, 5)


def trousers(cut: Cut, pose: Pose, outline: Outline) -> tuple[list[tuple[str, Points, Points]], list[Points]]:
    """For each leg the piece's name and its control points (drawn, taken); and the outlines of what is cut wider than the body."""
    marks, unit = cut.marks, cut.unit
    top = (marks["waistband_left"] + marks["waistband_right"]) / 2
    crotch = marks["crotch"]
    rise = float(crotch[1] - top[1]) / unit * pose.width / pose.torso
    waist = float(np.clip(_CROTCH - rise, *_WAIST))
    pieces, wide = [], []
    for side, word in enumerate(("left", "right")):
        drawn, taken, beyond = _leg(cut, pose, outline, side, waist, word)
        pieces.append((f"{word}-leg", np.array(drawn), np.array(taken)))
        if beyond is not None:
            wide.append(beyond)
    return pieces, wide


def _leg(cut: Cut, pose: Pose, outline: Outline, side: int, waist: float, word: str) -> tuple[list[Points], list[Points], Points | None]:
    marks, unit = cut.marks, cut.unit
    top, crotch = (marks["waistband_left"] + marks["waistband_right"]) / 2, marks["crotch"]
    sign = 2 * side - 1
    seam, bottom = cut.seams[side], marks[f"bottom_{word}_in"]

    # Down to the crotch: rows of the torso.
    level = (seam[:, 1] - top[1]) / max(crotch[1] - top[1], 1.0)
    on_seat = level <= 1
    rows = np.array([waist, (waist + _CROTCH) / 2, _CROTCH])
    middle = place_tilted(pose, np.zeros(3), rows)
    seat_rows = waist + (_CROTCH - waist) * level[on_seat]
    drawn = [*middle, *place_tilted(pose, sign * outline.at(side, seat_rows) * _EASE, seat_rows)]
    taken = [top, (top + crotch) / 2, crotch, *seam[on_seat]]

    # Below it: along the leg.
    inner = crotch + (bottom - crotch) * _INNER[1:, None]
    length = float(np.hypot(*(bottom - crotch))) / unit
    reach = 2 * _TO_ANKLE if length > 1.55 else length / 0.95  # 1 the knee, 2 the ankle
    reach = min(reach, 2 * _TO_ANKLE)
    outer_at = reach * (seam[~on_seat, 1] - crotch[1]) / max(bottom[1] - crotch[1], 1.0)
    inner_at = reach * _INNER[1:]
    own = np.interp(outer_at, inner_at, np.abs(np.interp(inner[:, 1], seam[:, 1], seam[:, 0]) - inner[:, 0]) / 2 / unit)
    outer_centre, outer_out, body, _ = _along_leg(pose, outline, side, outer_at)
    inner_centre, inner_out, inner_body, gap = _along_leg(pose, outline, side, inner_at)
    half = np.maximum(body * _EASE, np.minimum(own * 0.95, body * _WIDEST_LEG)) * pose.width
    inner_half = np.minimum(
        np.interp(inner_at, outer_at, half) if len(outer_at) else inner_body * pose.width, np.maximum(gap, 0.05 * pose.width)
    )
    outer = outer_centre + outer_out * half[:, None]
    edge = inner_centre - inner_out * inner_half[:, None]
    drawn += [*outer, *edge]
    taken += [*seam[~on_seat], *inner]
    beyond = np.vstack([drawn[2][None], outer, edge[::-1]]) if (half > body * pose.width * (_EASE + 0.06)).any() else None
    return drawn, taken, beyond


def _along_leg(pose: Pose, outline: Outline, side: int, at: np.ndarray) -> tuple[Points, Points, np.ndarray, np.ndarray]:
    """At places down a leg (0 crotch, 1 knee, 2 ankle): its middle, the unit vector outwards, its half width in shoulder widths,
    and half the distance to the other leg's middle in pixels."""

    def middle(which: int) -> Points:
        start = pose.hip_joints[which] + (pose.knees[which] - pose.hip_joints[which]) * 0.18
        joints = np.stack([start, pose.knees[which], pose.ankles[which]])
        return np.stack([np.interp(at, [0, 1, 2], joints[:, axis]) for axis in (0, 1)], 1)

    centre, other = middle(side), middle(1 - side)
    thigh, shin = pose.knees[side] - pose.hip_joints[side], pose.ankles[side] - pose.knees[side]
    bend = np.interp(at, [0.8, 1.2], [0.0, 1.0])[:, None]
    along = thigh / max(np.hypot(*thigh), 1e-6) * (1 - bend) + shin / max(np.hypot(*shin), 1e-6) * bend
    sign = 2 * side - 1
    out = np.stack([along[:, 1], -along[:, 0]], 1) * sign
    offset = centre - pose.neck
    row = (offset @ pose.down) / pose.torso
    usual = np.interp(at, [0, 1, 2], _LEG)
    seen = outline.at(side, row) - (offset @ pose.across) * sign / pose.width
    body = np.where(row < ALONG[-1], np.clip(seen, 0.75 * usual, 1.7 * usual), usual)
    body = np.convolve(np.pad(body, 1, mode="edge"), [0.25, 0.5, 0.25], "valid") if len(body) else body
    return centre, out, body, np.maximum((centre - other) @ pose.across * sign / 2, 0)


def skirt(cut: Cut, pose: Pose, outline: Outline) -> tuple[Points, Points, Points | None]:
    """The skirt's control points (drawn, taken), and the outline of where it is cut wider than the body."""
    waist = 0.74
    length = float(cut.seams[:, -1, 1].mean() - cut.seams[:, 0, 1].mean()) / cut.unit
    along = waist + np.linspace(0, length, SEAMS) * pose.width / pose.torso
    body = np.stack([outline.at(side, along) for side in (0, 1)])
    own = np.abs(cut.seams[..., 0] - cut.seams.mean(0)[:, 0]) / cut.unit
    # Between the waist and the hem a skirt hangs: it does not follow the legs inwards.
    hanging = np.maximum.accumulate(body, axis=1) * np.where(own >= own[:, :1], 1.0, own / own[:, :1])
    half = np.maximum(body * _EASE, np.minimum(np.maximum(own, hanging * 0.9), body * _WIDEST_SKIRT))
    left, right = place_tilted(pose, -half[0], along), place_tilted(pose, half[1], along)
    drawn = np.concatenate([left, right, (left + right) / 2])
    taken = np.concatenate([cut.seams[0], cut.seams[1], cut.seams.mean(0)])
    beyond = np.concatenate([left, right[::-1]]) if (half > body * (_EASE + 0.05)).any() else None
    return drawn, taken, beyond
