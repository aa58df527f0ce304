"""Pieces of clothing one by one, from the same pass of the network: which pixels belong to which coat, bag or shoe.

Every cell points to the middle of its piece and every middle has a bump (Cheng et al., Panoptic-DeepLab, 2020); the classes come from
the parsing.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from engines.body import Reading
from engines.contract import CLASSES
from engines.crop import Crop

KINDS: dict[str, tuple[str, ...]] = {
    "top": ("upper-clothes",), "coat": ("coat",), "dress": ("dress",), "jumpsuit": ("jumpsuits",), "pants": ("pants",), "skirt": ("skirt",),
    "bag": ("bag",), "boots": ("left-shoe", "right-shoe"), "hat": ("hat",), "scarf": ("scarf",), "socks": ("socks",), "glove": ("glove",),
}  # fmt: skip
"""An instance's class, and the parsing classes it is made of."""
_SEVERAL = ("top", "coat", "bag", "socks", "glove")
"""Kinds of which somebody wears several; of the others one, and one boot a foot."""
_FEWEST = 20
"""Half-crop pixels of the smallest piece."""
_PEAK = 0.15
"""Height of a bump that counts as a middle."""
_SAME = 14.0
"""Crop pixels between two middles that are one."""
_CRUMB = 0.25
"""Share of its kind's largest piece below which a piece is part of the nearest other one."""


@dataclass(frozen=True, eq=False)
class Instance:
    """One piece: class (a key of :data:`KINDS`), score 0..1, roi (y1, x1, y2, x2) in picture px, end exclusive, as Mask R-CNN has it,
    and alpha, float32 (H,W) 0..1 of the whole picture, soft at the edge; the piece is where alpha >= 0.5."""

    kind: str
    score: float
    roi: tuple[int, int, int, int]
    alpha: np.ndarray


def find_instances(reading: Reading, crop: Crop, size: tuple[int, int]) -> list[Instance]:
    """Every piece on a picture of ``size`` (H, W), the surest first."""
    labels = reading.parsing.argmax(0)
    votes, middles, heights = _votes(reading)
    found = []
    for kind, classes in KINDS.items():
        indices = [CLASSES.index(c) for c in classes]
        here = np.isin(labels, indices)
        if here.sum() < _FEWEST:
            continue
        probability = reading.parsing[indices].sum(0)
        other = np.delete(reading.parsing, indices, axis=0).max(0)
        # At least 0.5 exactly where no other class is likelier.
        certainty = probability / (probability + other)
        parts = _feet(labels, indices) if kind == "boots" else _pieces(here, votes, middles, heights, several=kind in _SEVERAL)
        for mask, height in parts:
            # The soft edge of the class, inside the piece and around it, but not inside its neighbour.
            own = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool) & (mask | ~here)
            alpha = _to_picture(np.where(own, certainty, 0), crop, size)
            rows, columns = np.nonzero((alpha >= 0.5).any(1))[0], np.nonzero((alpha >= 0.5).any(0))[0]
            if not len(rows):
                continue
            roi = int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
            found.append(Instance(kind, float(probability[mask].mean() * (0.5 + 0.5 * height)), roi, alpha))
    return sorted(found, key=lambda one: -one.score)


def _feet(labels: np.ndarray, indices: list[int]) -> list[tuple[np.ndarray, float]]:
    """Left and right by their classes; what is too small for a shoe belongs to the other one."""
    first, second = sorted((labels == index for index in indices), key=lambda mask: -int(mask.sum()))
    if second.sum() < max(_FEWEST / 2, _CRUMB * first.sum()):
        return [(first | second, 1.0)]
    return [(first, 1.0), (second, 1.0)]


def _votes(reading: Reading) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where each half-crop pixel says its piece's middle is (128,96,2) crop px, the middles (N,2) crop px, and their heights (N,)."""
    centres, offsets = reading.centres, reading.offsets
    rows, columns = reading.parsing.shape[1:]
    large = np.stack([cv2.resize(o, (columns, rows)) for o in offsets], -1)
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    votes = np.stack([2 * x + 0.5, 2 * y + 0.5], -1) + large
    top = (centres >= _PEAK) & (centres >= cv2.dilate(centres, np.ones((5, 5), np.uint8)))
    cells = np.argwhere(top)
    middles = cells[:, ::-1] * 4.0 + 1.5
    return votes, middles.astype(np.float32), centres[top]


def _pieces(here: np.ndarray, votes: np.ndarray, middles: np.ndarray, heights: np.ndarray, several: bool) -> list[tuple[np.ndarray, float]]:
    """The class's pixels shared out among the middles they vote for: masks and their middles' heights; at least one."""
    if not len(middles):
        return [(here, 0.0)]
    if not several:
        middle = np.median(votes[here], axis=0)
        return [(here, float(heights[np.linalg.norm(middles - middle, axis=1).argmin()]))]
    mine = votes[here]
    distance = np.linalg.norm(mine[:, None] - middles[None], axis=2)
    choice = distance.argmin(1)
    # A middle's votes are counted where they fall, so that middles of other classes do not split this one.
    groups = [(mine[choice == i].mean(0), int((choice == i).sum()), i) for i in np.unique(choice)]
    groups.sort(key=lambda group: -group[1])
    kept: list[tuple[np.ndarray, int]] = []
    target = {}
    for middle, count, i in groups:
        near = min(kept, key=lambda k: float(np.linalg.norm(k[0] - middle)), default=None)
        crumb = near is not None and (count < max(_FEWEST, _CRUMB * groups[0][1]) or np.linalg.norm(near[0] - middle) < _SAME)
        if near is None or not crumb:
            near = (middle, i)
            kept.append(near)
        target[i] = near[1]
    owner = np.full(here.shape, -1)
    owner[here] = [target[i] for i in choice]
    return [(owner == i, float(heights[i])) for _, i in kept]


def _to_picture(mask: np.ndarray, crop: Crop, size: tuple[int, int]) -> np.ndarray:
    """A half-crop map (128,96) -> float32 (H,W) of the picture."""
    # Picture pixel -> cell of the map: cell = (crop px - 0.5) / 2.
    onto = crop.matrix / 2
    onto[:, 2] -= 0.25
    return cv2.warpAffine(mask.astype(np.float32), onto, size[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
