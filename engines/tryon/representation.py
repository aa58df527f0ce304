"""CP-VTON's person representation: 22 planes of where the body is, what its head looks like, and where its joints are.

After Wang et al., "Toward Characteristic-Preserving Image-based Virtual Try-On Network" (2018). Here for the baseline that the own networks
are compared with; those see :mod:`engines.tryon.agnostic` instead.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from engines.body import Reading
from engines.contract import CLASSES, CROP_HEIGHT, CROP_WIDTH
from engines.tryon.pose import SEEN

HEAD = ("hat", "hair", "sunglasses", "face")
_SHRINK = 16
_RADIUS = 5


def represent(picture: np.ndarray, reading: Reading) -> np.ndarray:
    """(22, 256, 192) float32 in -1..1 of a crop (256, 192, 3) uint8: blurred body shape (1), head in RGB, -1 elsewhere (3), landmarks (18).

    A landmark is a square of 11 pixels, cut off at the picture's border; one that is not seen has none.
    """
    classes = cv2.resize(reading.parsing.transpose(1, 2, 0), (CROP_WIDTH, CROP_HEIGHT), interpolation=cv2.INTER_LINEAR).argmax(2)
    planes = np.full((22, CROP_HEIGHT, CROP_WIDTH), -1, np.float32)
    planes[0] = body_shape((classes > 0).astype(np.uint8) * np.uint8(255)) / np.float32(127.5) - 1
    head = np.isin(classes, [CLASSES.index(name) for name in HEAD])
    planes[1:4] = np.where(head, picture.transpose(2, 0, 1) / np.float32(127.5) - 1, np.float32(-1))
    for plane, (x, y, score) in zip(planes[4:], reading.landmarks, strict=True):
        if score >= SEEN:
            column, row = round(float(x)), round(float(y))
            plane[max(row - _RADIUS, 0) : max(row + _RADIUS + 1, 0), max(column - _RADIUS, 0) : max(column + _RADIUS + 1, 0)] = 1
    return planes


def body_shape(mask: np.ndarray) -> np.ndarray:
    """(H, W) uint8, 0 or 255, blurred until only a rough shape is left: shrunk 16 times and enlarged again, antialiased.

    Enlarging and shrinking are Pillow's BILINEAR: shrinking, its triangle is as wide as the factor. OpenCV's INTER_LINEAR always looks at
    two pixels: thin arms fall between them, which is what ruins them in ports of CP-VTON.
    """
    height, width = mask.shape
    return resize(resize(mask, height // _SHRINK, width // _SHRINK), height, width)


def resize(plane: np.ndarray, height: int, width: int) -> np.ndarray:
    """(H, W) uint8 to another size with Pillow's BILINEAR: columns first, then rows, each rounded to 8 bits."""
    across = np.rint(plane.astype(np.float32) @ _weights(plane.shape[1], width).T)
    return np.clip(np.rint(_weights(plane.shape[0], height) @ across), 0, 255).astype(np.uint8)


@cache
def _weights(before: int, after: int) -> np.ndarray:
    """(after, before): the share of each pixel in each of the resized line, a triangle as wide as the factor, 1 in all."""
    scale = before / after
    support = max(scale, 1.0)
    middles = (np.arange(after) + 0.5) * scale
    away = np.abs(np.arange(before)[None] + 0.5 - middles[:, None]) / support
    weights = np.clip(1 - away, 0, None)
    return np.asarray(weights / weights.sum(1, keepdims=True), np.float32)
