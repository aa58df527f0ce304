"""Cuts the garment out of a photo: the network says where it is, GrabCut where exactly it ends, a guided filter how softly.

At last the floor's colour is taken out of the edge: there, colours come from the cloth beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from engines.errors import UserError
from engines.garment.cut import Cut as Network
from engines.tryon.matte import Guide, matte

SIDE = 224
"""Longest side at which the region is found; the edge is found at the photo's size."""
_SURE = 0.8
"""Probability beyond which GrabCut may not change the network's mind, two pixels and more from where it changes it itself."""
_VOTE = 16
"""How much sharper than its fit a run's vote is: nearly the best one alone."""
_FITS = 0.18
"""Fit of the best run below which the network is right alone."""
_LEAST = 0.01
"""Share of the photo below which there is no garment on it."""
_SKIN = 0.04
"""Share of skin, against the garment, from which on a hand is mentioned."""


@dataclass(frozen=True, eq=False)
class CutOut:
    """``rgba``: uint8 (H,W,4), straight alpha, the photo's size; ``hints``: what may be wrong with the photo."""

    rgba: np.ndarray
    hints: tuple[str, ...]


class Cutter:
    """The cut-out of a photo."""

    def __init__(self, network: Network) -> None:
        self.network = network

    @classmethod
    def load(cls, runtime: str | None = None, **options: Any) -> Cutter:
        """With the committed network; raises UserError (see :func:`engines.load`)."""
        return cls(Network.load(runtime, **options))

    def __call__(self, picture: np.ndarray) -> CutOut:
        """``picture``: uint8 (H,W,3) RGB, or (H,W,4), whose alpha is taken as the cut-out if it cuts anything out.

        Raises UserError where there is nothing on it.
        """
        rgb = np.ascontiguousarray(picture[..., :3])
        if picture.shape[2] == 4 and picture[..., 3].min() < 128:
            if np.count_nonzero(picture[..., 3] > 127) < 64:
                raise UserError("The picture is transparent all over; there is no garment on it.")
            return CutOut(picture.copy(), _hints(picture[..., 3] > 127, 0.0))
        scale = min(1.0, SIDE / max(rgb.shape[:2]))
        small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else rgb
        classes = self.network(small)
        found = region(small, classes)
        if found.mean() < _LEAST:
            raise UserError("There is no garment to be seen on the photo: take one of the whole piece on a floor, a hanger or a person.")
        alpha = edge(rgb, small, found)
        skin = float((classes.argmax(2) == 1).sum() / found.sum())
        return CutOut(np.dstack([clean(rgb, alpha), alpha]), _hints(found, skin))


def region(picture: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """bool (h,w): the garment's pixels. ``classes``: the network's probabilities (h,w,3) for ``picture``, uint8 (h,w,3) RGB.

    GrabCut is run three times, twice from a rectangle and once from the network's own seeds; each goes astray on other photos. They vote,
    and what fits the network's probabilities counts more, so that a run that took the floor along has no say.
    """
    garment = classes[..., 2]
    if (garment > 0.5).mean() < _LEAST:
        return np.zeros(garment.shape, bool)
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)
    runs = [tidy(run) for run in (rectangle(picture, 8), rectangle(lab, 4), refine(lab, garment))]
    fits = np.array([fit(run, garment) for run in runs])
    if fits.max() < _FITS:
        return tidy(garment > 0.5)
    votes = (fits / fits.max()) ** _VOTE
    return tidy(sum(vote * run for vote, run in zip(votes, runs, strict=True)) > 0.5 * votes.sum())


def refine(picture: np.ndarray, garment: np.ndarray, rounds: int = 2) -> np.ndarray:
    """bool (h,w): GrabCut's region in the colours of ``picture``, seeded by the network's probabilities (h,w)."""
    seeds = np.where(garment > 0.5, np.uint8(cv2.GC_PR_FGD), np.uint8(cv2.GC_PR_BGD))
    around = np.ones((5, 5), np.uint8)
    seeds[cv2.erode(garment, around) > _SURE] = cv2.GC_FGD
    seeds[cv2.dilate(garment, around) < 1 - _SURE] = cv2.GC_BGD
    return _grabcut(picture, seeds, rounds)


def rectangle(picture: np.ndarray, border: int) -> np.ndarray:
    """bool (h,w): GrabCut's region from a rectangle ``border`` px inside the picture's edge."""
    height, width = picture.shape[:2]
    border = min(border, height // 4, width // 4)
    seeds = np.zeros((height, width), np.uint8)
    seeds[border : height - border, border : width - border] = cv2.GC_PR_FGD
    return _grabcut(picture, seeds, 4)


def _grabcut(picture: np.ndarray, seeds: np.ndarray, rounds: int) -> np.ndarray:
    """bool (h,w); all False where the seeds are all of one kind or the picture of one colour."""
    cv2.setRNGSeed(1)
    try:
        cv2.grabCut(picture, seeds, (0, 0, 1, 1), np.zeros((1, 65)), np.zeros((1, 65)), rounds, cv2.GC_INIT_WITH_MASK)
    except cv2.error:
        return np.zeros(seeds.shape, bool)
    return (seeds & 1).astype(bool)


def tidy(found: np.ndarray) -> np.ndarray:
    """Without crumbs and pinholes: pieces under 8 % of the largest, holes under 0.2 % of the garment."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(found.astype(np.uint8), connectivity=8)
    if count < 2:
        return found
    areas = stats[:, cv2.CC_STAT_AREA]
    kept = np.isin(labels, [i for i in range(1, count) if areas[i] >= 0.08 * areas[1:].max()])
    count, labels, stats, _ = cv2.connectedComponentsWithStats((~kept).astype(np.uint8), connectivity=4)
    holes = [i for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] < 0.002 * kept.sum()]
    return np.asarray(kept | np.isin(labels, holes))


def edge(rgb: np.ndarray, small: np.ndarray, found: np.ndarray) -> np.ndarray:
    """uint8 (H,W) alpha: soft along the outline, at the photo's own edges; ``found`` bool (h,w) is the region on the small picture."""
    height, width = rgb.shape[:2]
    sx, sy = small.shape[1] / width, small.shape[0] / height
    functions = Guide(small).explain(cv2.GaussianBlur(found.astype(np.float32), (0, 0), 0.7))
    onto = np.array([[sx, 0, sx / 2 - 0.5], [0, sy, sy / 2 - 0.5]])
    # Only the band along the outline is unsure; the rest is as the region says.
    band = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8))
    alpha = cv2.resize(found.astype(np.uint8) * 255, (width, height), interpolation=cv2.INTER_LINEAR)
    unsure = cv2.resize(band, (width, height), interpolation=cv2.INTER_NEAREST) > 0
    step = 256  # rows at a time: the colours as numbers of 4 bytes are large
    for top in range(0, height, step):
        rows = slice(top, min(top + step, height))
        if not unsure[rows].any():
            continue
        colour = np.ones((rows.stop - top, width, 4), np.float32)
        colour[..., :3] = rgb[rows].astype(np.float32) / 255
        shifted = onto.copy()
        shifted[1, 2] += sy * top
        soft = matte(functions, colour, shifted)
        alpha[rows][unsure[rows]] = (soft[unsure[rows]] * 255 + 0.5).astype(np.uint8)
    return alpha


def clean(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """uint8 (H,W,3): the photo, its half-covered pixels in the colour of the cloth beside them, so that no floor shows at the edge."""
    solid = cv2.erode((alpha > 250).astype(np.uint8), np.ones((3, 3), np.uint8))
    reach = max(3, round(max(rgb.shape[:2]) / 160)) | 1
    weight = solid.astype(np.float32)
    total = cv2.blur(weight, (reach, reach))
    near = cv2.blur(rgb.astype(np.float32) * weight[..., None], (reach, reach)) / np.maximum(total, 1e-3)[..., None]
    mend = (solid == 0) & (alpha > 0) & (total > 1e-3)
    out = rgb.copy()
    out[mend] = np.clip(near[mend] + 0.5, 0, 255).astype(np.uint8)
    return out


def fit(region: np.ndarray, probability: np.ndarray) -> float:
    """Intersection over union of a region and probabilities."""
    both = float(probability[region].sum())
    return both / max(float(probability.sum()) + float(region.sum()) - both, 1e-6)


def _hints(solid: np.ndarray, skin: float) -> tuple[str, ...]:
    """What the cut-out itself says of the photo."""
    hints = []
    if max(side.mean() for side in (solid[0], solid[-1], solid[:, 0], solid[:, -1])) > 0.12:
        hints.append("The garment is cut off by the edge of the photo: step back so that all of it is on the photo.")
    count, _, stats, _ = cv2.connectedComponentsWithStats(solid.astype(np.uint8), connectivity=8)
    areas = np.sort(stats[1:count, cv2.CC_STAT_AREA])[::-1]
    if len(areas) > 1 and areas[1] > 0.3 * areas[0]:
        hints.append("There seem to be two pieces on the photo: take one photo of each.")
    if skin > _SKIN:
        hints.append("Skin is on the photo, a hand or whoever wears the piece; it was left out of the cut-out.")
    return tuple(hints)
