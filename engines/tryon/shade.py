"""The light on the garment: folds and shadow of what is worn now, and the brightness and tint of the scene.

Only what varies slowly is taken over; what varies fast on the old garment is its print.
"""

from __future__ import annotations

import cv2
import numpy as np

LOWEST, HIGHEST = 0.75, 1.25
_PRINT = 0.3  # a difference of log lightness that is a print rather than a fold
_DARK = 20.0  # grey levels of noise and haze that keep black cloth from showing light folds
_FEWEST = 12  # samples of old cloth without which nothing is taken over


def folds(picture: np.ndarray, cloth: np.ndarray, width: float, strength: float) -> np.ndarray:
    """Factors around 1: the light on the old garment, heavily blurred.

    ``picture`` (h, w, 3) uint8 and ``cloth`` (h, w), where the old garment is, lie on the parsing's cells, as does the (h, w) result;
    ``width`` is the shoulder width in cells, ``strength`` 0..1 how much is taken over.
    """
    size = max(cloth.shape[1] // 2, 1), max(cloth.shape[0] // 2, 1)
    grey = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA).astype(np.float32)
    weight = cv2.resize(cloth, size, interpolation=cv2.INTER_AREA)
    weight[weight < 0.7] = 0
    light = np.log(grey + np.float32(_DARK))
    inside = np.sort(light[weight > 0])
    if len(inside) < _FEWEST:
        return np.ones(cloth.shape, np.float32)
    light -= inside[len(inside) // 2]
    weight *= np.exp(-((light / np.float32(_PRINT)) ** 2))
    side = 2 * max(round(0.08 * width), 1) + 1
    total, mean = (cv2.blur(cv2.blur(plane, (side, side)), (side, side)) for plane in (weight, weight * light))
    factor = np.clip(np.exp(mean / (total + np.float32(0.05)) * np.float32(strength)), LOWEST, HIGHEST)
    return cv2.resize(factor, cloth.shape[::-1], interpolation=cv2.INTER_LINEAR)


def scene(picture: np.ndarray) -> np.ndarray:
    """(3,) factors for R, G, B that fit a garment photographed on white to the exposure and tint of (h, w, 3) ``picture``; mild."""
    small = picture[::8, ::8].reshape(-1, 3)
    mean = small.mean(0) + 1.0
    tint = np.clip((mean / mean.mean()) ** 0.25, 0.94, 1.06)
    lightness = np.sort(small.max(1))
    white = float(lightness[int(0.97 * len(lightness))])
    return np.asarray(tint * min(max((white + 10.0) / 255.0, 0.6), 1.0) ** 0.6, np.float32)
