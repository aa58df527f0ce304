"""The cut-out network: which pixels of a photo are background, skin and garment."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

import engines

SIZE = 160
OUTPUTS = ("background", "skin", "garment")


def letterbox(picture: np.ndarray, size: int = SIZE) -> tuple[np.ndarray, np.ndarray]:
    """The whole picture (H,W,3) in the middle of a square, its border repeated; and the matrix (2,3) from its px to the square's."""
    height, width = picture.shape[:2]
    scale = size / max(height, width)
    w, h = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(picture, (w, h), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    left, top = (size - w) // 2, (size - h) // 2
    square = cv2.copyMakeBorder(small, top, size - h - top, left, size - w - left, cv2.BORDER_REPLICATE)
    sx, sy = w / width, h / height
    return square, np.array([[sx, 0, left + sx / 2 - 0.5], [0, sy, top + sy / 2 - 0.5]])


class Cut:
    """The network with its decoding."""

    def __init__(self, engine: engines.Engine) -> None:
        self.engine = engine

    @classmethod
    def load(cls, runtime: str | None = None, **options: Any) -> Cut:
        """Load the committed network; raises UserError (see :func:`engines.load`)."""
        return cls(engines.load("garment.cut", runtime, **options))

    def __call__(self, picture: np.ndarray) -> np.ndarray:
        """float32 (h,w,3): probability of background, skin and garment for every pixel of ``picture``, uint8 (h,w,3) RGB.

        The picture and its mirror image are read and averaged.
        """
        square, onto = letterbox(picture)
        maps = [self.engine(picture=np.ascontiguousarray(p)[None])["classes"][0] for p in (square, square[:, ::-1])]
        both = np.ascontiguousarray(((maps[0] + maps[1][..., ::-1]) / 2).transpose(1, 2, 0))
        # Cell c of the half-size maps is centred on px 2c + 0.5 of the square.
        cells = onto / 2
        cells[:, 2] -= 0.25
        size = (picture.shape[1], picture.shape[0])
        return cv2.warpAffine(both, cells, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE)
