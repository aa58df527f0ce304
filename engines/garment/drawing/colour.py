"""Colours in linear light, where shading is a product, and back to pictures."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Light = NDArray[np.floating[Any]]


def rgb(code: str) -> Light:
    """'#rrggbb' to linear light, (3,) float32 in 0..1."""
    srgb = np.array([int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4).astype(np.float32)


def mix(a: Light, b: Light, amount: NDArray[np.floating[Any]]) -> Light:
    """``a`` where amount is 0, ``b`` where it is 1; a field of colours (..., 3)."""
    return np.asarray(a + (b - a) * amount[..., None], np.float32)


def to_picture(premultiplied: Light) -> NDArray[np.uint8]:
    """(H, W, 4) premultiplied linear light to RGBA uint8 with straight alpha, colours extended under alpha 0."""
    alpha = np.clip(premultiplied[..., 3], 0, 1)
    linear = np.clip(premultiplied[..., :3] / np.maximum(alpha, 1e-3)[..., None], 0, 1)
    srgb = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    picture = np.dstack([np.round(srgb * 255), np.round(alpha * 255)]).astype(np.uint8)
    return extend(picture)


def extend(picture: NDArray[np.uint8], sure: int = 200) -> NDArray[np.uint8]:
    """Give every pixel of low alpha the colour of the nearest one that is surely garment, so that no fringe can bleed in."""
    thin = (picture[..., 3] < sure).astype(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(thin, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    rows, columns = np.nonzero(thin == 0)
    colours = np.zeros((labels.max() + 1, 3), np.uint8)
    colours[labels[rows, columns]] = picture[rows, columns, :3]
    extended = picture.copy()
    extended[..., :3] = np.where(thin[..., None] == 1, colours[labels], picture[..., :3])
    return extended
