"""Another light on a picture: tone, cast, blur, noise and compression of a phone's photo."""

from __future__ import annotations

import math

import cv2
import numpy as np

_NOISE = np.random.default_rng(0).normal(0, 32, (512, 512, 3)).astype(np.int8)


def relight(picture: np.ndarray, random: np.random.Generator, hue: float = 0.3) -> np.ndarray:
    """uint8 (H,W,3) RGB in and out, at most 256 px a side; ``hue``: how often the hues are turned."""
    if random.random() < hue:
        hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)
        hues = (np.arange(256) + int(random.integers(0, 180))) % 180
        hsv[..., 0] = cv2.LUT(np.ascontiguousarray(hsv[..., 0]), hues.astype(np.uint8))
        picture = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    if random.random() < 0.1:
        picture = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    levels = (np.arange(256) - 127) * math.exp(random.normal(0, 0.2)) + 127 + random.normal(0, 16)
    picture = cv2.LUT(picture, np.clip(levels[:, None] + random.normal(0, 6, 3), 0, 255).astype(np.uint8)[None])
    if random.random() < 0.25:
        picture = cv2.GaussianBlur(picture, (0, 0), random.uniform(0.4, 1.2))
    if random.random() < 0.3:
        y, x = random.integers(0, 256, 2)
        noise = _NOISE[y : y + picture.shape[0], x : x + picture.shape[1]]
        picture = cv2.addWeighted(picture, 1, noise, random.uniform(2, 10) / 32, 0, dtype=cv2.CV_8U)
    if random.random() < 0.15:
        _, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(30, 85))])
        picture = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))
    return picture
