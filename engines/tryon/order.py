"""What is in front of the garment: head, hair, hands and forearms, bag; and, for trousers, the top that hangs over them.

Works on the parsing's cells, from the classes and the landmarks; the edges are made crisp elsewhere.
"""

from __future__ import annotations

import numpy as np

from engines.contract import CLASSES
from engines.tryon.outline import Outline
from engines.tryon.pose import Pose

Plane = np.ndarray


def _of(parsing: np.ndarray, *names: str) -> Plane:
    total: Plane = parsing[[CLASSES.index(name) for name in names]].sum(0)
    return total


_Y, _X = np.mgrid[0:128, 0:96].astype(np.float32) * 2 + np.float32(0.5)  # the cells' centres in crop pixels


def in_front(category: str, reach: tuple[float, float], pose: Pose, outline: Outline, parsing: np.ndarray
             ) -> tuple[Plane, Plane, Plane]:  # fmt: skip
    """What the garment must not cover, as three (128, 96) planes 0..1. ``reach``: how far down the arms it goes (0 bare, 1 elbow, 2 wrist).

    1. head, bag and skin of the arms, whose edges are edges of the picture; 2. the part of it that stays in front: a neck goes under a
    collar, an arm into a sleeve, and no edge of the picture shows where; 3. old sleeves that come out of the new ones.
    """
    head = _of(parsing, "hat", "hair", "sunglasses", "scarf", "bag")
    face = parsing[CLASSES.index("face")]
    skin, bare, sleeves = _arms(reach, pose, outline, parsing)
    seen = head + face + skin
    if category in ("trousers", "skirt"):
        above = _ramp((0.95 - _along(pose)) / 0.1 + 0.5)
        seen += _of(parsing, "upper-clothes", "coat") + _of(parsing, "dress", "jumpsuits") * above
        return np.minimum(seen, 1.0), np.ones_like(seen), np.zeros_like(seen)
    covered = face * (1 - _above_chin(pose)) + skin * (1 - bare)
    return np.minimum(seen, 1.0), 1.0 - covered / (seen + 0.02), sleeves


def _ramp(values: Plane) -> Plane:
    return np.clip(values, 0.0, 1.0)


def _along(pose: Pose) -> Plane:
    """How far down the torso each cell lies: 0 the neck, 1 the hips."""
    return _project(pose.neck, pose.down) / pose.torso


def _project(origin: np.ndarray, direction: np.ndarray) -> Plane:
    """How far each cell lies from ``origin`` along ``direction``, in crop pixels."""
    (x, y), (dx, dy) = origin.tolist(), direction.tolist()
    return (_X - x) * dx + (_Y - y) * dy


def _above_chin(pose: Pose) -> Plane:
    """1 on the head, 0 on the neck: the parsing gives both the class face, and a collar goes over the neck."""
    down = pose.neck - pose.nose
    below = _project(pose.chin, down / max(float(np.hypot(*down)), 1e-6))
    return _ramp(0.5 - below / (0.08 * pose.width))


def _limb(a: np.ndarray, b: np.ndarray, last: float) -> tuple[Plane, Plane]:
    """Distance of each cell from the limb a to b (which goes on to ``last`` of its length), and how far along it is nearest."""
    along = b - a
    square = max(float(along @ along), 1e-3)
    t = np.clip(_project(a, along) / square, 0.0, last)
    (x, y), (dx, dy) = a.tolist(), along.tolist()
    return np.hypot(_X - x - t * dx, _Y - y - t * dy), t


def _arms(reach: tuple[float, float], pose: Pose, outline: Outline, parsing: np.ndarray
          ) -> tuple[Plane, Plane, Plane]:  # fmt: skip
    """Skin of arms and hands; 1 where the garment leaves an arm bare; and old sleeves where they come out of the new ones."""
    skin = _of(parsing, "left-arm", "right-arm", "glove")
    things = _of(parsing, "accessory")
    cloth = _of(parsing, "upper-clothes", "coat", "dress", "jumpsuits")
    nearest = np.full((128, 96), np.inf, np.float32)
    bare = np.ones((128, 96), np.float32)
    sleeves = np.zeros((128, 96), np.float32)
    for side in (0, 1):
        upper, along_upper = _limb(pose.shoulders[side], pose.elbows[side], 1.0)
        fore, along_fore = _limb(pose.elbows[side], pose.wrists[side], 1.7)
        on_fore = fore < upper
        distance = np.where(on_fore, fore, upper)
        at = np.where(on_fore, 1 + along_fore, along_upper)
        past = _ramp((at - (reach[side] + 0.02)) / 0.08 + 0.5) if reach[side] > 0 else np.ones_like(at)
        closer = distance < nearest
        bare = np.where(closer, past, bare)
        nearest = np.where(closer, distance, nearest)
        covered = _sleeve_end(pose, cloth, side)
        if reach[side] < min(covered, 1.9) and not behind(pose, parsing, side):
            half_upper, half_fore = (outline.arms[side] * (1.05 * pose.width)).tolist()
            tube = _ramp((np.where(on_fore, np.float32(half_fore), np.float32(half_upper)) - distance) / (0.06 * pose.width) + 0.5) * (
                at < 2.1
            )
            sleeves = np.maximum(sleeves, tube * past)
    hand = _ramp((0.25 * pose.width - nearest) / (0.05 * pose.width))
    return skin + things * hand, bare, cloth * sleeves


def _sleeve_end(pose: Pose, cloth: Plane, side: int) -> float:
    """How far down an arm the sleeve goes that is worn now (1 elbow, 2 wrist), from what lies along its middle."""
    at = np.linspace(0.3, 2.0, 18)
    joints = np.stack([pose.shoulders[side], pose.elbows[side], pose.wrists[side]])
    x, y = (np.rint((np.interp(at, [0, 1, 2], joints[:, axis]) - 0.5) / 2).astype(int) for axis in (0, 1))
    inside = (x >= 0) & (x < 96) & (y >= 0) & (y < 128)
    worn = cloth[np.clip(y, 0, 127), np.clip(x, 0, 95)] > 0.5
    bare = inside & ~worn
    return float(at[bare.argmax()]) if bare.any() else 2.1


def behind(pose: Pose, parsing: np.ndarray, side: int) -> bool:
    """Whether an arm is behind the back: its wrist at the waist or lower, inside the body, and no skin to be seen there."""
    wrist = pose.wrists[side]
    offset = wrist - pose.neck
    if offset @ pose.down < 0.6 * pose.torso or abs(offset @ pose.across) > 0.5 * pose.width:
        return False
    hand = wrist + (wrist - pose.elbows[side]) * 0.2
    near = np.hypot(_X - float(hand[0]), _Y - float(hand[1])) < 0.2 * pose.width
    skin = _of(parsing, "left-arm", "right-arm", "glove", "bag")
    return bool(skin[near].max(initial=0.0) < 0.3)
