"""Photos of single pieces as pictures to learn cutting out from: where their opinions agree, and pieces laid on other photos' floors."""

from __future__ import annotations

import math

import cv2
import numpy as np

from engines.garment.cut import SIZE, Cut
from engines.garment.cutting import fit, refine
from engines.training.garments import Photo

IGNORE = 255
"""Label of pixels that teach nothing; 0 is background, 1 skin, 2 garment."""
_FITS = 0.8
"""Intersection over union of an opinion and the teacher's probabilities from which on it is believed."""


def agreed(photo: Photo) -> np.ndarray | None:
    """uint8 (H,W): 2 where all opinions see the garment, 0 where none does, else IGNORE; None for photos they disagree on altogether."""
    if photo.opinions is None or photo.coarse:
        return None
    every, some = photo.opinions == 7, photo.opinions > 0
    if not 0.06 < every.mean() < 0.85 or every.sum() < 0.85 * some.sum():
        return None
    return np.where(every, np.uint8(2), np.where(some, np.uint8(IGNORE), np.uint8(0)))


def taught(photo: Photo, teacher: Cut) -> np.ndarray | None:
    """uint8 (H,W): where a photo's opinions differ, what ``teacher`` and the opinion that fits it best agree on, else IGNORE.

    None for photos on which the opinions agree, and for those on which none fits.
    """
    if agreed(photo) is not None:
        return None
    garment = teacher(photo.picture)[..., 2]
    runs = [refine(cv2.cvtColor(photo.picture, cv2.COLOR_RGB2LAB), garment)]
    runs += [mask > 0 for number in range(3) if not photo.coarse and (mask := photo.mask(number)) is not None]
    fits = [fit(run, garment) for run in runs]
    if max(fits) < _FITS:
        return None
    best = runs[int(np.argmax(fits))]
    labels = np.where(best & (garment > 0.6), np.uint8(2), np.where(~best & (garment < 0.4), np.uint8(0), np.uint8(IGNORE)))
    return np.asarray(labels) if (labels == 2).mean() > 0.06 else None


def augment(
    picture: np.ndarray, labels: np.ndarray, random: np.random.Generator, zoom: tuple[float, float], beyond: int = IGNORE
) -> tuple[np.ndarray, np.ndarray]:
    """Turned, zoomed, shifted, mirrored; (160,160,3) and (160,160). ``beyond``: label of what lies outside the picture."""
    height, width = picture.shape[:2]
    scale = SIZE / max(height, width) * math.exp(random.uniform(*zoom))
    turn = random.normal(0, 0.15) if random.random() < 0.8 else random.uniform(-math.pi, math.pi)
    linear = scale * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    if random.random() < 0.5:
        linear[:, 0] *= -1
    spare = np.abs(scale * np.array([width, height]) - SIZE) / 2 + 8
    centre = np.array([width, height]) / 2
    onto = np.column_stack([linear, SIZE / 2 + random.uniform(-1, 1, 2) * spare * 0.8 - linear @ centre])
    new = cv2.warpAffine(picture, onto, (SIZE, SIZE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return new, cv2.warpAffine(labels, onto, (SIZE, SIZE), flags=cv2.INTER_NEAREST, borderValue=(beyond,))


def floor(picture: np.ndarray, labels: np.ndarray, random: np.random.Generator, size: int = SIZE) -> np.ndarray:
    """(size,size,3): a photo's own floor, its strip beside the piece mirrored on and on."""
    free = labels == 0
    height, width = free.shape
    # The widest strip at each border that holds no piece.
    top, bottom = int(np.argmin(free.all(1))), int(np.argmin(free[::-1].all(1)))
    left, right = int(np.argmin(free.all(0))), int(np.argmin(free[:, ::-1].all(0)))
    strips = [picture[:top], picture[height - bottom :], picture[:, :left], picture[:, width - right :]]
    sizes = np.array([min(s.shape[:2]) for s in strips], float)
    if sizes.max() < 8:
        tile: np.ndarray = np.full((8, 8, 3), random.integers(20, 240, 3), np.uint8)
    else:
        tile = strips[int(random.choice(4, p=sizes**2 / (sizes**2).sum()))]
    tile = cv2.resize(tile, None, fx=(z := math.exp(random.uniform(-0.2, 0.9))), fy=z)
    while min(tile.shape[:2]) < size:
        down, across = (max(0, min(size - n, n - 1)) for n in tile.shape[:2])
        tile = cv2.copyMakeBorder(tile, 0, down, 0, across, cv2.BORDER_REFLECT)
        if down == across == 0:
            break
    y, x = (int(random.integers(0, n - size + 1)) for n in tile.shape[:2])
    return tile[y : y + size, x : x + size]


def recolour(picture: np.ndarray, labels: np.ndarray, ground: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The piece, now and then, one side in another colour, as sleeves may be, or nearly in the floor's: what GrabCut cannot tell."""
    piece = labels == 2
    if not piece.any():
        return picture
    out = picture.astype(np.float32)
    if random.random() < 0.25:
        ys, xs = np.nonzero(piece)
        middle, way = int(random.integers(len(ys))), random.uniform(0, 2 * math.pi)
        rows, columns = np.mgrid[: piece.shape[0], : piece.shape[1]]
        side = piece & ((columns - xs[middle]) * math.cos(way) + (rows - ys[middle]) * math.sin(way) > 0)
        out[side] = out[side] * random.uniform(0.3, 0.9) + random.uniform(0, 140, 3)
    if random.random() < 0.25:
        near = ground.reshape(-1, 3).mean(0) + random.normal(0, 18, 3)
        out[piece] += (near - out[piece].mean(0)) * random.uniform(0.6, 1.0)
    return np.clip(out, 0, 255).astype(np.uint8)


def lay(picture: np.ndarray, labels: np.ndarray, ground: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The piece on another floor, with a soft edge and a little shadow. What is unsure stays with the piece, and unsure."""
    solid = (labels != 0).astype(np.float32)
    alpha = cv2.GaussianBlur(solid, (0, 0), random.uniform(0.4, 1.0))[..., None]
    dx, dy = random.normal(0, 3, 2)
    shadow = cv2.GaussianBlur(solid, (0, 0), random.uniform(1.5, 5))
    shadow = cv2.warpAffine(shadow, np.array([[1, 0, dx], [0, 1, dy]]), (SIZE, SIZE), borderMode=cv2.BORDER_REPLICATE)
    lit = ground * (1 - random.uniform(0, 0.5) * shadow[..., None])
    return (picture * alpha + lit * (1 - alpha)).astype(np.uint8)
