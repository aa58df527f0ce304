"""Garments drawn from outlines, their cloth cut out of real photos: cut-outs with exact landmarks."""

from __future__ import annotations

import math

import cv2
import numpy as np

from engines.contract import GARMENT_LANDMARKS
from engines.training.light import relight
from engines.training.outlines import Outline, random_outline

Random = np.random.Generator
SHEET = 144
"""Pixels of the square on which a garment is drawn."""


def cloths(photos: list[tuple[np.ndarray, np.ndarray]]) -> list[np.ndarray]:
    """Patches (h,w,3) of cloth from the middle of the pieces on photos with masks (H,W) bool."""
    found = []
    for picture, mask in photos:
        inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L1, 3)
        y, x = np.unravel_index(int(inside.argmax()), inside.shape)
        r = int(inside[y, x] * 0.55)
        if r >= 12:
            found.append(picture[y - r : y + r, x - r : x + r])
    return found


def _cloth(patch: np.ndarray, random: Random) -> np.ndarray:
    """A sheet of cloth from a patch: turned, scaled, mirrored on and on."""
    zoom = SHEET / min(patch.shape[:2]) * math.exp(random.uniform(-0.7, 0.2))
    turn = random.choice([0, 90, 180, 270]) + random.normal(0, 8)
    onto = np.array(cv2.getRotationMatrix2D((patch.shape[1] / 2, patch.shape[0] / 2), turn, zoom))
    onto[:, 2] = onto[:, 2] + SHEET / 2 - np.array(patch.shape[1::-1]) / 2
    return cv2.warpAffine(patch, onto, (SHEET, SHEET), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def _field(random: Random, cells: int) -> np.ndarray:
    """A smooth random field over the sheet, about -1..1."""
    return cv2.resize(random.normal(0, 0.6, (cells, cells)).astype(np.float32), (SHEET, SHEET), interpolation=cv2.INTER_CUBIC)


def draw(random: Random, materials: list[np.ndarray], ground: np.ndarray) -> tuple[np.ndarray, np.ndarray, Outline]:
    """RGBA (192,192,4) uint8, landmarks (24,2) in px with NaN for those the garment lacks, and its outline."""
    outline = random_outline(random)
    everything = np.concatenate([points for _, points in outline.parts])
    turn = random.normal(0, 0.13)
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    rotation = rotation @ np.array([[1, random.normal(0, 0.05)], [0, math.exp(random.normal(0, 0.08))]])
    turned = everything @ rotation.T
    low, high = turned.min(0), turned.max(0)
    scale = SHEET * 0.86 / float((high - low).max())
    shift = SHEET / 2 - (low + high) / 2 * scale
    push = np.stack([_field(random, 5), _field(random, 5)], -1) * random.uniform(0, 4.0)

    def place(points: np.ndarray) -> np.ndarray:
        at = points @ rotation.T * scale + shift
        cell = np.clip(at, 0, SHEET - 1).astype(int)
        return at + push[cell[:, 1], cell[:, 0]]

    def fill(points: np.ndarray) -> np.ndarray:
        mask = np.zeros((SHEET, SHEET), np.uint8)
        cv2.fillPoly(mask, [np.round(place(points) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        return mask

    main = materials[random.integers(len(materials))]
    other = materials[random.integers(len(materials))] if random.random() < 0.25 else main
    picture: np.ndarray = ground.astype(np.float32)
    alpha = np.zeros((SHEET, SHEET), np.uint8)
    folds = _field(random, 12) * random.uniform(0, 26) + _field(random, 5) * random.uniform(0, 22)
    for material, points in outline.parts:
        mask = fill(points)
        cloth: np.ndarray = _cloth(other if material == "rib" else main, random).astype(np.float32) + folds[..., None] + random.normal(0, 7)
        if material == "inside":
            cloth = cloth * random.uniform(0.45, 0.95) + random.normal(0, 8)
        shade = cv2.GaussianBlur(mask, (0, 0), random.uniform(1.5, 3)).astype(np.float32)[..., None] / 255
        over = mask.astype(np.float32)[..., None] / 255
        # Darker along the edge, where the cloth bends away, and a shadow on what lies below.
        picture = picture * (1 - 0.3 * shade) * (1 - over) + cloth * (0.75 + 0.25 * shade) * over
        alpha = np.maximum(alpha, mask)
    lines = np.zeros((SHEET, SHEET), np.uint8)
    for seam in outline.seams:
        if random.random() < 0.8:
            cv2.polylines(lines, [np.round(place(seam) * 16).astype(np.int32)], False, int(random.integers(60, 200)), 1, cv2.LINE_AA, 4)
    picture = picture * (1 - (lines * (alpha > 0)).astype(np.float32)[..., None] / 255 * random.uniform(0.1, 0.6))
    picture = np.clip(picture, 0, 255).astype(np.uint8)
    names = list(outline.landmarks)
    placed = dict(zip(names, place(np.array([outline.landmarks[n] for n in names])), strict=True))
    marks = np.array([placed.get(name, (np.nan, np.nan)) for name in GARMENT_LANDMARKS], np.float32)
    return np.dstack([relight(picture, random), rough(alpha, random)]), marks, outline


def rough(alpha: np.ndarray, random: Random) -> np.ndarray:
    """The mask as a network finds it: a little too large or small, with bites and crumbs."""
    way = random.random()
    if way < 0.3:
        kernel = np.ones((int(random.integers(2, 5)),) * 2, np.uint8)
        alpha = cv2.dilate(alpha, kernel) if random.random() < 0.5 else cv2.erode(alpha, kernel)
    elif way < 0.6:
        alpha = np.where(cv2.GaussianBlur(alpha, (0, 0), 3).astype(np.float32) + _field(random, 24) * 60 > 127, np.uint8(255), np.uint8(0))
    if random.random() < 0.15:
        x, y = random.integers(20, SHEET - 20, 2)
        cv2.circle(alpha, (int(x), int(y)), int(random.integers(4, 22)), 0 if random.random() < 0.6 else 255, -1)
    return alpha
