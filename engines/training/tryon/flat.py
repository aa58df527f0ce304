"""Lays the garment that somebody wears on a photo flat, as a product picture with landmarks: the landmark warp, backwards.

A plain pattern of the category, as long as what is worn, is fitted to the body; what the photo shows where the pattern falls is drawn on
the pattern. What is not the garment is cut away, what arms, hair or a bag hide is filled in.
"""

from __future__ import annotations

import cv2
import numpy as np

from engines.body import Reading
from engines.contract import CLASSES
from engines.crop import Crop
from engines.tryon.cut import FOREARM, UPPER_ARM, Cut, cut
from engines.tryon.garment import Garment
from engines.tryon.lower import skirt as skirt_points
from engines.tryon.lower import trousers
from engines.tryon.order import worn
from engines.tryon.outline import outline
from engines.tryon.pose import Pose, pose
from engines.tryon.sleeves import sleeve
from engines.tryon.upper import torso
from engines.tryon.warp import ThinPlate

Points = np.ndarray
Marks = dict[str, tuple[float, float]]
Shape = list[tuple[float, float]]

WORN_AS = {
    "blouse": ("upper-clothes",), "outwear": ("coat",), "dress": ("dress", "jumpsuits"), "trousers": ("pants",), "skirt": ("skirt",),
}  # fmt: skip
"""Which classes of the parsing a garment of each category is."""
_HIDING = ("left-arm", "right-arm", "hair", "bag", "glove", "accessory", "scarf")
_TORSO = 1.56  # torso lengths to shoulder widths, as a body that faces the camera has
_MARGIN = 0.3  # of empty space around the pattern, in shoulder widths
_LEAST = 0.25  # of the pattern that must be seen


def lay_flat(picture: np.ndarray, labels: np.ndarray, reading: Reading, crop: Crop, category: str, name: str = "flat") -> Garment | None:
    """The garment of ``category`` on a photo (H, W, 3) uint8 with class labels (H, W), of which ``reading`` reads the ``crop``.

    None where none is worn, or too little of it is to be seen.
    """
    skeleton = pose(reading.landmarks)
    mask = np.isin(labels, [CLASSES.index(c) for c in WORN_AS[category]]).astype(np.uint8) * 255
    if skeleton is None or (mask > 0).sum() < 400:
        return None
    unit = float(np.clip(skeleton.width / crop.scale, 40, 240))
    pattern = _pattern(category, *_extent(mask, skeleton, crop, reading), unit, name)
    parts = cut(pattern)
    hiding = np.isin(labels, [CLASSES.index(c) for c in _HIDING]).astype(np.uint8) * 255
    flat = np.zeros((*pattern.picture.shape[:2], 5), np.uint8)
    for word, drawn, taken, stiffness in _points(parts, skeleton, reading):
        piece = parts.pieces[word]
        x0, y0 = piece.origin
        height, width = piece.picture.shape[:2]
        warp = ThinPlate(taken, crop.to_frame(drawn), stiffness).grid(0.6 * unit, 40)
        found = warp.within((x0, y0, x0 + width, y0 + height))
        if found is None:
            continue
        (left, top, right, bottom), where = found
        part = np.dstack([_taken(plane, where) for plane in (picture, np.dstack([mask, hiding]))])
        if "sleeve" in word or "forearm" in word:
            part[..., 4] = 0  # an arm is not what hides its own sleeve
        inside = piece.picture[top - y0 : bottom - y0, left - x0 : right - x0, 3] > 127
        flat[top:bottom, left:right][inside] = part[inside]
    return _finish(flat, pattern)


def _taken(source: np.ndarray, where: np.ndarray) -> np.ndarray:
    taken = cv2.remap(source, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)  # type: ignore[call-overload]
    return np.asarray(taken)


def _extent(mask: np.ndarray, pose: Pose, crop: Crop, reading: Reading) -> tuple[float, tuple[float, float]]:
    """How far down the garment goes, in torso lengths below the neck, and how far down each arm (1 the elbow, 2 the wrist)."""
    ys, xs = np.nonzero(mask[::2, ::2])
    points = crop.to_crop(np.stack([xs, ys], 1) * 2.0)
    along = np.sort((points - pose.neck) @ pose.down / pose.torso)
    sleeves = worn(pose, reading.parsing).sleeves
    return float(along[int(0.985 * len(along))]), (float(sleeves[0]), float(sleeves[1]))


def _pattern(category: str, low: float, sleeves: tuple[float, float], unit: float, name: str) -> Garment:
    """A flat garment of plain white with all the landmarks of its category; coordinates in shoulder widths, then scaled."""
    shapes: list[Shape]
    if category in ("trousers", "skirt"):
        marks, shapes = _lower_pattern(category, low)
    else:
        marks, shapes = _upper_pattern(category, low, sleeves)
    points = np.array([p for shape in shapes for p in shape])
    shift = _MARGIN - points.min(0)
    width, height = np.ceil((points.max(0) + shift + _MARGIN) * unit).astype(int).tolist()
    alpha = np.zeros((height, width), np.uint8)
    for shape in shapes:
        cv2.fillPoly(alpha, [np.round((np.array(shape) + shift) * unit).astype(np.int32)], 255)
    picture = np.dstack([np.full((height, width, 3), 255, np.uint8), alpha])
    return Garment(name, name, category, picture, {k: tuple(((np.array(v) + shift) * unit).tolist()) for k, v in marks.items()})


def _upper_pattern(category: str, low: float, sleeves: tuple[float, float]) -> tuple[Marks, list[Shape]]:
    hem = 0.3 + min(max(low, 0.6), 2.9) * _TORSO
    marks: Marks = {"center_front": (0.0, 0.07)}
    right: Marks = {"neckline": (0.24, 0.0), "shoulder": (0.59, 0.12), "armpit": (0.68, 0.64)}
    shapes = [[(-0.68, 0.64), (-0.59, 0.12), (-0.24, 0.0), (0.24, 0.0), (0.59, 0.12), (0.68, 0.64), (0.7, hem), (-0.7, hem)]]
    for sign, side, reach in ((-1, "left", sleeves[0]), (1, "right", sleeves[1])):
        reach = 0.0 if reach < 0.34 else min(reach + 0.15, 2.0)
        length = UPPER_ARM * min(reach, 1.0) + FOREARM * max(reach - 1.0, 0.0)
        along, across = np.array([0.45, 0.893]), np.array([-0.893, 0.45])
        shoulder, armpit = np.array(right["shoulder"]), np.array(right["armpit"])
        outer = shoulder + along * max(length, 0.02)
        inner = outer + across * np.interp(reach, [0.3, 2.0], [0.5, 0.3])
        if reach == 0.0:
            outer, inner = shoulder + 0.01, armpit - np.array([-0.01, 0.01])
        for name, point in (("cuff_{}_out", outer), ("cuff_{}_in", inner)):
            marks[name.format(side)] = (sign * float(point[0]), float(point[1]))
        shapes.append([(sign * float(x), float(y)) for x, y in (shoulder, outer, inner, armpit, (0.3, 0.6), (0.3, 0.1))])
    right |= {"waistline": (0.69, min(1.3, 0.7 * hem)), ("hemline" if category == "dress" else "top_hem"): (0.7, hem)}
    if category == "blouse":
        del right["waistline"]
    if category == "outwear":
        del marks["center_front"]
    for name, (x, y) in right.items():
        marks |= {f"{name}_left": (-x, y), f"{name}_right": (x, y)}
    return marks, shapes


def _lower_pattern(category: str, low: float) -> tuple[Marks, list[Shape]]:
    if category == "skirt":
        hem = max((low - 0.74) * _TORSO + 0.08, 0.3)
        corners = [(-0.525, 0.0), (0.525, 0.0), (0.75, hem), (-0.75, hem)]
        names = ("waistband_left", "waistband_right", "hemline_right", "hemline_left")
        return dict(zip(names, corners, strict=True)), [corners]
    crotch, bottom = 0.55, max((low - 1.17) * _TORSO + 0.63, 0.8)
    marks: Marks = {"crotch": (0.0, crotch)}
    for sign, side in ((-1, "left"), (1, "right")):
        marks |= {
            f"waistband_{side}": (sign * 0.525, 0.0),
            f"bottom_{side}_in": (sign * 0.12, bottom),
            f"bottom_{side}_out": (sign * 0.6, bottom),
        }
    shapes = [[(0.0, 0.0), (s * 0.525, 0.0), (s * 0.66, crotch), (s * 0.6, bottom), (s * 0.12, bottom), (0.0, crotch)] for s in (-1, 1)]
    return marks, shapes


def _points(parts: Cut, pose: Pose, reading: Reading) -> list[tuple[str, Points, Points, float]]:
    """Name, control points on the body (crop px) and on the pattern, and stiffness of every piece; torso first."""
    old = worn(pose, reading.parsing)
    measured = outline(pose, reading.parsing, old.sleeves)
    if parts.category == "trousers":
        return [(word, drawn, taken, 1e-4) for word, drawn, taken in trousers(parts, pose, measured)[0]]
    if parts.category == "skirt":
        drawn, taken, _ = skirt_points(parts, pose, measured)
        return [("skirt", drawn, taken, 1e-4)]
    body = torso(parts, pose, measured)
    points = [("torso", body.drawn, body.taken, 1e-4)]
    for side in (0, 1):
        made = parts.sleeves[side]
        if made is not None:
            pieces = sleeve(made, made.reach, parts.unit, pose, measured, side, body.tips[side], body.armpits[side])
            points += [(part.name, part.drawn, part.taken, 1e-3) for part in pieces]
    return points


def _finish(flat: np.ndarray, pattern: Garment) -> Garment | None:
    """Cut away what is not the garment, fill in what was hidden."""
    seen, hidden = flat[..., 3] > 127, (flat[..., 3] <= 127) & (flat[..., 4] > 127)
    area = (pattern.picture[..., 3] > 0).sum()
    if seen.sum() < _LEAST * area:
        return None
    alpha = np.asarray(cv2.morphologyEx(((seen | hidden) * 255).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)))
    count, regions, stats, _ = cv2.connectedComponentsWithStats((alpha > 0).astype(np.uint8))
    for index in range(1, count):
        if stats[index, cv2.CC_STAT_AREA] < 0.02 * area:
            alpha[regions == index] = 0
    sure = cv2.erode(seen.astype(np.uint8), np.ones((3, 3), np.uint8))
    colour = fill(flat[..., :3], sure)
    picture = np.dstack([colour, cv2.GaussianBlur(alpha, (3, 3), 0)])
    picture.flags.writeable = False
    return Garment(pattern.id, pattern.name, pattern.category, picture, pattern.landmarks)


def fill(picture: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 with everything that is not ``known`` painted in from around, from ever larger surroundings."""
    colour, weight = picture.astype(np.float32) * known[..., None], known.astype(np.float32)
    done, sure = colour.copy(), weight.copy()
    side = 3
    while side < max(picture.shape) and sure.min() < 0.5:
        near, share = cv2.blur(colour, (side, side)), cv2.blur(weight, (side, side))
        new = (sure < 0.5) & (share > 0.02)
        done[new] = near[new] / share[new][:, None]
        sure[new] = 1
        side = side * 2 + 1
    if sure.min() < 0.5 and weight.sum():
        done[sure < 0.5] = colour.reshape(-1, 3).sum(0) / weight.sum()
    return np.clip(np.rint(done), 0, 255).astype(np.uint8)
