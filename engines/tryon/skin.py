"""Hands and arms told from cloth by colour as well: the network is often unsure of a hand before the chest, the person's face is not.

The parsing stays in charge: a cell's probability of being arm or cloth is only divided anew between the two, by how much more its
colour is like the face's than like the clothes'.
"""

from __future__ import annotations

import cv2
import numpy as np

from engines.tryon.cells import Cells
from engines.tryon.pose import Pose

_ENOUGH = 12  # cells of face and of cloth that must be seen
_FLOOR = 0.05  # spread of a colour that is always allowed for: light falls differently on a hand
_LIGHTNESS = 0.3  # how much lightness counts against hue
_SAY = 3.5  # at most so many nats
_FAR = 7.0  # half squared spreads away from the face's colour beyond which nothing is taken for skin


def by_colour(arm: np.ndarray, cloth: np.ndarray, pose: Pose, cells: Cells) -> np.ndarray:
    """The probability ``arm`` (h, w) again, after a look at the colours; ``cloth`` (h, w) is what it may be instead."""
    face = cells.of("face")
    down = (pose.neck - pose.nose) / max(float(np.hypot(*(pose.neck - pose.nose))), 1e-6)
    head = (face > 0.8) & (cells.along(pose.chin, down) < 0.1 * pose.width)
    sure = cloth > 0.8
    if np.count_nonzero(head) < _ENOUGH or np.count_nonzero(sure) < _ENOUGH or arm.max() < 0.1:
        return arm
    r, g, b = cv2.split(np.log(cells.picture.astype(np.float32) + np.float32(10)))
    hues = cv2.merge([r - g, b - g, (r + g + b) * np.float32(_LIGHTNESS / 3)])
    (from_cloth, cloth_rarity), (from_face, face_rarity) = _unlike(hues, sure), _unlike(hues, head)
    says = np.minimum(from_cloth - from_face + (cloth_rarity - face_rarity), _FAR - from_face)  # a badge is like neither
    says = np.clip(says, -_SAY, _SAY)
    odds = arm * np.exp(says)
    return (arm + cloth) * odds / (odds + cloth + np.float32(1e-6))


def _unlike(hues: np.ndarray, where: np.ndarray) -> tuple[np.ndarray, float]:
    """(h, w) how far each colour lies from those of the cells ``where``, half its squared distance in their spreads; and the spreads' log.

    The sum of the two is minus the log likelihood.
    """
    sample = hues[where]
    mean = sample.mean(0)
    spread = sample.std(0) + np.float32(_FLOOR)
    away = (hues - mean) / spread
    return cv2.transform(away * away, np.full((1, 3), 0.5, np.float32)), float(np.log(spread).sum())


def surer(probability: np.ndarray) -> np.ndarray:
    """A soft probability nearer to 0 or 1, with one half where it was: its slope twice as steep in log odds."""
    yes, no = probability * probability, (1 - probability) ** 2
    return yes / (yes + no)
