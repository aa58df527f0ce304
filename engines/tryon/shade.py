"""The light on the garment: folds and shadow of what is worn now, and the brightness and tint of the scene.

Only what varies slowly is taken over; what varies fast on the old garment is its print.
"""

from __future__ import annotations

import cv2
import numpy as np

Plane = np.ndarray

LOWEST, HIGHEST = 0.75, 1.25
_PRINT = 0.3  # a difference of log lightness that is a print rather than a fold
_DARK = 20.0  # grey levels of noise and haze that keep black cloth from showing light folds


def folds(picture: np.ndarray, cloth: Plane, width: float, strength: float) -> Plane:
    """(128, 96) factors around 1: the light on the old garment, heavily blurred.

    ``picture`` (256, 192, 3) is the crop, ``cloth`` (128, 96) where the old garment is, ``width`` the shoulder width in crop pixels,
    ``strength`` 0..1 how much is taken over.
    """
    grey = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (48, 64), interpolation=cv2.INTER_AREA).astype(np.float32)
    weight = cv2.resize(cloth, (48, 64), interpolation=cv2.INTER_AREA)
    weight = np.where(weight > 0.7, weight, np.float32(0))
    inside = weight > 0
    if np.count_nonzero(inside) < 12:
        return np.ones((128, 96), np.float32)
    light = np.log(grey + np.float32(_DARK))
    typical = np.median(light[inside])
    weight *= np.exp(-(((light - typical) / np.float32(_PRINT)) ** 2))
    sigma = max(0.11 * width / 4, 0.8)
    total = cv2.GaussianBlur(weight, (0, 0), sigma)
    mean = cv2.GaussianBlur(weight * (light - typical), (0, 0), sigma) / (total + np.float32(0.05))
    factor = np.clip(np.exp(mean * np.float32(strength)), LOWEST, HIGHEST)
    return cv2.resize(factor, (96, 128), interpolation=cv2.INTER_LINEAR)


def scene(picture: np.ndarray) -> np.ndarray:
    """(3,) factors for R, G, B that fit a garment photographed on white to the scene's exposure and tint; mild."""
    small = picture[::4, ::4].reshape(-1, 3).astype(np.float32)
    mean = small.mean(0) + 1.0
    tint = np.clip((mean / mean.mean()) ** 0.25, 0.94, 1.06)
    white = float(np.percentile(small.max(1), 97))
    return np.asarray(tint * np.clip((white + 10.0) / 255.0, 0.6, 1.0) ** 0.6, np.float32)
