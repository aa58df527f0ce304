"""Where a garment's landmarks are, by its outline alone: the usual place of each within the piece's box, moved onto the outline."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from engines.contract import CATEGORY_LANDMARKS

_USUAL: dict[str, dict[str, tuple[float, float]]] = {
    "top": {
        "neckline_left": (0.40, 0.02), "neckline_right": (0.60, 0.02), "center_front": (0.50, 0.10), "shoulder_left": (0.22, 0.08),
        "shoulder_right": (0.78, 0.08), "armpit_left": (0.22, 0.36), "armpit_right": (0.78, 0.36), "waistline_left": (0.23, 0.62),
        "waistline_right": (0.77, 0.62), "cuff_left_out": (0.01, 0.34), "cuff_left_in": (0.11, 0.42), "cuff_right_out": (0.99, 0.34),
        "cuff_right_in": (0.89, 0.42), "top_hem_left": (0.23, 0.99), "top_hem_right": (0.77, 0.99), "hemline_left": (0.1, 0.99),
        "hemline_right": (0.9, 0.99),
    },
    "trousers": {
        "waistband_left": (0.15, 0.01), "waistband_right": (0.85, 0.01), "crotch": (0.5, 0.38), "bottom_left_in": (0.35, 0.99),
        "bottom_left_out": (0.02, 0.98), "bottom_right_in": (0.65, 0.99), "bottom_right_out": (0.98, 0.98),
    },
    "skirt": {"waistband_left": (0.2, 0.02), "waistband_right": (0.8, 0.02), "hemline_left": (0.02, 0.97), "hemline_right": (0.98, 0.97)},
}  # fmt: skip
_INSIDE = ("center_front",)


class Pointer:
    """Landmarks of a cut-out."""

    @classmethod
    def load(cls, runtime: str | None = None, **options: Any) -> Pointer:
        """Nothing to be loaded yet."""
        return cls()

    def __call__(self, rgba: np.ndarray, category: str) -> dict[str, tuple[float, float, float]]:
        """NAME -> (x, y, score) for all landmarks of the category, in px of ``rgba``, uint8 (H,W,4) with something opaque on it."""
        solid = (rgba[..., 3] > 127).astype(np.uint8)
        outline = max(cv2.findContours(solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0], key=cv2.contourArea)[:, 0]
        x, y, width, height = cv2.boundingRect(outline)
        usual = _USUAL[category if category in _USUAL else "top"]
        found = {}
        for name in CATEGORY_LANDMARKS[category]:
            at = np.array([x + usual[name][0] * (width - 1), y + usual[name][1] * (height - 1)])
            if name not in _INSIDE:
                at = outline[np.argmin((((outline - at) / (width, height)) ** 2).sum(1))].astype(float)
            found[name] = (float(at[0]), float(at[1]), 0.3)
        return found
