"""A frame number in the pixels: drawn along a picture's top edge, readable after scaling and strong compression.

Four equal rows of 24 blocks, light for 1 and dark for 0: a sync pattern, 16 bits of the number, 4 bits of checksum.
The page reads it with tests/latency.js; :func:`read` is the same reading in Python.
"""

from __future__ import annotations

import numpy as np

BLOCK = (16, 8)  # width, height of a block in pixels of a 640 pixels wide picture; codecs keep blocks of 8 and more
ROWS = 4
SYNC = (1, 0, 1, 0)
BITS = 16
COLUMNS = len(SYNC) + BITS + 4
DARK, LIGHT = 50, 200


def pattern(number: int) -> list[int]:
    """The 24 bits that stand for a number, 0..65535."""
    bits = [number >> place & 1 for place in reversed(range(BITS))]
    check = checksum(number)
    return [*SYNC, *bits, *(check >> place & 1 for place in reversed(range(4)))]


def checksum(number: int) -> int:
    """Four bits: the exclusive or of the number's four hexadecimal digits, turned around so that all-dark is no number."""
    return (number ^ number >> 4 ^ number >> 8 ^ number >> 12) & 15 ^ 15


def draw(picture: np.ndarray, number: int) -> None:
    """Draw a number onto the top edge of a picture, uint8 (H, W, 3), in place. W is 384 or more."""
    width = block_width(picture.shape[1])
    row = np.repeat(np.where(pattern(number), LIGHT, DARK).astype(np.uint8), width)
    picture[: BLOCK[1] * ROWS, : len(row)] = row[None, :, None]


def block_width(width: int) -> int:
    """Of a picture of this width, in pixels."""
    return max(BLOCK[0] * width // 640, 8)


def read(picture: np.ndarray) -> int | None:
    """The number on a picture's top edge, or None where there is none to be read. The majority of the four rows counts."""
    width, height = block_width(picture.shape[1]), BLOCK[1]
    grey = picture[: height * ROWS, : width * COLUMNS].mean(axis=2)
    blocks = grey.reshape(ROWS, height, COLUMNS, width)[:, 2:-2, :, 2:-2].mean(axis=(1, 3))
    votes = (blocks > (DARK + LIGHT) / 2).sum(axis=0)
    if (votes == ROWS // 2).any():
        return None
    bits = (votes > ROWS // 2).astype(int).tolist()
    number = int("".join(map(str, bits[len(SYNC) : -4])), 2)
    return number if bits == pattern(number) else None
