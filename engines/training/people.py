"""The people data (photos, pixel labels, landmarks; see the data's README) in memory, and its split.

Landmarks come from BlazePose (33 points) and are turned into COCO-18 here; CCP's 59 labels are turned into the 22 classes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from engines.contract import CLASSES, LANDMARKS
from engines.pictures import read_rgb

BLAZEPOSE_TO_COCO = (0, -1, 12, 14, 16, 11, 13, 15, 24, 26, 28, 23, 25, 27, 5, 2, 8, 7)
"""For each of the 18 landmarks the BlazePose point it is; -1 is the neck, the middle of the shoulders."""
IGNORE = 255
"""Label of pixels that teach nothing."""


@dataclass(frozen=True, eq=False)
class Person:
    """One photo or frame: picture (H,W,3) uint8 RGB, labels (H,W) uint8 or None, landmarks (18,3) x px, y px, visibility 0..1."""

    stem: str
    picture: np.ndarray
    labels: np.ndarray | None
    landmarks: np.ndarray
    absent: np.ndarray
    """(22,) bool: classes known not to be on the picture (from the photo's tags); all False where nothing is known."""
    instances: np.ndarray | None = None
    """(H,W) uint8: which piece of clothing a pixel belongs to, 1..255 in no order, 0 for none; None where unknown."""


def coco_landmarks(blazepose: np.ndarray) -> np.ndarray:
    """(33,3) BlazePose points -> (18,3) COCO landmarks."""
    points = blazepose[np.maximum(BLAZEPOSE_TO_COCO, 0)].astype(np.float32)
    left, right = blazepose[11], blazepose[12]
    points[1] = [*((left[:2] + right[:2]) / 2), min(left[2], right[2])]
    return points


def is_validation(stem: str) -> bool:
    """Photos are split in runs of ten, every eighth run for validation: neighbours may show the same person."""
    return int(stem) // 10 % 8 == 3


def _segment_distance(points: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Distance of (N,2) points from a line segment."""
    along = end - start
    t = np.clip((points - start) @ along / max(float(along @ along), 1e-6), 0, 1)
    return np.linalg.norm(points - (start + t[:, None] * along), axis=1)


def _split(where: np.ndarray, blazepose: np.ndarray, parts: dict[int, list[tuple[int, int]]], labels: np.ndarray) -> None:
    """Give the pixels of ``where`` the class whose limb segments (pairs of BlazePose points) are nearest."""
    ys, xs = np.nonzero(where)
    if not len(ys):
        return
    points = np.stack([xs, ys], 1).astype(np.float32)
    classes = np.array(list(parts))
    distances = np.stack(
        [
            np.min([_segment_distance(points, blazepose[a, :2], blazepose[b, :2]) for a, b in segments], axis=0)
            for segments in parts.values()
        ]
    )
    labels[ys, xs] = classes[distances.argmin(0)]


def _class_table(data: Path) -> tuple[np.ndarray, list[str]]:
    """(59,) uint8 from CCP label to class (254 skin, 253 shoes: split by the landmarks), and CCP's label names."""
    names = json.loads((data / "people/label_names.json").read_text())
    mapping = json.loads((data / "people/classes.json").read_text())["from_ccp"]
    special = {"face | left-arm | right-arm | left-leg | right-leg": 254, "left-shoe | right-shoe": 253}
    return np.array([special.get(mapping[n], CLASSES.index(mapping[n]) if mapping[n] in CLASSES else 0) for n in names], np.uint8), names


def class_labels(ccp: np.ndarray, table: np.ndarray, blazepose: np.ndarray) -> np.ndarray:
    """CCP's labels (H,W) to the 22 classes; ``skin`` and shoes go to the nearest limb of the landmarks."""
    labels = table[ccp]
    index = CLASSES.index
    _split(labels == 254, blazepose, {
        index("face"): [(0, 0), (7, 8), (9, 10), (2, 5), (11, 12)],
        index("left-arm"): [(11, 13), (13, 15), (15, 19)], index("right-arm"): [(12, 14), (14, 16), (16, 20)],
        index("left-leg"): [(23, 25), (25, 27), (27, 31)], index("right-leg"): [(24, 26), (26, 28), (28, 32)],
    }, labels)  # fmt: skip
    _split(labels == 253, blazepose, {
        index("left-shoe"): [(25, 27), (27, 31), (29, 31)], index("right-shoe"): [(26, 28), (28, 32), (30, 32)],
    }, labels)  # fmt: skip
    return labels


PIECES = tuple(
    c
    for c in CLASSES
    if c not in ("background", "hair", "face", "left-arm", "right-arm", "left-leg", "right-leg", "sunglasses", "accessory")
)
"""Classes whose every piece is an instance of its own."""
_LEFT = 100
"""Added to the instance of what belongs to a left foot."""


def piece_instances(ccp: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(H,W) instances: each of CCP's labels is one piece, shoes and socks are one a foot (by the class)."""
    left = np.isin(labels, [CLASSES.index("left-shoe")])
    return np.where(np.isin(labels, [CLASSES.index(c) for c in PIECES]), ccp + _LEFT * left, 0).astype(np.uint8)


def load_photos(data: Path, only: Callable[[str], bool] = lambda stem: True) -> list[Person]:
    """The photos whose stem ``only`` takes, with their labels where there are any."""
    table, names = _class_table(data)
    keypoints = json.loads((data / "people/keypoints.json").read_text())
    tags = json.loads((data / "people/tags.json").read_text())

    def read(stem: str) -> Person:
        blazepose = np.array(keypoints[stem], np.float32)
        picture = read_rgb(data / f"people/images/{stem}.jpg")
        path = data / f"people/labels/{stem}.png"
        # The labels are small numbers, the same in all three channels.
        labels = instances = None
        if path.exists():
            ccp = read_rgb(path)[..., 0]
            labels = class_labels(ccp, table, blazepose)
            instances = piece_instances(ccp, labels)
        absent = np.zeros(len(CLASSES), bool)
        if stem in tags:
            present = {int(v) for name in tags[stem] for v in _expand(int(table[names.index(name)]))}
            absent[[c for c in range(1, len(CLASSES)) if c not in present]] = True
        return Person(stem, picture, labels, coco_landmarks(blazepose), absent, instances)

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(read, sorted(filter(only, keypoints))))


def _expand(value: int) -> tuple[int, ...]:
    """Skin and shoes stand for several classes."""
    index = CLASSES.index
    if value == 254:
        return tuple(index(c) for c in ("face", "left-arm", "right-arm", "left-leg", "right-leg"))
    return (index("left-shoe"), index("right-shoe")) if value == 253 else (value,)


def load_clips(data: Path, every: int = 4, label: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None) -> list[Person]:
    """Every ``every``-th frame of the clips; the stem is CLIP:FRAME.

    ``label`` makes class labels of a frame and its (33,3) BlazePose points; without it there are none.
    """
    keypoints = json.loads((data / "clips/keypoints.json").read_text())
    people = []
    for name in sorted(keypoints):
        capture = cv2.VideoCapture(str(data / f"clips/{name}.mkv"))
        for number, points in enumerate(keypoints[name]):
            good, frame = capture.read()
            if good and points and number % every == 0:
                picture, blazepose = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), np.array(points, np.float32)
                labels = label(picture, blazepose) if label else None
                instances = None
                # In the clips everybody wears one piece of a class.
                if labels is not None:
                    instances = np.where(np.isin(labels, [CLASSES.index(c) for c in PIECES]), labels, 0).astype(np.uint8)
                nothing = np.zeros(len(CLASSES), bool)
                people.append(Person(f"{name}:{number}", picture, labels, coco_landmarks(blazepose), nothing, instances))
    return people


def load_garment_photos(data: Path, limit: int = 600) -> list[np.ndarray]:
    """Photos of garments nobody wears: backgrounds, and pictures on which there is no person."""
    paths = sorted((data / "garments/train").glob("*/*.jpg"))
    return [read_rgb(p) for p in paths[:: max(1, len(paths) // limit)]]


def clip_background(people: list[Person]) -> np.ndarray:
    """The clips' room without a person: the median frame, with the middle columns blended from the wall on both sides."""
    frames = np.stack([p.picture for p in people if p.picture.shape == (480, 640, 3)][::6])
    room = np.median(frames, axis=0)
    left, right = 178, 458
    t = np.linspace(0, 1, right - left)[None, :, None]
    room[:, left:right] = room[:, left - 6 : left].mean(1, keepdims=True) * (1 - t) + room[:, right : right + 6].mean(1, keepdims=True) * t
    return room.astype(np.uint8)


assert len(BLAZEPOSE_TO_COCO) == len(LANDMARKS)
