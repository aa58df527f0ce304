"""Bare skin where the old garment covered more than the new one: arms out of shorter sleeves, the neck inside the new neckline. In the
person's own colour; and what lies behind, where the old sleeve was wider than an arm or the old collar higher.

Works out on the parsing's cells what is to be painted; :mod:`engines.tryon.paint` does it at the frame's size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from engines.crop import Crop
from engines.tryon.arm import bare_arm
from engines.tryon.cells import Cells
from engines.tryon.fit import Fit
from engines.tryon.neck import neck_skin, old_collar
from engines.tryon.order import OLD_TOP
from engines.tryon.outline import ALONG
from engines.tryon.pose import Pose
from engines.tryon.warp import Box

Plane = np.ndarray

_LONGER = 0.12  # an old sleeve is longer than the new one from so much of an arm's half on
_ENOUGH = 10  # cells of skin without which its colour is not known
_ROUND = 0.20  # how much darker an arm is at its edge
_COLLAR = 0.6  # an old collar or hood reaches so far from the middle, in shoulder widths
_REST, _BELOW = 0.2, 0.8  # what is left of the old garment so near to the new one is painted over, in shoulder widths: beside and below it
_LONG = 1.6  # an old sleeve that goes so far down goes to the wrist
_OUTSIDE = -1e3


@dataclass(frozen=True, eq=False)
class Bare:
    """What has to be painted where the old garment was, on the cells of a window. Planes are (h, w) float32; distances in crop pixels."""

    cloth: Plane
    """0..1: the old garment's probability."""
    beyond: Plane
    """How far inside of where nothing of it may be left; negative elsewhere."""
    bare: Plane
    """How far inside of the bare skin's edge; negative outside."""
    arm: Plane
    """The same for arms beyond the new sleeves: they are in front of the garment."""
    skin: np.ndarray
    """(h, w, 3) float32: the colour of the skin."""
    behind: np.ndarray
    """(h, w, 3) float32: the colour of what lies around the old garment."""


def to_paint(bare: Bare, covered: Plane) -> np.ndarray:
    """(h, w) bool: the cells on which anything has to be painted; not those that the new garment covers (0..1) anyway."""
    over = cv2.erode(covered, np.ones((3, 3), np.uint8)) > 0.99
    return (bare.cloth > 0.02) & (bare.beyond > -2) & ~(over & (bare.arm < -2))


def bare_sides(reach: tuple[float, float], worn_sleeves: np.ndarray, behind: np.ndarray) -> list[int]:
    """The sides (0 the viewer's left) on which an arm comes out of a shorter sleeve."""
    return [side for side in (0, 1) if reach[side] + _LONGER < min(float(worn_sleeves[side]), 2.0) and behind[side] <= 0.5]


def limits(sides: list[int], fit: Fit, crop: Crop) -> Box:
    """The pixels of the frame that may be painted."""
    pose = fit.pose
    joints = [np.stack([pose.shoulders[s], pose.elbows[s], 1.15 * pose.wrists[s] - 0.15 * pose.elbows[s]]) for s in sides]
    joints.append(np.stack([pose.chin, pose.shoulders[0], pose.shoulders[1], pose.place(0.0, fit.outline.old_hem)]))
    room = 0.3 * pose.width
    points = np.concatenate(joints)
    low, high = np.floor(crop.to_frame(points.min(0) - room)), np.ceil(crop.to_frame(points.max(0) + room))
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def bare_skin(sides: list[int], fit: Fit, cells: Cells, light: Plane, covered: Plane, arms: Plane) -> Bare | None:
    """What to paint: the arms on ``sides`` and the neck; None where there is nothing to do, or the person's skin is not known.

    ``light`` (h, w) are the folds of the old garment, ``covered`` (h, w) 0..1 where the new one is drawn, ``arms`` is
    :func:`engines.tryon.order.arm_skin`.
    """
    # The old garment's probability, without hands that have the colour of the face.
    cloth = np.clip(cells.of(*OLD_TOP, "left-arm", "right-arm", "glove") - arms, 0.0, 1.0)
    beyond, bare, arm = (np.full(cloth.shape, _OUTSIDE, np.float32) for _ in range(3))
    skin = np.zeros((*cloth.shape, 3), np.float32)
    bared = _arms(sides, fit, cells, beyond, bare, arm, skin) if sides else False
    skin *= np.sqrt(light)[..., None]
    neck = fit.opening is not None and fit.category != "outwear" and _neck(fit.opening, fit.pose, cells, beyond, bare, skin)
    if fit.category != "outwear":
        _rest(fit, cells, covered, beyond, bare, skin)
    # What jumps from cell to cell would show as steps.
    beyond, arm = (np.asarray(cv2.blur(np.clip(plane, -4, 4), (3, 3)), np.float32) for plane in (beyond, arm))
    old = cloth * (beyond > -2)
    if not (bared or neck) or not (old > 0.2).any():
        return None
    others = cells.of("left-arm", "right-arm", "face", *OLD_TOP)
    known = np.clip(1.0 - others * 1.5, 0, 1) * (1.0 - cv2.dilate(old, np.ones((3, 3), np.uint8)))
    return Bare(cloth, beyond, bare, arm, skin, _spread(cells.picture, known, old))


def _arms(sides: list[int], fit: Fit, cells: Cells, beyond: Plane, bare: Plane, arm: Plane, skin: np.ndarray) -> bool:
    """Put arms into the planes, in place; whether there are any."""
    face = _mean(cells, cells.of("face") > 0.85)
    length = 0.8 * fit.pose.width
    found = False
    for side in sides:
        tone = _tone(side, fit.pose, cells, face)
        if tone is None:
            continue
        found = True
        bared = bare_arm(side, fit.pose, fit.outline, cells)
        until = float(fit.worn.sleeves[side]) + 0.25
        part = np.minimum(bared.sleeve, ((until if until < _LONG else 2.3) - bared.along) * length)
        if fit.reach[side] > 0:
            part = np.minimum(part, (bared.along - fit.reach[side]) * length)
        else:
            chest = _chest(side, fit.pose, cells)
            np.maximum(beyond, chest, out=beyond)
            _lay(chest, [np.full_like(chest, value) for value in tone.tolist()], bare, skin)
        np.maximum(beyond, part, out=beyond)
        np.maximum(arm, np.minimum(bared.inside, part), out=arm)
        shade = (1.02 + _ROUND * 0.1) - _ROUND * np.square(np.minimum(bared.across, np.float32(1.2))) * np.float32(1.1)
        _lay(bared.inside, [shade * np.float32(value) for value in tone.tolist()], bare, skin)
    return found


def _rest(fit: Fit, cells: Cells, covered: Plane, beyond: Plane, bare: Plane, skin: np.ndarray) -> None:
    """Put what sticks out beside the new garment, and below it, into ``beyond``, in place; no long coat below a short top."""
    pose = fit.pose
    down, across = cells.along(pose.neck, pose.down), cells.along(pose.neck, pose.across)
    torso = (covered > 0.5) & (np.abs(across) < 0.3 * pose.width)
    if not torso.any():
        return
    hem = last = float(down[torso].max())
    side = 2 * max(round(_REST * pose.width / 2), 1) + 1
    near = cv2.dilate(covered, np.ones((side, side), np.uint8)) > 0.5
    other = cells.of("dress", "jumpsuits") > 0.5 if fit.category == "blouse" else np.False_
    middle = np.abs(across) < 0.4 * pose.width
    old_hem = float(down[(cells.of("upper-clothes") > 0.5) & middle].max(initial=0))
    coat = ((cells.of("coat", "dress", "jumpsuits") > 0.5) & middle & (down > hem)).any()
    short = hem + 2 < old_hem < hem + _BELOW * pose.width and not coat
    tone = _tone(0, pose, cells, _mean(cells, cells.of("face") > 0.85)) if short else None
    if tone is not None:  # a short top over a longer one: a bare belly
        last = old_hem + 0.15 * pose.width
        half = np.where(across < 0, *(np.interp(down / pose.torso, ALONG, fit.outline.half[which]) for which in (0, 1))) * pose.width
        belly = np.minimum(half - np.abs(across), np.minimum(down - hem + 0.5 * pose.width, last - down))
        belly = np.where(other, np.float32(_OUTSIDE), belly.astype(np.float32))
        near |= belly > -2
        shade = (1.02 - _ROUND * np.square(np.minimum(np.abs(across) / half, 1.0))).astype(np.float32)
        _lay(belly, [shade * np.float32(value) for value in tone.tolist()], bare, skin)
    # What goes on further than that is left whole: half of it would look torn.
    more = (cells.of(*OLD_TOP) > 0.5) & ~near & (beyond < 0) & (down > 0)
    near &= cv2.dilate(more.astype(np.uint8), np.ones((2 * side + 1, 2 * side + 1), np.uint8)) == 0
    rest = near & (down > 0) & ~((down > hem) & other)
    np.maximum(beyond, np.minimum(np.where(rest, 4.0, -4.0), last - down).astype(np.float32), out=beyond)


def _lay(inside: Plane, colours: Sequence[Plane] | np.ndarray, bare: Plane, skin: np.ndarray) -> None:
    """Skin of ``colours`` where it lies further inside of its edge than what is there already; in place."""
    merged = colours if isinstance(colours, np.ndarray) else cv2.merge(list(colours))
    cv2.copyTo(merged, (inside > bare).astype(np.uint8), skin)
    np.maximum(bare, inside, out=bare)


def _chest(side: int, pose: Pose, cells: Cells) -> Plane:
    """How far inside of what a sleeveless top leaves bare between neck and shoulder each cell lies."""
    inner, shoulder = pose.neck - pose.down * (0.1 * pose.width), pose.shoulders[side] - pose.down * (0.1 * pose.width)
    low = pose.down * (0.5 * pose.width)
    corners = np.array([inner, shoulder, pose.shoulders[side] + low, pose.neck + low], np.float32)
    return _convex(cv2.convexHull(corners)[:, 0], cells)


def _neck(opening: np.ndarray, pose: Pose, cells: Cells, beyond: Plane, bare: Plane, skin: np.ndarray) -> bool:
    """Put the neck, and around it what was an old collar or hood, into the planes, in place; whether its colour is known."""
    colour = neck_skin(cells, pose)
    if colour is None:
        return False
    inside = _convex(old_collar(opening, pose), cells)
    down, across = cells.along(pose.neck, pose.down), cells.along(pose.neck, pose.across)
    collar = np.minimum(_COLLAR * pose.width - np.abs(across), -down)
    np.maximum(beyond, np.maximum(collar, inside), out=beyond)
    _lay(inside, colour, bare, skin)
    return True


def _convex(corners: np.ndarray, cells: Cells) -> Plane:
    """How far inside of a convex polygon (N, 2, crop pixels, as cv2.convexHull gives it) each cell lies."""
    corners = cv2.approxPolyDP(np.asarray(corners, np.float32)[:, None], 0.7, True)[:, 0]
    step = np.roll(corners, -1, axis=0) - corners
    step /= np.maximum(np.hypot(step[:, 0], step[:, 1]), 1e-3)[:, None]
    rows = (cells.y - corners[:, 1]) * step[:, 0] + corners[:, 0] * step[:, 1]  # (h, edges)
    across = cells.x.T * -step[:, 1]  # (w, edges)
    inside = rows[:, None, 0] + across[None, :, 0]
    for edge in range(1, len(corners)):
        np.minimum(inside, rows[:, None, edge] + across[None, :, edge], out=inside)
    return np.asarray(inside, np.float32)


def _tone(side: int, pose: Pose, cells: Cells, face: np.ndarray | None) -> np.ndarray | None:
    """(3,) the skin's colour: of the hand and of what is bare of this arm, and of the face."""
    arms = cells.of("left-arm", "right-arm")
    away = np.hypot(cells.x - pose.wrists[side][0], cells.y - pose.wrists[side][1])
    hand = _mean(cells, (arms > 0.8) & (away < 0.6 * pose.width))
    if hand is None:
        hand = _mean(cells, arms > 0.8)
    if hand is None or face is None:
        return face if hand is None else hand
    return 0.6 * hand + 0.4 * face


def _mean(cells: Cells, where: np.ndarray) -> np.ndarray | None:
    mask = where.astype(np.uint8)
    if cv2.countNonZero(mask) < _ENOUGH:
        return None
    return np.array(cv2.mean(cells.picture, mask)[:3], np.float32)


def _spread(picture: np.ndarray, known: Plane, wanted: Plane) -> np.ndarray:
    """(h, w, 3) float32: the picture where it is ``known``, and from there into what is ``wanted``, nearest first. At half the cells."""
    size = (picture.shape[1] + 1) // 2, (picture.shape[0] + 1) // 2
    planes = cv2.merge([*cv2.split(cv2.multiply(picture, cv2.merge([known] * 3), dtype=cv2.CV_32F)), known])
    planes = cv2.resize(planes, size, interpolation=cv2.INTER_AREA)
    found = planes * np.float32(1e3)  # what is known outweighs what is spread, and that what is spread further
    for side, weight in ((3, 1.0), (9, 1e-2), (27, 1e-4), (61, 1e-6)):
        found += cv2.blur(planes, (side, side), borderType=cv2.BORDER_REPLICATE) * np.float32(weight)
    r, g, b, total = cv2.split(found)
    spread = cv2.resize(
        cv2.merge([plane / np.maximum(total, 1e-9) for plane in (r, g, b)]), picture.shape[1::-1], interpolation=cv2.INTER_LINEAR
    )
    keep = cv2.merge([(wanted == 0).astype(np.float32)] * 3)
    return cv2.add(spread, cv2.multiply(cv2.subtract(picture, spread, dtype=cv2.CV_32F), keep))
