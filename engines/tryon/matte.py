"""From the network's coarse, soft probabilities to a mask as crisp as the picture itself.

A guided filter: around each cell the probability is explained as a linear function of the colour, the functions are enlarged, and the
full-size picture is put into them. Edges of the mask then lie on edges of the picture.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

Plane = np.ndarray

_RADIUS = 2
_NOISE = 8e-4  # variance of colour (0..1) below which a difference says nothing
_STEEPNESS = 3.5


class Guide:
    """The colours of a small picture (h, w, 3) uint8, ready to explain masks of the same size."""

    def __init__(self, picture: np.ndarray) -> None:
        self._colour = picture.astype(np.float32) / 255.0
        r, g, b = cv2.split(self._colour)
        self._mean = _box(self._colour)
        mr, mg, mb = cv2.split(self._mean)
        squares = [_box(product) for product in (r * r, g * g, b * b, r * g, r * b, g * b)]
        rr, gg, bb = squares[0] - mr * mr + _NOISE, squares[1] - mg * mg + _NOISE, squares[2] - mb * mb + _NOISE
        rg, rb, gb = squares[3] - mr * mg, squares[4] - mr * mb, squares[5] - mg * mb
        # The inverse of the 3 x 3 covariance of each cell's neighbourhood, by cofactors.
        crr, cgg, cbb = gg * bb - gb * gb, rr * bb - rb * rb, rr * gg - rg * rg
        crg, crb, cgb = gb * rb - rg * bb, rg * gb - gg * rb, rb * rg - rr * gb
        scale = 1.0 / (rr * crr + rg * crg + rb * crb)
        self._inverse = (
            (crr * scale, crg * scale, crb * scale),
            (crg * scale, cgg * scale, cgb * scale),
            (crb * scale, cgb * scale, cbb * scale),
        )

    def explain(self, mask: Plane) -> np.ndarray:
        """(h, w, 4) the linear functions of R, G, B (0..1) and 1 that give ``mask`` (h, w) around each cell."""
        p = _box(cv2.merge([*(plane * mask for plane in cv2.split(self._colour)), mask]))
        mr, mg, mb, mean = cv2.split(p)
        ir, ig, ib = cv2.split(self._mean)
        cr, cg, cb = mr - ir * mean, mg - ig * mean, mb - ib * mean
        a = [row[0] * cr + row[1] * cg + row[2] * cb for row in self._inverse]
        return _box(cv2.merge([*a, mean - a[0] * ir - a[1] * ig - a[2] * ib]))


def matte(functions: np.ndarray, colour: np.ndarray, matrix: np.ndarray, middle: float = 0.5) -> Plane:
    """The crisp mask of a region, 0..1: ``functions`` of the small picture put to its full-size colours.

    ``colour`` is (H, W, 4) float32: R, G, B in 0..1 and a 1; ``matrix`` (2, 3) takes pixels of the region to cells of the small picture.
    A probability of ``middle`` becomes one half; less than 0.5 makes the mask a little larger.
    """
    size, flags = (colour.shape[1], colour.shape[0]), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    large = cv2.warpAffine(functions, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return crisp(cv2.split(large), cv2.split(colour)[:3], middle)


def crisp(functions: Sequence[Plane], colours: Sequence[Plane], middle: float = 0.5) -> Plane:
    """The same of four planes that are enlarged already; ``colours`` are R, G and B in 0..1. The last function's plane is overwritten."""
    mask = np.ascontiguousarray(functions[3])
    for share, colour in zip(functions, colours, strict=False):
        cv2.add(mask, cv2.multiply(share, colour), dst=mask)
    mask *= np.float32(_STEEPNESS)
    mask -= np.float32(_STEEPNESS * middle - 0.5)
    return np.clip(mask, 0.0, 1.0, out=mask)


def _box(values: np.ndarray) -> np.ndarray:
    size = 2 * _RADIUS + 1
    return cv2.blur(values, (size, size), borderType=cv2.BORDER_REPLICATE)
