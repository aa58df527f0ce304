"""Where sleeves belong: along shoulder, elbow and wrist, upper arm and forearm each with a warp of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.tryon.cut import SHARES, Sleeve
from engines.tryon.outline import Outline
from engines.tryon.pose import Pose

Points = NDArray[np.float64]

_EASE = 1.12
_COVER = 1.3  # on the outer side, where the sleeve ends with the body anyway, so that all of an old sleeve is covered
_WIDEST = 1.5
_PAST_WRIST = 0.03  # a long sleeve ends a little past the wrist's joint


@dataclass(frozen=True, eq=False)
class Part:
    """Control points of one part of a sleeve."""

    name: str
    drawn: Points
    """(2, 4, 2) outer and inner edge in crop pixels."""
    taken: Points
    """The same in pixels of the garment."""
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
    snug = np.minimum(half, body * 1.02 * pose.width)  # towards the chest there is no room: a wide sleeve stands off outwards
    outer = shoulder + np.multiply.outer(outer_at, upper) + np.multiply.outer(np.maximum(half, body * _COVER * pose.width), out_upper)
    inner = shoulder + np.multiply.outer(inner_at, upper) - np.multiply.outer(snug, out_upper)
    wide = np.stack([shoulder + np.multiply.outer(outer_at, upper) + np.multiply.outer(half, out_upper), inner])
    outer[0], inner[0] = tip, armpit
    wide[:, 0] = tip, armpit
    if cut.fore is None:
        return [Part(f"{word}-sleeve", np.stack([outer, inner]), cut.upper,
                     wide if (own[1:] > body[1:] * 1.2).any() else None)]  # fmt: skip

    corner = _corner(out_upper, out_fore)
    outer[-1], inner[-1] = elbow + corner * half[-1], elbow - corner * half[-1]
    reach = cut.reach - 1 + (_PAST_WRIST if cut.reach == 2.0 else 0.0)
    own = np.hypot(*(cut.fore[0] - cut.fore[1]).T) / 2 / unit
    body = np.interp(SHARES * reach, [0.0, 0.4, 1.0], [(arm[0] + arm[1]) / 2, arm[1], 0.8 * arm[1]])
    half_fore = np.clip(own * 0.95, body * _EASE, body * 1.25) * pose.width
    half_fore[0] = half[-1]
    along = elbow + np.multiply.outer(SHARES * reach, fore)
    fore_outer = along + np.multiply.outer(np.maximum(half_fore, body * _COVER * pose.width), out_fore)
    fore_inner = along - np.multiply.outer(half_fore, out_fore)
    fore_outer[0], fore_inner[0] = outer[-1], inner[-1]
    return [Part(f"{word}-sleeve", np.stack([outer, inner]), cut.upper, None),
            Part(f"{word}-forearm", np.stack([fore_outer, fore_inner]), cut.fore, None)]  # fmt: skip


def _outwards(along: Points, side: int, pose: Pose) -> Points:
    """Unit vector square to a limb, away from the body when the arm hangs."""
    length = float(np.hypot(*along))
    if length < 0.05 * pose.width:
        along, length = pose.down, 1.0
    square = np.array([-along[1], along[0]]) / length
    return square if side == 0 else -square


def _corner(a: Points, b: Points) -> Points:
    """Half way between two unit normals and as much longer as the corner of a bent tube is; for a sharp bend the second alone."""
    cosine = float(a @ b)
    if cosine < -0.2:
        return b
    middle = a + b
    length = float(np.hypot(*middle))
    return middle / length * min(2 / length, 1.3)
