"""The garment alone: what was drawn on a frame and how much it covers, packed into one picture a quarter higher than the frame.

Above is the dressed frame, grey where nothing was drawn; below at the left, a quarter as wide and as high, in luma, is how much of it
there is: 0 the page's own picture, 1 the dressed one. The page lays it over the camera's frame it was made of. What was drawn is what
differs, so this knows nothing of garments. The cover reaches some pixels further and fades out over pixels that are the same in both
pictures: no edge shows where it ends, it can be coarse, and what a codec blurs there is right in either. web/overlay/layers.js is the
other half.
"""

from __future__ import annotations

import cv2
import numpy as np

GREY = 128
DARK, LIGHT = 16, 235  # luma of no cover and of full cover: what a browser takes for black and white
_AROUND = np.ones((5, 5), np.uint8)  # cells of four pixels that are covered around one that differs


def cover_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of the cover of a frame, even: its height is what is added to the frame's."""
    return 2 * ((width + 4) // 8), 2 * ((height + 4) // 8)


def cover(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """How much of ``after`` is to be shown, uint8 of ``cover_size``, 0..255: 255 wherever they differ. Both uint8 (H, W, 3) RGB."""
    differs = cv2.threshold(cv2.cvtColor(cv2.absdiff(before, after), cv2.COLOR_RGB2GRAY), 0, 255, cv2.THRESH_BINARY)[1]
    cells = cv2.resize(differs, cover_size(before.shape[1], before.shape[0]), interpolation=cv2.INTER_AREA)
    return cv2.blur(cv2.dilate(cv2.threshold(cells, 0, 255, cv2.THRESH_BINARY)[1], _AROUND), (3, 3))


def pack(planes: np.ndarray, covered: np.ndarray) -> np.ndarray:
    """A dressed frame in I420, uint8 (H*3/2, W), and its cover as one picture in I420, uint8 ((H + the cover's height) * 3/2, W)."""
    height, width = planes.shape[0] * 2 // 3, planes.shape[1]
    packed = empty(width, height)
    into, luma = _parts(packed, height + covered.shape[0]), planes[:height]
    for source, target in zip((luma, *planes[height:].reshape(2, height // 2, width // 2)), into, strict=True):
        shown = cv2.resize(covered, source.shape[::-1], interpolation=cv2.INTER_NEAREST)
        cv2.copyTo(source, shown, target[: source.shape[0]])
    cv2.convertScaleAbs(covered, into[0][height:, : covered.shape[1]], (LIGHT - DARK) / 255, DARK)
    return packed


def empty(width: int, height: int) -> np.ndarray:
    """The packed picture of a frame of this size on which nothing was drawn."""
    whole = height + cover_size(width, height)[1]
    packed = np.full((whole * 3 // 2, width), GREY, np.uint8)
    packed[height:whole] = DARK
    return packed


def _parts(planes: np.ndarray, height: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Luma and both chroma planes of a picture of this height in I420, as views."""
    blue, red = planes[height:].reshape(2, height // 2, planes.shape[1] // 2)
    return planes[:height], blue, red
