"""Colour names of a garment, found in CIELAB.

Every pixel goes to the nearest of some anchor colours, each of which bears a name. Lightness counts less than hue and chroma, for the light
on a photo changes lightness most; pixels at the edge and deep folds count less than plain cloth.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

ANCHORS: dict[str, tuple[tuple[int, int, int], ...]] = {
    "black": ((12, 12, 12), (34, 33, 34), (44, 42, 42)),
    "dark grey": ((66, 66, 67), (88, 87, 88)),
    "grey": ((118, 118, 118), (145, 144, 143)),
    "light grey": ((172, 172, 172), (192, 192, 193)),
    "white": ((214, 214, 214), (232, 231, 228), (250, 250, 250), (222, 224, 232)),
    "beige": ((226, 211, 184), (203, 186, 156), (181, 163, 137)),
    "brown": ((120, 85, 56), (92, 64, 44), (142, 104, 74), (66, 46, 36), (110, 92, 74)),
    "red": ((204, 26, 34), (226, 52, 48), (168, 22, 34)),
    "burgundy": ((102, 22, 38), (128, 32, 52), (74, 24, 32)),
    "orange": ((238, 120, 34), (226, 98, 52)),
    "yellow": ((246, 214, 66), (240, 228, 140), (222, 176, 44)),
    "olive": ((96, 92, 54), (122, 116, 72), (70, 70, 44)),
    "green": ((52, 138, 66), (96, 168, 80), (34, 96, 54)),
    "dark green": ((28, 62, 44), (38, 56, 44)),
    "light green": ((168, 208, 150), (186, 222, 130)),
    "turquoise": ((44, 160, 160), (98, 200, 196), (28, 120, 126)),
    "light blue": ((158, 194, 226), (130, 172, 210), (188, 208, 228)),
    "blue": ((36, 92, 182), (70, 118, 180), (28, 60, 160), (92, 122, 158), (64, 92, 132)),
    "navy": ((24, 30, 62), (36, 44, 78), (46, 56, 86)),
    "purple": ((104, 52, 132), (74, 40, 96), (130, 82, 150)),
    "lilac": ((190, 168, 208), (166, 142, 188)),
    "pink": ((240, 176, 190), (226, 130, 152), (236, 200, 202)),
    "magenta": ((206, 36, 110), (222, 72, 140)),
}  # fmt: skip
"""sRGB anchors of each name."""
NAMES = tuple(ANCHORS)
_LIGHTNESS = 0.65
_LEAST = 0.06  # a smaller share is no colour of the garment


@cache
def _anchors() -> tuple[np.ndarray, np.ndarray]:
    """(N,3) weighted CIELAB of the anchors, (N,) index of each anchor's name."""
    colours = np.array([c for anchors in ANCHORS.values() for c in anchors], np.uint8)
    return lab(colours) * (_LIGHTNESS, 1, 1), np.array([i for i, anchors in enumerate(ANCHORS.values()) for _ in anchors])


def lab(rgb: np.ndarray) -> np.ndarray:
    """uint8 sRGB (N,3) to CIELAB (N,3): L 0..100, a and b about -100..100."""
    return np.asarray(cv2.cvtColor(rgb[None].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0])


@cache
def _table() -> np.ndarray:
    """uint8 (32768,): the name of every colour of 5 bits a channel."""
    anchors, names = _anchors()
    levels = np.arange(32, dtype=np.uint8) * 8 + 4
    colours = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1).reshape(-1, 3)
    values = lab(colours) * (_LIGHTNESS, 1, 1)
    squares = (anchors * anchors).sum(1)[None] - 2 * values @ anchors.T
    return names[squares.argmin(1)].astype(np.uint8)


def name_index(rgb: np.ndarray) -> np.ndarray:
    """Index into :data:`NAMES` for each colour of uint8 (N,3), to 5 bits a channel."""
    five = (rgb >> 3).astype(np.int32)
    return _table()[five[:, 0] << 10 | five[:, 1] << 5 | five[:, 2]]


def shares(rgb: np.ndarray) -> np.ndarray:
    """float32 (len(NAMES),): the share of each name among the colours (N,3), summing to 1 (0 where there are none)."""
    counts = np.bincount(name_index(rgb), minlength=len(NAMES)) if len(rgb) else np.zeros(len(NAMES))
    return (counts / max(1, len(rgb))).astype(np.float32)


def describe(rgba: np.ndarray, most: int = 3) -> list[dict[str, object]]:
    """The garment's colours, the largest first: ``{"name", "share" 0..1, "rgb" [r, g, b]}``. ``rgba``: uint8 (H,W,4) cut-out."""
    # Single pixels, not means of several: those of stripes would be colours that nobody sees.
    step = max(1, max(rgba.shape[:2]) // 256)
    small = np.ascontiguousarray(rgba[::step, ::step])
    solid = (small[..., 3] > 200).astype(np.uint8)
    inner = cv2.erode(solid, np.ones((3, 3), np.uint8), borderValue=0)
    pixels = small[(inner if inner.sum() > 50 else solid) > 0][:, :3]
    if not len(pixels):
        return []
    index = name_index(pixels)
    share = np.bincount(index, minlength=len(NAMES)) / len(pixels)
    found = [int(i) for i in np.argsort(-share)[:most] if share[i] >= _LEAST] or [int(share.argmax())]
    return [
        {"name": NAMES[i], "share": round(float(share[i]), 3), "rgb": [int(v) for v in np.median(pixels[index == i], axis=0)]}
        for i in found
    ]
