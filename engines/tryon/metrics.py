"""How good a try-on is, in numbers: likeness to a known answer, what stays as it was, steadiness over time.

Arrays in, numbers out; knows nothing of how a garment is drawn.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import cv2
import numpy as np

from engines.body import Reading
from engines.body.command import parse_picture
from engines.contract import CLASSES
from engines.crop import Box, Crop, crop

_SIGMA, _RADIUS = 1.5, 5  # the Gaussian window of 11 x 11 pixels
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2

CLOTHES = ("upper-clothes", "dress", "coat", "pants", "jumpsuits", "scarf", "skirt")
_FREE = [CLASSES.index(name) for name in (*CLOTHES, "left-arm", "right-arm")]
_LEGS = [CLASSES.index(name) for name in ("left-leg", "right-leg", "socks")]
_FACE = CLASSES.index("face")


def ssim_map(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(H, W) structural similarity of two uint8 pictures (H, W, 3), -1..1, the mean of the channels.

    Wang, Bovik, Sheikh, Simoncelli: Image quality assessment, 2004: Gaussian window of sigma 1.5, K1 0.01, K2 0.03; borders mirrored.
    """
    x, y = a.astype(np.float64), b.astype(np.float64)
    mx, my = _window(x), _window(y)
    xx, yy, xy = _window(x * x) - mx * mx, _window(y * y) - my * my, _window(x * y) - mx * my
    likeness = (2 * mx * my + _C1) * (2 * xy + _C2) / ((mx * mx + my * my + _C1) * (xx + yy + _C2))
    return np.asarray(likeness.mean(2))


def ssim(a: np.ndarray, b: np.ndarray, where: np.ndarray | None = None) -> float:
    """Mean of :func:`ssim_map`: over ``where`` (H, W) bool, or over all but the outermost 5 pixels."""
    likeness = ssim_map(a, b)
    inner = likeness[where] if where is not None else likeness[_RADIUS:-_RADIUS, _RADIUS:-_RADIUS]
    return float(inner.mean()) if inner.size else float("nan")


def person_box(reading: Reading, cropped: Crop) -> Box:
    """The person's extent by the parsing, in pixels of the frame."""
    ys, xs = np.nonzero(reading.parsing[0] < 0.5)
    if not len(ys):
        raise ValueError("nobody was read on this crop")
    corners = np.array([[xs.min(), ys.min()], [xs.max() + 1, ys.max() + 1]]) * 2.0
    (x0, y0), (x1, y1) = cropped.to_frame(corners - 0.5) + 0.5
    return float(x0), float(y0), float(x1), float(y1)


def ssim_of_person(a: np.ndarray, b: np.ndarray, box: Box) -> float:
    """Likeness of two pictures (H, W, 3) uint8 of one size over a box of pixels, the box brought to the networks' 256x192."""
    first, second = crop(a, box), crop(b, box)
    corners = np.clip(np.array(box).reshape(2, 2), 0, a.shape[1::-1]) - 0.5
    (x0, y0), (x1, y1) = np.rint(first.to_crop(corners)).astype(int)
    where = np.zeros(first.picture.shape[:2], bool)
    where[max(y0, 0) : y1 + 1, max(x0, 0) : x1 + 1] = True
    return ssim(first.picture, second.picture, where)


def _window(values: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(values, (2 * _RADIUS + 1, 2 * _RADIUS + 1), _SIGMA, borderType=cv2.BORDER_REFLECT)


@dataclass(frozen=True)
class Kept:
    """What a try-on changed where it should change nothing, in grey levels."""

    beside: float
    """Mean difference outside the old garment, the new one and bare arms (legs, where the garment is worn on them)."""
    face: float
    """The largest difference on the face."""


def kept(before: np.ndarray, after: np.ndarray, free: np.ndarray, face: np.ndarray) -> Kept:
    """Compare a picture (H, W, 3) uint8 with what came of it; ``free`` and ``face`` are (H, W) bool."""
    away = cv2.absdiff(before, after)
    beside = away[~free]
    return Kept(float(beside.mean()) if beside.size else 0.0, float(away[face].max(initial=0)))


def free_to_change(labels: tuple[np.ndarray, np.ndarray], category: str, around: int) -> np.ndarray:
    """(H, W) bool: clothes and bare arms before and after, by the classes of each pixel, and ``around`` pixels about them."""
    classes = [*_FREE, *_LEGS] if category in ("dress", "trousers", "skirt") else _FREE
    either = np.isin(labels[0], classes) | np.isin(labels[1], classes)
    side = 2 * around + 1
    return np.asarray(cv2.dilate(either.astype(np.uint8), np.ones((side, side), np.uint8)) > 0)


def face_of(reading: Reading, cropped: Crop, size: tuple[int, int]) -> np.ndarray:
    """(H, W) bool: pixels of the face. The parsing's class goes down to the collar: what lies below the chin is left out."""
    labels = parse_picture(reading, cropped, size)
    nose, neck = cropped.to_frame(reading.landmarks[:2, :2].astype(float))
    down = neck - nose
    ys, xs = np.nonzero(labels == _FACE)
    face = np.zeros(size, bool)
    above = (xs - nose[0]) * down[0] + (ys - nose[1]) * down[1] < 0.4 * float(down @ down)
    face[ys[above], xs[above]] = True
    return face


def steadiness(before: np.ndarray, after: np.ndarray, where: np.ndarray) -> float:
    """How much more what comes out changes from frame to frame than what goes in: (T, H, W, 3) uint8 each, over ``where`` (H, W) bool.

    Of a still person seen by a noisy camera: 1 where the noise is passed on, 0 where it is not. NaN where nothing changes at all.
    """
    going_in, coming_out = (_changes(frames, where) for frames in (before, after))
    return coming_out / going_in if going_in > 0 else float("nan")


def _changes(frames: np.ndarray, where: np.ndarray) -> float:
    return float(np.mean([cv2.absdiff(a, b)[where].mean() for a, b in itertools.pairwise(frames)]))


@dataclass(frozen=True)
class Swim:
    """How a garment moves against the body that wears it, in shoulder widths."""

    step: float
    """Median way from one frame to the next."""
    spread: float
    """Root mean square distance from where it usually is."""


def swim(taken: np.ndarray, unit: float) -> Swim:
    """``taken`` (T, N, 2): what of the garment's picture is drawn at N points of the body, over time; NaN where nothing is.

    ``unit`` is one shoulder width in that picture. Cloth that stays where it is gives zeros.
    """
    steps = np.hypot(*np.moveaxis(np.diff(taken, axis=0), 2, 0)) / unit
    away = np.hypot(*np.moveaxis(taken - np.nanmedian(taken, axis=0), 2, 0)) / unit
    return Swim(float(np.nanmedian(steps)), float(np.sqrt(np.nanmean(away**2))))
