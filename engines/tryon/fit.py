"""Where a garment goes on a body: small warps from the crop to the garment's picture, one for each part that moves on its own.

Takes a reading of the body and a garment; knows nothing of pixels of the frame. State goes in and comes out: pass the last fit of the
same session as ``previous`` and measured numbers are steadied.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engines.body import Reading
from engines.crop import Crop
from engines.tryon.cut import Cut, cut
from engines.tryon.garment import Garment
from engines.tryon.lower import skirt, trousers
from engines.tryon.order import Worn, worn
from engines.tryon.outline import Outline, outline
from engines.tryon.pieces import Piece
from engines.tryon.pose import Pose, pose
from engines.tryon.sleeves import sleeve
from engines.tryon.upper import torso
from engines.tryon.warp import Box, ThinPlate, Warp

Points = np.ndarray

_CELLS = 36  # along the longer side of a warp's grid: about 10 pixels of a 480-line video a cell


@dataclass(frozen=True, eq=False)
class Layer:
    """One part of the garment and where it is drawn."""

    piece: Piece
    warp: Warp
    """From pixels of the frame to pixels of the garment's picture."""
    clip: Points | None = None
    """(N, 2) outline in pixels of the frame outside of which it is not drawn."""

    @property
    def box(self) -> Box:
        """The pixels of the frame that it may touch."""
        x0, y0, x1, y1 = self.warp.box
        if self.clip is None:
            return x0, y0, x1, y1
        low, high = np.floor(self.clip.min(0)), np.ceil(self.clip.max(0))
        return max(x0, int(low[0])), max(y0, int(low[1])), min(x1, int(high[0]) + 2), min(y1, int(high[1]) + 2)


@dataclass(frozen=True, eq=False)
class Fit:
    """A garment on a body, ready to be drawn."""

    category: str
    layers: tuple[tuple[Layer, ...], ...]
    """Groups from back to front. A group casts a little shadow on those behind it; its own layers, also from back to front, do not."""
    wide: tuple[Points, ...]
    """(N, 2) polygons in crop pixels in which the garment may go beyond the body, because it is cut so."""
    opening: Points | None
    """(N, 2) around the neck opening in crop pixels; None if the garment has none."""
    reach: tuple[float, float]
    """How far down the arms the garment goes, on the viewer's left and right: 0 bare, 1 the elbow, 2 the wrist."""
    printed: float
    """0 for plain cloth, towards 1 for a strong print."""
    pose: Pose
    outline: Outline
    worn: Worn


def fit(garment: Garment, reading: Reading, crop: Crop, previous: Fit | None = None, beside: Fit | None = None) -> Fit | None:
    """Put ``garment`` on the body in ``reading``; None where the part of the body that it needs is not in view.

    ``beside`` is what else is put on in this frame: its measurements are taken instead of measuring again.
    """
    skeleton = beside.pose if beside else pose(reading.landmarks)
    if skeleton is None or not _in_view(garment.category, skeleton, reading):
        return None
    if beside:
        old, measured = beside.worn, beside.outline
    else:
        old = worn(skeleton, reading.parsing, previous.worn if previous else None)
        measured = outline(skeleton, reading.parsing, old.sleeves, previous.outline if previous else None)
    parts = cut(garment)
    if garment.category in ("trousers", "skirt"):
        return _fit_bottom(parts, crop, skeleton, measured, old)
    return _fit_top(parts, crop, skeleton, measured, old)


def under(inner: Fit, coat: Fit) -> Fit:
    """What is worn under a coat: without the sleeves that are inside of the coat's."""
    if inner.category in ("trousers", "skirt") or min(coat.reach) < max(inner.reach):
        return inner
    torso = tuple(group for group in inner.layers if group[0].piece.name == "torso")
    return replace(inner, layers=torso, wide=(), reach=coat.reach)


def _in_view(category: str, pose: Pose, reading: Reading) -> bool:
    """Whether the middle of the part of the body that the garment covers is on the crop and belongs to a body."""

    def seen(point: Points) -> bool:
        x, y = (point - 0.5) / 2
        return bool(0 <= x <= 95 and 0 <= y <= 127 and reading.parsing[0, int(y), int(x)] < 0.8)

    if category in ("trousers", "skirt"):
        thighs = pose.hip_joints + (pose.knees - pose.hip_joints) * 0.35
        return pose.hips_seen and seen(pose.hips) and (seen(thighs[0]) or seen(thighs[1]))
    return seen(pose.place(0, 0.25)) and seen(pose.place(0, 0.45))


def _fit_top(cut: Cut, crop: Crop, pose: Pose, outline: Outline, worn: Worn) -> Fit:
    body = torso(cut, pose, outline)
    wide = [np.concatenate([body.edge[0], body.edge[1][::-1]])] if body.wide.any() else []
    reach = [0.0, 0.0]
    arms: list[tuple[Layer, ...]] = [(), ()]
    for side in (0, 1):
        made = cut.sleeves[side]
        if made is None:
            continue
        # Where a long sleeve is worn now it ends at the wrist, more surely than the landmark says where that is.
        long = made.reach == 2.0 and worn.sleeves[side] > 1.55
        reach[side] = min(float(worn.sleeves[side]), 2.0) if long else made.reach
        parts = sleeve(made, reach[side], cut.unit, pose, outline, side, body.tips[side], body.armpits[side])
        warps = [_warp(crop, part.drawn, part.taken, 1e-3, pose, _CELLS // 3) for part in parts]
        arms[side] = tuple(Layer(cut.pieces[part.name], warp, crop.to_frame(part.clip)) for part, warp in zip(parts, warps, strict=True))
        wide += [part.wide for part in parts if part.wide is not None]
    chest = (Layer(cut.pieces["torso"], _warp(crop, body.drawn, body.taken, 1e-4, pose)),)
    # From back to front: arms behind the back, the torso, then the other arms, the higher one last.
    height = [float((pose.wrists[side] - pose.neck) @ pose.down) for side in (0, 1)]
    sides = sorted((0, 1), key=lambda side: -height[side])
    behind = [arms[side] for side in sides if worn.behind[side] > 0.5]
    before = [arms[side] for side in sides if worn.behind[side] <= 0.5]
    opening = None if cut.back is None else _opening(cut, body.drawn, body.taken)
    layers = tuple(group for group in (*behind, chest, *before) if group)
    return Fit(cut.category, layers, tuple(wide), opening, (reach[0], reach[1]), cut.printed, pose, outline, worn)


def _fit_bottom(cut: Cut, crop: Crop, pose: Pose, outline: Outline, worn: Worn) -> Fit:
    if cut.category == "trousers":
        pieces, wide = trousers(cut, pose, outline)
    else:
        drawn, taken, beyond = skirt(cut, pose, outline)
        pieces, wide = [("skirt", drawn, taken)], [] if beyond is None else [beyond]
    layers = tuple(Layer(cut.pieces[name], _warp(crop, drawn, taken, 1e-4, pose)) for name, drawn, taken in pieces)
    return Fit(cut.category, (layers,), tuple(wide), None, (0.0, 0.0), cut.printed, pose, outline, worn)


def _opening(cut: Cut, drawn: Points, taken: Points) -> Points:
    """The neck opening's outline carried from the garment to the body."""
    assert cut.back is not None
    near = taken[:, 1] < cut.marks["armpit_left"][1] + 0.2 * cut.unit
    return ThinPlate(taken[near], drawn[near], 1e-4)(cut.back)


def _warp(crop: Crop, drawn: Points, taken: Points, stiffness: float, pose: Pose, cells: int = _CELLS) -> Warp:
    """The warp through pairs of points, ``drawn`` in crop pixels, ``taken`` in the garment's; laid on the pixels of the frame."""
    return ThinPlate(crop.to_frame(drawn), taken, stiffness).grid(0.12 * pose.width / crop.scale, cells)
