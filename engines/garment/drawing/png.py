"""Small PNG files: a palette of 256 colours with alpha, one byte a pixel. For drawn garments the eye sees no difference."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray

CLEAR, SOFT, OPAQUE = 12, 44, 112
"""Entries for pixels of alpha 0 (their colours matter when the garment is resampled), of soft edges, and of the rest."""


def encode(picture: NDArray[np.uint8]) -> bytes:
    """(H, W, 4) RGBA with straight alpha to a PNG."""
    flat = picture.reshape(-1, 4)
    alpha = flat[:, 3]
    indices = np.zeros(len(flat), np.uint8)
    entries: list[NDArray[np.uint8]] = []
    for chosen, size in ((alpha == 0, CLEAR), ((alpha > 0) & (alpha < 255), SOFT), (alpha == 255, OPAQUE)):
        colours, nearest = _quantise(flat[chosen], size)
        indices[chosen] = nearest + sum(len(part) for part in entries)
        entries.append(colours)
    return _write(indices.reshape(picture.shape[:2]), np.vstack(entries))


def _quantise(pixels: NDArray[np.uint8], size: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """At most ``size`` colours, and for each pixel the number of the nearest."""
    distinct, which = np.unique(pixels, axis=0, return_inverse=True)
    which = which.reshape(-1)
    if len(distinct) > size:
        counts = np.bincount(which)
        sample = np.repeat(distinct, np.ceil(counts**0.7).astype(int), axis=0).astype(np.float32)
        sample = sample[np.random.default_rng(0).permutation(len(sample))[:50_000]]
        cv2.setRNGSeed(1)
        stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 0.2)
        _, _, centres = cv2.kmeans(sample, size, np.empty(0, np.int32), stop, 1, cv2.KMEANS_PP_CENTERS)
        palette = np.unique(np.round(centres).clip(0, 255).astype(np.uint8), axis=0)
    else:
        palette = distinct
    if len(pixels) and pixels[0, 3] in (0, 255) and (pixels[:, 3] == pixels[0, 3]).all():
        palette[:, 3] = pixels[0, 3]
    return palette, _nearest(distinct, palette)[which]


def _nearest(colours: NDArray[np.uint8], palette: NDArray[np.uint8]) -> NDArray[np.uint8]:
    wide = palette.astype(np.float32)
    norms = (wide**2).sum(axis=1)
    found = [np.argmin(norms - 2 * part.astype(np.float32) @ wide.T, axis=1) for part in np.array_split(colours, len(colours) // 8192 + 1)]
    return np.concatenate(found).astype(np.uint8)


def _write(indices: NDArray[np.uint8], palette: NDArray[np.uint8]) -> bytes:
    height, width = indices.shape
    rows = np.hstack([np.zeros((height, 1), np.uint8), indices]).tobytes()
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", palette[:, :3].tobytes()),
        (b"tRNS", palette[:, 3].tobytes()),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
