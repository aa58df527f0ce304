"""The person crop: a box of the frame, padded to the networks' 256x192, never squeezed."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from engines.contract import CROP_HEIGHT, CROP_WIDTH

MARGIN = 1.1
"""The crop is this much larger than the box: room for hands that move, and for a box that lags."""

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in frame pixels; may reach beyond the frame."""
_SMALLEST = 16.0
"""Height in frame pixels below which nothing is to be seen; keeps the scale of a degenerate box finite."""


@dataclass(frozen=True, eq=False)
class Crop:
    """``picture`` uint8 (256,192,3) RGB; ``matrix`` float64 (2,3), frame px to crop px: a scale and a shift, no rotation."""

    picture: np.ndarray
    matrix: np.ndarray

    @property
    def scale(self) -> float:
        """Crop pixels a frame pixel."""
        return float(self.matrix[0, 0])

    def to_crop(self, points: np.ndarray) -> np.ndarray:
        """(...,2) frame px -> crop px."""
        return points * self.scale + self.matrix[:, 2]

    def to_frame(self, points: np.ndarray) -> np.ndarray:
        """(...,2) crop px -> frame px."""
        return (points - self.matrix[:, 2]) / self.scale


def crop_matrix(box: Box) -> np.ndarray:
    """(2,3) float64: the box, widened to 256:192 and by :data:`MARGIN`, onto the crop."""
    x0, y0, x1, y1 = box
    scale = CROP_HEIGHT / (MARGIN * max(y1 - y0, (x1 - x0) * CROP_HEIGHT / CROP_WIDTH, _SMALLEST))
    # Pixel centres lie at integers: the middle of a box over n whole pixels is (n - 1) / 2.
    middle = np.array([(x0 + x1 - 1) / 2, (y0 + y1 - 1) / 2])
    return np.array([[scale, 0, (CROP_WIDTH - 1) / 2 - scale * middle[0]], [0, scale, (CROP_HEIGHT - 1) / 2 - scale * middle[1]]])


def crop(frame: np.ndarray, box: Box) -> Crop:
    """Cut ``box`` out of ``frame`` (H,W,3 uint8); what lies beyond the frame repeats its border."""
    return crop_by(frame, crop_matrix(box))


def crop_by(frame: np.ndarray, matrix: np.ndarray) -> Crop:
    """The same by the crop's matrix: another frame as an earlier crop showed the first."""
    source, onto = frame, matrix
    shrink = int(1 / matrix[0, 0])
    if shrink >= 2:
        # warpAffine reads four pixels a point: shrink by a whole factor first, or fine patterns alias.
        height, width = (n // shrink * shrink for n in frame.shape[:2])
        (x0, y0), (x1, y1) = (np.linalg.solve(matrix[:, :2], corner - matrix[:, 2]) for corner in ([0, 0], [CROP_WIDTH, CROP_HEIGHT]))
        left, top = (max(0, int(v) // shrink * shrink) for v in (x0, y0))
        right, bottom = min(width, (int(x1) // shrink + 2) * shrink), min(height, (int(y1) // shrink + 2) * shrink)
        if right > left and bottom > top:
            region = frame[top:bottom, left:right]
            source = cv2.resize(region, ((right - left) // shrink, (bottom - top) // shrink), interpolation=cv2.INTER_AREA)
            half = (shrink - 1) / 2
            onto = np.array([[matrix[0, 0] * shrink, 0, matrix[0, 2] + matrix[0, 0] * (left + half)],
                             [0, matrix[1, 1] * shrink, matrix[1, 2] + matrix[1, 1] * (top + half)]])  # fmt: skip
    picture = cv2.warpAffine(source, onto, (CROP_WIDTH, CROP_HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return Crop(picture, matrix)
