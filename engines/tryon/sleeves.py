"""Where sleeves belong: along shoulder, elbow and wrist, upper arm and forearm each with a warp of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.tryon.cut import SHARES, Sleeve
from engines.tryon.outline import Outline
from engines.tryon.pose import Pose

Points = np.ndarray

_EASE = 1.12
_COVER = 1.3  # on the outer side, where the sleeve ends with the body anyway, so that all of an old sleeve is covered
_WIDEST = 1.5
_PAST_WRIST = 0.12  # a long sleeve ends a little past the wrist's joint; the hand stays in front of it


@dataclass(frozen=True, eq=False)
class Part:
    """Control points of one part of a sleeve, in crop pixels and in the garment's."""

    name: str
    drawn: Points
    """(2, 4, 2) outer and inner edge on the body."""
    taken: Points
    """The same on the garment."""
    clip: Points
    """(N, 2) around all that is drawn of it: beyond its control points a warp means nothing."""
    wide: Points | None
    """(2, 4, 2) the edges of the garment's own cut where it goes beyond the arm; None where it does not."""


def sleeve(cut: Sleeve, unit: float, pose: Pose, outline: Outline, side: int, tip: Points, armpit: Points) -> list[Part]:
    """The parts of the sleeve on ``side`` (0 the viewer's left), from the body outwards; ``tip`` and ``armpit`` are its armhole."""
    word = ("left", "right")[side]
    shoulder, elbow, wrist = pose.shoulders[side], pose.elbows[side], pose.wrists[side]
    upper, fore = elbow - shoulder, wrist - elbow
    out_upper, out_fore = _outwards(upper, side, pose), _outwards(fore, side, pose)
    end = min(cut.reach, 1.0)

    inside = float(np.clip((armpit - shoulder) @ upper / max(float(upper @ upper), 1e-6), 0.05, 0.85 * end))
    outer_at, inner_at = SHARES * end, inside + SHARES * (end - inside)
    own = np.hypot(*(cut.upper[0] - cut.upper[1]).T) / 2 / unit
    arm = outline.arms[side]
    body = np.interp(SHARES * end, [0.0, 0.4, 1.0], [1.15 * arm[0], arm[0], (arm[0] + arm[1]) / 2])
    half = np.clip(own * 0.95, body * _EASE, body * _WIDEST) * pose.width
    # Towards the chest there is no room for a wide sleeve; away from it, all of an old sleeve is to be covered.
    hanging = float(upper @ pose.down) / max(float(np.hypot(*upper)), 1e-6)
    slack = 1.02 + (_COVER - 1.02) * float(np.clip((0.85 - hanging) / 0.5, 0, 1))
    snug = body * (slack * pose.width)
    outer = shoulder + np.multiply.outer(outer_at, upper) + np.multiply.outer(np.maximum(half, body * _COVER * pose.width), out_upper)
    inner = shoulder + np.multiply.outer(inner_at, upper) - np.multiply.outer(snug, out_upper)
    wide = np.stack([shoulder + np.multiply.outer(outer_at, upper) + np.multiply.outer(half, out_upper), inner])
    outer[0], inner[0] = tip, armpit
    wide[0, 0], wide[1, 0] = shoulder + out_upper * (body[0] * pose.width), armpit
    if cut.fore is None:
        cut_wide = bool((own[1:] > body[1:] * 1.2).any())
        return [Part(f"{word}-sleeve", np.stack([outer, inner]), cut.upper, _clip(outer, inner, 0, 0.25), wide if cut_wide else None)]

    corner = _corner(out_upper, out_fore)
    outer[-1], inner[-1] = elbow + corner[0] * half[-1], elbow - corner[0] * half[-1]
    reach = cut.reach - 1 + (_PAST_WRIST if cut.reach == 2.0 else 0.0)
    own = np.hypot(*(cut.fore[0] - cut.fore[1]).T) / 2 / unit
    body = np.interp(SHARES * reach, [0.0, 0.4, 1.0], [(arm[0] + arm[1]) / 2, arm[1], 0.8 * arm[1]])
    half_fore = np.clip(own * 0.95, body * _EASE, body * 1.25) * pose.width
    half_fore[0] = half[-1]
    along = elbow + np.multiply.outer(SHARES * reach, fore)
    fore_outer = along + np.multiply.outer(np.maximum(half_fore, body * _COVER * pose.width), out_fore)
    fore_inner = along - np.multiply.outer(half_fore, out_fore)
    fore_outer[0], fore_inner[0] = elbow + corner[1] * half[-1], elbow - corner[1] * half[-1]
    return [
        Part(f"{word}-sleeve", np.stack([outer, inner]), cut.upper, _clip(outer, inner, 0, 0.5), None),
        Part(f"{word}-forearm", np.stack([fore_outer, fore_inner]), cut.fore, _clip(fore_outer, fore_inner, 0.4, 0.15), None),
    ]


def _clip(outer: Points, inner: Points, before: float, after: float) -> Points:
    """The outline of a strip, a little wider, and longer at its ends by parts of its width."""
    outer, inner = outer + (outer - inner) * 0.08, inner + (inner - outer) * 0.08
    ends = [outer, inner[::-1]]
    for index, share in ((-1, after), (0, before)):
        width = float(np.hypot(*(outer[index] - inner[index])))
        neighbour = (-2, 1)[index + 1]
        along = (outer[index] + inner[index] - outer[neighbour] - inner[neighbour]) / 2
        shift = along / max(float(np.hypot(*along)), 1e-6) * (share * width)
        ends.insert(1 if index == -1 else 0, np.stack([outer[index], inner[index]][:: 1 if index == -1 else -1]) + shift)
    return np.concatenate(ends)


def _outwards(along: Points, side: int, pose: Pose) -> Points:
    """Unit vector square to a limb, away from the body when the arm hangs."""
    length = float(np.hypot(*along))
    if length < 0.05 * pose.width:
        along, length = pose.down, 1.0
    square = np.array([-along[1], along[0]]) / length
    return square if side == 0 else -square


def _corner(a: Points, b: Points) -> Points:
    """(2, 2) where the edges of two limbs with the unit normals a and b end at their joint: for a straight arm both on the line half way,
    longer by as much as a bent tube's corner is; at a sharp bend, where the limbs overlap, each square to itself."""
    middle = a + b
    length = max(float(np.hypot(*middle)), 1e-6)
    middle = middle / length * min(2 / length, 1.3)
    together = float(np.clip((a @ b + 0.1) / 0.6, 0, 1))
    return np.stack([a, b]) * (1 - together) + middle * together
