"""A number in a picture's pixels: the profiler's frames carry one through cameras, codecs and networks, and it stays readable.

Along the top edge, four equal rows of 24 blocks, luma 200 for 1 and 50 for 0: a sync pattern, 16 bits, 4 bits of checksum.
The block's size is a share of the picture's, so a picture scaled on the way still reads: 16x8 px at 640x480, and codecs keep
blocks of 8 and more. web/profile/marker.js is the same in the page.
"""

from __future__ import annotations

import numpy as np

SYNC = (1, 0, 1, 0)
BITS = 16
COLUMNS = len(SYNC) + BITS + 4
ROWS = 4
DARK, LIGHT = 50, 200
BLOCKS_ACROSS, BLOCKS_DOWN = 40, 60  # how many blocks a picture's width and height hold


def pattern(number: int) -> list[int]:
    """The 24 bits that stand for a number, 0..65535."""
    check = (number ^ number >> 4 ^ number >> 8 ^ number >> 12) & 15 ^ 15  # turned around, so that all-dark is no number
    return [*SYNC, *(number >> place & 1 for place in reversed(range(BITS))), *(check >> place & 1 for place in reversed(range(4)))]


def draw(planes: np.ndarray, number: int) -> None:
    """Draw a number onto a picture in I420, uint8 (H*3/2, W), in place."""
    height, width = planes.shape[0] * 2 // 3, planes.shape[1]
    columns, rows = _edges(width, BLOCKS_ACROSS, COLUMNS), _edges(height, BLOCKS_DOWN, ROWS)
    bits = np.repeat(np.where(pattern(number), LIGHT, DARK).astype(np.uint8), np.diff(columns))
    planes[: rows[-1], : columns[-1]] = bits
    chroma = planes[height:].reshape(2, height // 2, width // 2)
    chroma[:, : -(-rows[-1] // 2), : -(-columns[-1] // 2)] = 128


def read(planes: np.ndarray) -> int | None:
    """The number on a picture in I420, uint8 (H*3/2, W), or None where there is none. The majority of the four rows counts."""
    height, width = planes.shape[0] * 2 // 3, planes.shape[1]
    columns, rows = _edges(width, BLOCKS_ACROSS, COLUMNS), _edges(height, BLOCKS_DOWN, ROWS)
    if min(np.diff(columns).min(), np.diff(rows).min()) < 2:
        return None  # too small a picture to hold one
    samples = planes[_middles(rows)[:, :, None, None], _middles(columns)]  # (ROWS, 4, COLUMNS, 4)
    votes = (samples.mean(axis=(1, 3)) > (DARK + LIGHT) / 2).sum(axis=0)
    if (votes * 2 == ROWS).any():
        return None
    bits = (votes * 2 > ROWS).astype(int).tolist()
    number = int("".join(map(str, bits[len(SYNC) : -4])), 2)
    return number if bits == pattern(number) else None


def _edges(length: int, share: int, count: int) -> list[int]:
    """Where ``count`` blocks begin and the last one ends, in px; a block is the ``share``-th part of the length."""
    return [round(length * index / share) for index in range(count + 1)]


def _middles(edges: list[int]) -> np.ndarray:
    """Four places in the middle half of each block, px: int (blocks, 4)."""
    starts = np.array(edges[:-1])[:, None]
    return starts + (np.diff(edges)[:, None] * np.array([0.3, 0.4, 0.55, 0.65])).astype(int)
