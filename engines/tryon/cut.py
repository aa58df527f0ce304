"""A garment cut by its landmarks into the parts that move on their own: torso and sleeves, or the legs of trousers.

Done once a garment. Knows nothing of the body it will be put on, except where an elbow comes in a sleeve.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import cv2
import numpy as np

from engines.tryon.garment import Garment
from engines.tryon.pieces import Piece, piece, premultiplied, printed

Point = np.ndarray
Marks = dict[str, Point]
Mask = np.ndarray

SEAMS = 7
"""Points down each side seam from armpit (or waistband) to hem, both included."""
UPPER_ARM, FOREARM = 0.86, 0.72
"""From a garment's shoulder to the elbow and on to the wrist, in shoulder widths."""
SHARES = np.array([0.0, 1 / 3, 2 / 3, 1.0])
"""Where along each part of a sleeve its edges are known."""
_SLEEVELESS = 0.3  # a sleeve shorter than this part of its armhole is none


@dataclass(frozen=True, eq=False)
class Sleeve:
    """One sleeve's edges in the garment's picture. Outer is the edge from the shoulder, inner the one from the armpit."""

    reach: float
    """How far down the arm it goes: 1 to the elbow, 2 to the wrist."""
    upper: np.ndarray
    """(2, 4, 2) outer and inner edge at :data:`SHARES` from the armhole to the elbow, or to the cuff if that comes first."""
    fore: np.ndarray | None
    """The same from the elbow to the cuff."""


@dataclass(frozen=True, eq=False)
class Cut:
    """A garment ready to be fitted."""

    category: str
    pieces: dict[str, Piece]
    """``torso`` and, where there are sleeves, ``left-sleeve`` and ``left-forearm`` (only past the elbow), the same right; or
    ``left-leg`` and ``right-leg``; or ``skirt``."""
    unit: float
    """Pixels of the picture that are one shoulder width of the body the garment was made for."""
    marks: Marks
    """The garment's landmarks."""
    seams: np.ndarray
    """(2, SEAMS, 2) down its left and right side at even distances."""
    sleeves: tuple[Sleeve | None, Sleeve | None]
    back: np.ndarray | None
    """(N, 2) around what is seen through the neck opening, the inside of the back: not drawn. None if there is no opening."""
    printed: float
    """0 for plain cloth, towards 1 for a strong print."""


_cuts: WeakKeyDictionary[Garment, Cut] = WeakKeyDictionary()


def cut(garment: Garment) -> Cut:
    """Cut a garment; the result is kept as long as the garment is."""
    made = _cuts.get(garment)
    if made is None:
        made = _cuts[garment] = _cut_lower(garment) if garment.category in ("trousers", "skirt") else _cut_upper(garment)
    return made


def prepare(garment: Garment) -> None:
    """Cut it now, in whatever thread loads it: a tenth of a second that the first frame would otherwise wait for."""
    for part in cut(garment).pieces.values():
        _ = part.sizes


def _cut_upper(garment: Garment) -> Cut:
    marks = {name: np.array(point, np.float64) for name, point in garment.landmarks.items()}
    opaque = garment.picture[..., 3] > 127
    # From the seams on the shoulders, or from the chest where straps are narrower than shoulders.
    unit = max(_distance(marks, "shoulder_left", "shoulder_right") / 1.18, _distance(marks, "armpit_left", "armpit_right") / 1.42)
    back = _back(garment, marks)
    torso = np.full(opaque.shape, 255, np.uint8)
    if back is not None:
        _fill(torso, list(back), 0)
    masks: dict[str, Mask] = {"torso": torso}
    sleeves: list[Sleeve | None] = []
    for side in ("left", "right"):
        parts, sleeve = _sleeve(marks, unit, side, torso, opaque)
        masks |= parts
        sleeves.append(sleeve)
    hem = "top_hem" if "top_hem_left" in marks else "hemline"
    seams = _seams(marks, "armpit", hem, opaque & (torso > 127))
    picture = premultiplied(garment.picture)
    pieces = {name: piece(name, picture, mask) for name, mask in masks.items()}
    return Cut(garment.category, pieces, unit, marks, seams, (sleeves[0], sleeves[1]), back, printed(garment.picture))


def _cut_lower(garment: Garment) -> Cut:
    marks = {name: np.array(point, np.float64) for name, point in garment.landmarks.items()}
    opaque = garment.picture[..., 3] > 127
    masks = {"skirt": np.full(opaque.shape, 255, np.uint8)} if garment.category == "skirt" else _legs(marks, opaque.shape)
    hem = "hemline" if garment.category == "skirt" else "bottom"
    if hem == "bottom":
        marks |= {f"bottom_{side}": marks[f"bottom_{side}_out"] for side in ("left", "right")}
    picture = premultiplied(garment.picture)
    pieces = {name: piece(name, picture, mask) for name, mask in masks.items()}
    unit = _distance(marks, "waistband_left", "waistband_right") / 1.05
    seams = _seams(marks, "waistband", hem, opaque)
    return Cut(garment.category, pieces, unit, marks, seams, (None, None), None, printed(garment.picture))


def _distance(marks: Marks, a: str, b: str) -> float:
    return max(float(np.hypot(*(marks[a] - marks[b]))), 1.0)


def _back(garment: Garment, marks: Marks) -> np.ndarray | None:
    """The garment's own opening, or what lies above a curve from one end of the neckline through its front to the other."""
    if len(garment.opening) >= 3:
        return np.array(garment.opening, np.float64)
    if "center_front" not in marks:
        return None
    left, right, front = marks["neckline_left"], marks["neckline_right"], marks["center_front"]
    t = np.linspace(0, 1, 15)[:, None]
    low = left * (1 - t) + right * t + (front - (left + right) / 2) * (4 * t * (1 - t)) * 0.96
    up = np.array([0.0, -0.3 * float(np.hypot(*(right - left)))])
    return np.vstack([low, [right + up, left + up]])


def _sleeve(marks: Marks, unit: float, side: str, torso: Mask, opaque: np.ndarray) -> tuple[dict[str, Mask], Sleeve | None]:
    """Masks of a sleeve's parts, and its edges; takes the sleeve off ``torso`` but for some overlap.

    A sleeve is what lies outside the line from the shoulder to the armpit and on between sleeve and side seam.
    """
    shoulder, armpit = marks[f"shoulder_{side}"], marks[f"armpit_{side}"]
    outer, inner = marks[f"cuff_{side}_out"], marks[f"cuff_{side}_in"]
    if np.hypot(*((outer + inner) / 2 - (shoulder + armpit) / 2)) < _SLEEVELESS * np.hypot(*(shoulder - armpit)):
        return {}, None
    out = -1.0 if side == "left" else 1.0
    far, sideways = 2.0 * max(opaque.shape), np.array([2.0 * max(opaque.shape) * out, 0.0])
    hem = marks.get(f"top_hem_{side}", marks.get(f"hemline_{side}"))
    assert hem is not None
    down, up = _unit(_unit(inner - armpit) + _unit(hem - armpit)) * far, _unit(shoulder - armpit) * far
    mask = np.zeros(opaque.shape, np.uint8)
    _fill(mask, [shoulder + up, shoulder, armpit, armpit + down, armpit + down + sideways, shoulder + up + sideways], 255)
    overlap = np.array([out * 0.08 * unit, 0.0])
    _fill(torso, [shoulder + up + overlap, shoulder + overlap, armpit + overlap * 0.5, armpit + down, armpit + down + sideways,
                  shoulder + up + sideways], 0)  # fmt: skip

    length = float(np.hypot(*(outer - shoulder))) / unit
    reach = length / UPPER_ARM if length <= UPPER_ARM else 1 + (length - UPPER_ARM) / FOREARM
    elbow = min(UPPER_ARM / length, 1.0)
    inside = max((elbow - 0.2) / 0.8, 0.1)  # the inner edge starts at the armpit, further down the arm: on it the elbow comes earlier
    cloth = opaque & (mask > 127)

    def edges(start: float, start_inside: float, end: float, end_inside: float) -> np.ndarray:
        a = shoulder + (outer - shoulder) * (start + SHARES * (end - start))[:, None]
        b = armpit + (inner - armpit) * (start_inside + SHARES * (end_inside - start_inside))[:, None]
        return _widen(a, b, cloth, slice(1 if start == 0 else 0, -1 if end == 1 else None))

    upper = edges(0, 0, elbow, inside)
    if reach <= 1:
        return {f"{side}-sleeve": mask}, Sleeve(reach, upper, None)
    fore = edges(elbow, inside, 1, 1)
    parts = _at_elbow(mask, upper[:, -1], (outer + inner) / 2, unit, side)
    return parts, Sleeve(2.0 if reach > 1.65 else reach, upper, fore)


def _widen(a: np.ndarray, b: np.ndarray, cloth: np.ndarray, which: slice) -> np.ndarray:
    """Move the ends of the lines a[i] to b[i] to the edge of the cloth, by up to a quarter of their length."""
    a, b = a.copy(), b.copy()
    height, width = cloth.shape
    t = np.linspace(0.0, 0.75, 61)
    for i in range(len(a))[which]:
        middle = (a[i] + b[i]) / 2
        for end in (a, b):
            along = middle + (end[i] - middle) * (2 * t)[:, None]
            x, y = np.clip(np.rint(along[:, 0]).astype(int), 0, width - 1), np.clip(np.rint(along[:, 1]).astype(int), 0, height - 1)
            off = ~cloth[y, x]
            stop = int(off.argmax()) if off.any() else len(t)
            if stop > 20:
                end[i] = along[min(stop, len(t) - 1) - 1]
    return np.stack([a, b])


def _at_elbow(sleeve: Mask, elbow: np.ndarray, cuff: Point, unit: float, side: str) -> dict[str, Mask]:
    """The two halves of a sleeve, overlapping at the line ``elbow`` (outer, inner end)."""
    middle, half = elbow.mean(0), elbow[0] - elbow[1]
    along = _unit(cuff - middle)
    far = along * (2.0 * max(sleeve.shape))
    parts: dict[str, Mask] = {}
    for name, slack, direction in ((f"{side}-sleeve", 0.24 * unit, far), (f"{side}-forearm", -0.18 * unit, -far)):
        part, line = sleeve.copy(), middle + along * slack
        _fill(part, [line - half, line + half, line + half + direction, line - half + direction], 0)
        parts[name] = part
    return parts


def _legs(marks: Marks, shape: tuple[int, ...]) -> dict[str, Mask]:
    """Masks of the halves of trousers, cut from the middle of the waistband through the crotch; they overlap by a little."""
    top, crotch = (marks["waistband_left"] + marks["waistband_right"]) / 2, marks["crotch"]
    bottom = (marks["bottom_left_in"] + marks["bottom_right_in"]) / 2
    far = 2.0 * max(shape)
    middle = [top + _unit(top - crotch) * far, top, crotch, crotch + _unit(bottom - crotch + [0, 1e-3]) * far]
    masks: dict[str, Mask] = {}
    for side, out in (("left", -1.0), ("right", 1.0)):
        slack, sideways = np.array([-out * 2.0, 0.0]), np.array([out * far, 0.0])
        mask = np.zeros(shape, np.uint8)
        _fill(mask, [*(point + slack for point in middle), middle[-1] + sideways, middle[0] + sideways], 255)
        masks[f"{side}-leg"] = mask
    return masks


def _seams(marks: Marks, top: str, hem: str, opaque: np.ndarray) -> np.ndarray:
    """(2, SEAMS, 2) the sides from ``top`` to ``hem``: on the cloth's edge where it is near the line between the landmarks."""
    middle = (marks[f"{top}_left"][0] + marks[f"{top}_right"][0]) / 2
    sides = []
    for side, out in (("left", -1), ("right", 1)):
        start, end, waist = marks[f"{top}_{side}"], marks[f"{hem}_{side}"], marks.get(f"waistline_{side}")
        points = start + (end - start) * np.linspace(0, 1, SEAMS)[:, None]
        if waist is not None and start[1] < waist[1] < end[1]:
            points[:, 0] = np.interp(points[:, 1], [start[1], waist[1], end[1]], [start[0], waist[0], end[0]])
        for point in points[1:-1]:
            line = opaque[int(np.clip(round(point[1]), 0, len(opaque) - 1))]
            first = int(np.clip(round(middle + 0.6 * (point[0] - middle)), 0, len(line) - 1))
            run = line[first::out]
            edge = first + out * ((len(run) if run.all() else int(run.argmin())) - 1)
            if abs(edge - point[0]) < 0.25 * abs(point[0] - middle):
                point[0] = edge
        sides.append(points)
    return np.stack(sides)


def _fill(mask: Mask, corners: list[Point], value: int) -> None:
    cv2.fillPoly(mask, [np.round(np.array(corners) * 16).astype(np.int32)], value, cv2.LINE_AA, 4)


def _unit(vector: Point) -> Point:
    return vector / max(float(np.hypot(*vector)), 1e-9)
