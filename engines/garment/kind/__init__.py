"""The kind network: which of ten kinds a garment is, and an embedding in which similar pieces are near."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

import engines
from engines.contract import KINDS

SIZE = 128
GREY = 127
"""What lies around the garment on the network's picture."""


def kind_input(picture: np.ndarray, alpha: np.ndarray, margin: float = 0.06) -> np.ndarray:
    """uint8 (128,128,4): the cut-out on grey in the middle of a square, and its alpha.

    ``picture``: uint8 (H,W,3) RGB; ``alpha``: uint8 (H,W).
    """
    rows, columns = np.nonzero(alpha.max(1) > 100)[0], np.nonzero(alpha.max(0) > 100)[0]
    if not len(rows):
        rows, columns = np.array([0, alpha.shape[0] - 1]), np.array([0, alpha.shape[1] - 1])
    x0, x1, y0, y1 = columns[0], columns[-1] + 1, rows[0], rows[-1] + 1
    scale = SIZE / (max(x1 - x0, y1 - y0) * (1 + 2 * margin))
    # Shrink by areas first: a bilinear warp alone would skip pixels.
    first = min(1.0, 2 * scale)
    rgba = np.dstack([picture, alpha])[y0:y1, x0:x1]
    if first < 1:
        rgba = cv2.resize(rgba, (max(1, round((x1 - x0) * first)), max(1, round((y1 - y0) * first))), interpolation=cv2.INTER_AREA)
    scale = SIZE / (max(rgba.shape[:2]) * (1 + 2 * margin))
    shift = [(SIZE - rgba.shape[1] * scale) / 2 + scale / 2 - 0.5, (SIZE - rgba.shape[0] * scale) / 2 + scale / 2 - 0.5]
    onto = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    out = cv2.warpAffine(rgba, onto, (SIZE, SIZE), flags=cv2.INTER_LINEAR, borderValue=(GREY, GREY, GREY, 0))
    return on_grey(out)


def on_grey(rgba: np.ndarray) -> np.ndarray:
    """The picture where alpha is, grey elsewhere; uint8 (H,W,4)."""
    alpha = cv2.merge([rgba[..., 3]] * 3)
    colour = cv2.add(cv2.multiply(rgba[..., :3], alpha, scale=1 / 255), cv2.multiply(255 - alpha, np.full_like(alpha, GREY), scale=1 / 255))
    return cv2.merge([*cv2.split(colour), rgba[..., 3]])


class Kind:
    """The network with its decoding."""

    def __init__(self, engine: engines.Engine) -> None:
        self.engine = engine

    @classmethod
    def load(cls, runtime: str | None = None, **options: Any) -> Kind:
        """Load the committed network; raises UserError (see :func:`engines.load`)."""
        return cls(engines.load("garment.kind", runtime, **options))

    def __call__(self, picture: np.ndarray, alpha: np.ndarray) -> tuple[dict[str, float], np.ndarray]:
        """Probabilities by kind (summing to 1) and the embedding, float32 (128,), L2-normalised.

        ``picture``: uint8 (H,W,3) RGB; ``alpha``: uint8 (H,W). The garment and its mirror image are read and averaged.
        """
        one = kind_input(picture, alpha)
        both = [self.engine(picture=p[None]) for p in (one, np.ascontiguousarray(one[:, ::-1]))]
        kinds = np.mean([b["kinds"][0] for b in both], axis=0)
        embedding = np.sum([b["embedding"][0] for b in both], axis=0)
        return dict(zip(KINDS, map(float, kinds), strict=True)), (embedding / max(float(np.linalg.norm(embedding)), 1e-6)).astype(
            np.float32
        )
