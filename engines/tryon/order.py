"""What is in front of the garment: head, hair, hands and forearms, bag; and, for trousers, the top that hangs over them.

Works on the parsing's cells, from the classes and the landmarks; the edges are made crisp elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.contract import CLASSES
from engines.tryon.cells import Cells
from engines.tryon.outline import Outline
from engines.tryon.pose import Pose
from engines.tryon.skin import by_colour

OLD_TOP = ("upper-clothes", "coat", "dress", "jumpsuits")
"""Classes of what is worn above the waist; below it:"""
OLD_BOTTOM = ("pants", "skirt", "dress", "jumpsuits", "left-leg", "right-leg")
_CLOTH = tuple(CLASSES.index(name) for name in OLD_TOP)
_HAND = tuple(CLASSES.index(name) for name in ("left-arm", "right-arm", "glove", "bag"))


@dataclass(frozen=True, eq=False)
class Worn:
    """What is worn now that matters for who is in front; steadied over time."""

    sleeves: np.ndarray
    """(2,) how far down each arm a sleeve goes: 1 the elbow, 2 the wrist."""
    behind: np.ndarray
    """(2,) above 0.5 where an arm is behind the back."""


def worn(pose: Pose, parsing: np.ndarray, previous: Worn | None = None) -> Worn:
    """Look at (22, 128, 96) class probabilities along the arms; steadied by the previous frame's findings."""
    sleeves = np.array([_sleeve_end(pose, parsing, side) for side in (0, 1)])
    behind = np.array([float(_behind(pose, parsing, side)) for side in (0, 1)])
    if previous is not None:
        sleeves += 0.8 * (previous.sleeves - sleeves)
        behind += 0.8 * (previous.behind - behind)
    return Worn(sleeves, behind)


def arm_skin(pose: Pose, cells: Cells) -> np.ndarray:
    """The probability of bare arms and hands, told from cloth by the colour of the face as well."""
    return by_colour(cells.of("left-arm", "right-arm", "glove"), cells.of(*OLD_TOP), pose, cells)


def in_front(reach: tuple[float, float], pose: Pose, outline: Outline, worn: Worn, cells: Cells, arms: np.ndarray | None
             ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """What the garment must not cover, as three planes 0..1. ``reach``: how far down the arms it goes (0 bare, 1 elbow, 2 wrist).

    ``arms`` is :func:`arm_skin`, which trousers and skirts do not need.

    1. head, bag and skin of the arms, whose edges are edges of the picture; 2. the part of it that stays in front: a neck goes under a
    collar, an arm into a sleeve, and no edge of the picture shows where; 3. old sleeves that come out of the new ones.
    """
    seen = cells.of("hat", "hair", "sunglasses", "scarf", "bag")
    face = cells.of("face")
    seen += face
    if arms is None:
        above = np.clip(10 - cells.along(pose.neck, pose.down) * (10 / pose.torso), 0, 1)
        seen += cells.of("upper-clothes", "coat", "left-arm", "right-arm", "glove") + cells.of("dress", "jumpsuits") * above
        return np.minimum(seen, 1.0), np.ones_like(seen), np.zeros_like(seen)
    neck = face * (1 - above_chin(pose, cells))
    skin, bare, sleeves = _arms(reach, pose, outline, worn, cells, neck, arms)
    seen += skin
    covered = neck + skin * (1 - bare)
    return np.minimum(seen, 1.0), 1.0 - covered / (seen + 0.02), sleeves


def above_chin(pose: Pose, cells: Cells) -> np.ndarray:
    """1 on the head, 0 on the neck: the parsing gives both the class face, and a collar goes over the neck."""
    down = pose.neck - pose.nose
    down = down / (max(float(np.hypot(*down)), 1e-6) * 0.08 * pose.width)
    return np.clip(0.5 - cells.along(pose.chin, down), 0.0, 1.0)


def _limb(a: np.ndarray, b: np.ndarray, last: float, cells: Cells) -> tuple[np.ndarray, np.ndarray]:
    """Distance of each cell from the limb a to b (which goes on to ``last`` of its length), and how far along it is nearest."""
    along = b - a
    t = np.clip(cells.along(a, along / max(float(along @ along), 1e-3)), 0.0, last)
    (x, y), (dx, dy) = a.tolist(), along.tolist()
    away_x, away_y = cells.x - x - t * dx, cells.y - y - t * dy
    return np.sqrt(away_x * away_x + away_y * away_y), t


def _arms(reach: tuple[float, float], pose: Pose, outline: Outline, worn: Worn, cells: Cells, neck: np.ndarray, arms: np.ndarray
          ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Skin of arms and hands; 1 where the garment leaves an arm bare; and old sleeves where they come out of the new ones.

    Of ``neck``, skin below the chin, what lies along a forearm or a hand is taken off, in place, and given to the arms.
    """
    cloth = cells.of(*OLD_TOP)
    skin = arms.copy()
    nearest, bare, sleeves = np.full(skin.shape, 1e6, np.float32), np.ones_like(skin), np.zeros_like(skin)
    hands = nearest
    for side in (0, 1):
        upper, along_upper = _limb(pose.shoulders[side], pose.elbows[side], 1.0, cells)
        fore, along_fore = _limb(pose.elbows[side], pose.wrists[side], 1.7, cells)
        on_fore = fore < upper
        distance = np.minimum(fore, upper)
        at = np.where(on_fore, along_fore + 1, along_upper)
        past = np.clip((at - (reach[side] - 0.02)) / 0.08, 0, 1) if reach[side] > 0 else np.ones_like(at)
        closer = distance < nearest
        bare = np.where(closer, past, bare)
        nearest = np.minimum(distance, nearest)
        if pose.arms_seen[side][1]:
            # A forearm that points at the camera is short, and the hand may be anywhere around the wrist.
            towards = float(np.hypot(*(pose.wrists[side] - pose.elbows[side]))) / pose.width
            if (size := 0.4 * pose.width * min((0.55 - towards) / 0.25, 1.0)) > 0:
                (x, y) = pose.wrists[side].tolist()
                away = np.sqrt((cells.x - x) ** 2 + (cells.y - y) ** 2)
                bare = np.maximum(bare, np.clip((size - away) / (0.06 * pose.width) + 0.5, 0, 1))
            hands = np.minimum(hands, np.where(at > 1.15, distance, np.float32(1e6)))
        if reach[side] < min(worn.sleeves[side], 1.9) and worn.behind[side] <= 0.5:
            half = (outline.arms[side].mean(1) * (1.05 * pose.width)).astype(np.float32)
            tube = np.clip((np.where(on_fore, half[1], half[0]) - distance) / (0.06 * pose.width) + 0.5, 0, 1)
            sleeves = np.maximum(sleeves, tube * past * (at < float(worn.sleeves[side])))
    sleeves *= cloth
    hand = np.clip((0.2 * pose.width - hands) / (0.05 * pose.width), 0, 1)
    skin += (neck + cells.of("accessory")) * hand
    neck *= 1 - hand
    return skin, bare, sleeves


def _sample(parsing: np.ndarray, classes: tuple[int, ...], x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The probability of any of ``classes`` in the cells of points in crop pixels, and which of the points lie on the crop."""
    column, row = np.rint((x - 0.5) / 2).astype(int), np.rint((y - 0.5) / 2).astype(int)
    inside = (column >= 0) & (column < parsing.shape[2]) & (row >= 0) & (row < parsing.shape[1])
    row, column = np.clip(row, 0, parsing.shape[1] - 1), np.clip(column, 0, parsing.shape[2] - 1)
    return np.sum([parsing[index, row, column] for index in classes], axis=0), inside


_DOWN_THE_ARM = np.linspace(0.3, 2.0, 18)


def _sleeve_end(pose: Pose, parsing: np.ndarray, side: int) -> float:
    """How far down an arm the sleeve goes that is worn now, from what lies along its middle."""
    joints = pose.shoulders[side], pose.elbows[side], pose.wrists[side]
    x, y = (np.interp(_DOWN_THE_ARM, [0, 1, 2], [joint[axis] for joint in joints]) for axis in (0, 1))
    cloth, inside = _sample(parsing, _CLOTH, x, y)
    bare = inside & (cloth < 0.5)
    return float(_DOWN_THE_ARM[bare.argmax()]) if bare.any() else 2.1


def _behind(pose: Pose, parsing: np.ndarray, side: int) -> bool:
    """An arm is behind the back if its wrist is at the waist or lower, inside the body, and no skin is to be seen there."""
    wrist = pose.wrists[side]
    offset = wrist - pose.neck
    if offset @ pose.down < 0.6 * pose.torso or abs(offset @ pose.across) > 0.5 * pose.width:
        return False
    hand = wrist + (wrist - pose.elbows[side]) * 0.2
    around = np.linspace(-0.15, 0.15, 5) * pose.width
    x, y = np.meshgrid(hand[0] + around, hand[1] + around)
    skin, _ = _sample(parsing, _HAND, x, y)
    return bool(skin.max() < 0.3)
