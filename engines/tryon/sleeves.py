"""Where sleeves belong: along shoulder, elbow and wrist, upper arm and forearm each with a warp of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.tryon.cut import SHARES, Sleeve
from engines.tryon.outline import Outline
from engines.tryon.pose import Pose

Points = np.ndarray

_EASE = 1.10  # cloth over the arm
_COVER = 1.25  # where a sleeve ends with the body anyway it is drawn so wide, so that all of an old one is covered
_WIDEST = 1.5  # a wide cut goes at most so far beyond the arm
_PAST_WRIST = 0.12  # a long sleeve ends a little past the wrist's joint; the hand stays in front of it


@dataclass(frozen=True, eq=False)
class Part:
    """Control points of one part of a sleeve, in crop pixels and in the garment's."""

    name: str
    drawn: Points
    """(N, 2) on the body."""
    taken: Points
    """(N, 2) on the garment."""
    clip: Points
    """(M, 2) around all that is drawn of it: beyond its control points a warp means nothing."""
    wide: Points | None
    """(M, 2) around the garment's own cut where it goes beyond the arm; None where it does not."""


@dataclass(frozen=True, eq=False)
class _Arm:
    """What both parts of a sleeve need of an arm. Widths are in crop pixels, outer first, then inner."""

    shoulder: Points
    elbow: Points
    wrist: Points
    out_upper: Points
    out_fore: Points
    upper: Points
    """(2,) half widths of the upper arm, what is worn now included."""
    fore: Points
    elbow_ends: Points
    """(2, 2, 2) for upper arm and forearm the ends of its edges at the elbow: outer, inner."""
    bend: float
    """0 for a straight arm, 1 where upper arm and forearm overlap."""


def sleeve(cut: Sleeve, reach: float, unit: float, pose: Pose, outline: Outline, side: int, tip: Points, armpit: Points) -> list[Part]:
    """The parts of the sleeve on ``side`` (0 the viewer's left), from the body outwards; ``tip`` and ``armpit`` are its armhole.

    ``reach`` is how far down the arm it shall go: ``cut.reach``, unless the wrist is known to be elsewhere.
    """
    arm = _arm(pose, outline, side)
    scale = pose.width / unit
    word = ("left", "right")[side]
    parts = [_upper(f"{word}-sleeve", cut, arm, scale, tip, armpit, pose)]
    if cut.fore is not None:
        parts.append(_fore(f"{word}-forearm", reach - 1 + (_PAST_WRIST if cut.reach == 2.0 else 0.0), cut.fore, arm, scale))
    return parts


def _arm(pose: Pose, outline: Outline, side: int) -> _Arm:
    shoulder, elbow, wrist = pose.shoulders[side], pose.elbows[side], pose.wrists[side]
    out_upper, out_fore = _outwards(elbow - shoulder, side, pose), _outwards(wrist - elbow, side, pose)
    widths = outline.arms[side] * pose.width
    middle = out_upper + out_fore
    length = max(float(np.hypot(*middle)), 1e-6)
    # A straight arm's edges meet on the line half way between its limbs, a bent tube's further out; at a sharp bend, where the limbs
    # overlap, each ends square to itself.
    together = min(max((float(out_upper @ out_fore) + 0.1) / 0.6, 0.0), 1.0)
    at_elbow = np.stack([out_upper, out_fore]) * (1 - together) + middle / length * min(2 / length, 1.3) * together
    half = widths.mean(0) * _EASE
    ends = np.stack([elbow + at_elbow * half[0], elbow - at_elbow * half[1]], 1)
    return _Arm(shoulder, elbow, wrist, out_upper, out_fore, widths[0], widths[1], ends, 1 - together)


def _upper(name: str, cut: Sleeve, arm: _Arm, scale: float, tip: Points, armpit: Points, pose: Pose) -> Part:
    along = arm.elbow - arm.shoulder
    end = min(cut.reach, 1.0)
    inside = min(max(float((armpit - arm.shoulder) @ along) / max(float(along @ along), 1e-6), 0.05), 0.85 * end)
    outer_at, inner_at = SHARES * end, inside + SHARES * (end - inside)
    own = np.hypot(*(cut.upper[0] - cut.upper[1]).T) / 2 * scale
    outwards, inwards = (np.interp(SHARES * end, [0, 0.4, 1], [1.15 * u, u, (u + f) / 2]) for u, f in zip(arm.upper, arm.fore, strict=True))
    # Towards the chest there is no room for a wide sleeve; away from it, all of an old sleeve is to be covered.
    hanging = float(along @ pose.down) / max(float(np.hypot(*along)), 1e-6)
    inwards = inwards * (1.02 + (_COVER - 1.02) * min(max((0.85 - hanging) / 0.5, 0.0), 1.0))
    on_outer, on_inner = arm.shoulder + np.multiply.outer(outer_at, along), arm.shoulder + np.multiply.outer(inner_at, along)
    inner = on_inner - np.multiply.outer(inwards, arm.out_upper)
    inner[0] = armpit
    wide = None
    if cut.fore is None and (own[1:] > outwards[1:] * (_EASE + 0.1)).any():
        # It lies on the shoulder and stands off more and more towards its end.
        flare = outwards + (np.clip(own * 0.95, outwards, outwards * _WIDEST) - outwards) * SHARES
        wide = np.concatenate([on_outer + np.multiply.outer(flare, arm.out_upper), inner[::-1]])
        outwards = np.maximum(flare / _COVER, outwards * (1 - 0.2 * SHARES))
    outer = on_outer + np.multiply.outer(outwards * _COVER, arm.out_upper)
    outer[0] = tip
    if cut.fore is not None:
        outer[-1], inner[-1] = arm.elbow_ends[0]
    # The armhole is a straight line for the sleeve as it is for the torso, so that nothing shows between the two.
    drawn = np.concatenate([outer, inner, (tip + armpit)[None] / 2])
    taken = np.concatenate([*cut.upper, cut.upper[:, 0].mean(0)[None]])
    return Part(name, drawn, taken, _clip(outer, inner, 0.1, 0.25 if cut.fore is None else 0.5), wide)


def _fore(name: str, reach: float, edges: Points, arm: _Arm, scale: float) -> Part:
    along = arm.wrist - arm.elbow
    at = SHARES * reach
    own = np.hypot(*(edges[0] - edges[1]).T) / 2 * scale
    middle = arm.elbow + np.multiply.outer(at, along)
    outwards, inwards = (np.interp(at, [0, 0.4, 1], [(u + f) / 2, f, 0.8 * f]) for u, f in zip(arm.upper, arm.fore, strict=True))
    outer = middle + np.multiply.outer(np.clip(own * 0.95, outwards * _EASE, outwards * _COVER), arm.out_fore)
    inner = middle - np.multiply.outer(np.clip(own * 0.95, inwards * _EASE, inwards * _COVER), arm.out_fore)
    outer[0], inner[0] = arm.elbow_ends[1]
    return Part(name, np.concatenate([outer, inner]), edges.reshape(-1, 2), _clip(outer, inner, 0.02 + 0.45 * arm.bend, 0.15), None)


def _clip(outer: Points, inner: Points, before: float, after: float) -> Points:
    """The outline of a strip, a little wider, and longer at its ends by parts of its width."""
    outer, inner = outer + (outer - inner) * 0.08, inner + (inner - outer) * 0.08
    middle, width = (outer + inner) / 2, np.hypot(*(outer - inner).T)
    first, last = middle[0] - middle[1], middle[-1] - middle[-2]
    first, last = (shift / max(float(np.hypot(*shift)), 1e-6) for shift in (first, last))
    first, last = first * (before * width[0]), last * (after * width[-1])
    return np.concatenate([[outer[0] + first], outer, [outer[-1] + last, inner[-1] + last], inner[::-1], [inner[0] + first]])


def _outwards(along: Points, side: int, pose: Pose) -> Points:
    """Unit vector square to a limb, away from the body when the arm hangs."""
    length = float(np.hypot(*along))
    if length < 0.05 * pose.width:
        along, length = pose.down, 1.0
    square = np.array([-along[1], along[0]]) / length
    return square if side == 0 else -square
