"""The landmark network: a convolutional pose machine that says where the 24 landmarks of a cut-out garment are."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

import engines
from engines.contract import CATEGORY_LANDMARKS, GARMENT_LANDMARKS
from engines.garment.square import square

SIZE = 96
STRIDE = 4
REACH = 2
"""Cells around a map's peak that belong to it."""
MIRRORED = [GARMENT_LANDMARKS.index(n.replace("left", "x").replace("right", "left").replace("x", "right")) for n in GARMENT_LANDMARKS]
"""For each landmark the index of its mirror image."""

Landmark = tuple[float, float, float]


def decode(maps: np.ndarray) -> np.ndarray:
    """Probability maps (N,rows,columns) to float32 (N,3): x and y in px of the network's picture, and a score, the mass around the peak."""
    found = np.zeros((len(maps), 3), np.float32)
    window = np.ones((2 * REACH + 1,) * 2, np.float32)
    for i, one in enumerate(maps):
        # The place with most mass around it, not the single highest cell: two cells may share a peak.
        mass = cv2.filter2D(one, -1, window, borderType=cv2.BORDER_CONSTANT)
        y, x = divmod(int(cv2.GaussianBlur(one, (0, 0), 1.0).argmax()), one.shape[1])
        top, left = max(0, y - REACH), max(0, x - REACH)
        near = one[top : y + REACH + 1, left : x + REACH + 1]
        weight = max(float(near.sum()), 1e-9)
        cx = float((near.sum(0) * np.arange(left, left + near.shape[1])).sum()) / weight
        cy = float((near.sum(1) * np.arange(top, top + near.shape[0])).sum()) / weight
        found[i] = (cx + 0.5) * STRIDE - 0.5, (cy + 0.5) * STRIDE - 0.5, min(1.0, float(mass[y, x]))
    return found


class Landmarks:
    """The network with its decoding."""

    def __init__(self, engine: engines.Engine) -> None:
        self.engine = engine

    @classmethod
    def load(cls, runtime: str | None = None, **options: Any) -> Landmarks:
        """Load the committed network; raises UserError (see :func:`engines.load`)."""
        return cls(engines.load("garment.landmarks", runtime, **options))

    def everything(self, rgba: np.ndarray) -> np.ndarray:
        """float32 (24,3): x px, y px of ``rgba``, uint8 (H,W,4), and a score for all landmarks, whatever the category."""
        picture, onto = square(rgba, SIZE)
        maps = self.engine(picture=picture[None])["maps"][0]
        turned = self.engine(picture=np.ascontiguousarray(picture[:, ::-1])[None])["maps"][0]
        found = decode((maps + turned[MIRRORED, :, ::-1]) / 2)
        found[:, :2] = (found[:, :2] - onto[:, 2]) / onto[0, 0]
        return found

    def __call__(self, rgba: np.ndarray, category: str) -> dict[str, Landmark]:
        """NAME -> (x, y, score) for the landmarks of the category, in px of ``rgba``, inside it."""
        found = self.everything(rgba)
        height, width = rgba.shape[:2]
        at = {name: found[GARMENT_LANDMARKS.index(name)] for name in CATEGORY_LANDMARKS[category]}
        return {n: (float(np.clip(x, 0, width - 1)), float(np.clip(y, 0, height - 1)), float(s)) for n, (x, y, s) in at.items()}
