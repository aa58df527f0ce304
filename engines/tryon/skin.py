"""Hands and arms told from cloth by colour as well: the network is often unsure of a hand before the chest, the person's face is not.

The parsing stays in charge: a cell's probability of being arm or cloth is only divided anew between the two, by how much more its
colour is like the face's than like the clothes'.
"""

from __future__ import annotations

import numpy as np

from engines.tryon.cells import Cells
from engines.tryon.pose import Pose

_ENOUGH = 12  # cells of face and of cloth that must be seen
_SAMPLE = 400  # cells are enough to know a colour
_FLOOR = 0.05  # spread of a colour that is always allowed for: light falls differently on a hand
_LIGHTNESS = 0.3  # how much lightness counts against hue
_SAY = 3.5  # at most so many nats
_FAR = 7.0  # half squared spreads away from the face's colour beyond which nothing is taken for skin


def by_colour(arm: np.ndarray, cloth: np.ndarray, pose: Pose, cells: Cells) -> np.ndarray:
    """The probability ``arm`` (h, w) again, after a look at the colours; ``cloth`` (h, w) is what it may be instead."""
    face = cells.of("face")
    down = (pose.neck - pose.nose) / max(float(np.hypot(*(pose.neck - pose.nose))), 1e-6)
    colours = cells.picture.reshape(-1, 3)
    head = np.flatnonzero((face > 0.8) & (cells.along(pose.chin, down) < 0.1 * pose.width))
    sure = np.flatnonzero(cloth > 0.8)
    unsure = np.flatnonzero((arm > 0.02) & (cloth > 0.02))
    if len(head) < _ENOUGH or len(sure) < _ENOUGH or not len(unsure):
        return arm
    known = (colours[where[:: 1 + len(where) // _SAMPLE]] for where in (sure, head))
    hues = _hues(colours[unsure])
    (from_cloth, cloth_rarity), (from_face, face_rarity) = (_unlike(hues, _hues(sample)) for sample in known)
    says = np.minimum(from_cloth - from_face + (cloth_rarity - face_rarity), _FAR - from_face)  # a badge is like neither
    before, other = arm.ravel()[unsure], cloth.ravel()[unsure]
    odds = before * np.exp(np.clip(says, -_SAY, _SAY))
    again = arm.copy()
    again.ravel()[unsure] = (before + other) * odds / (odds + other)
    return again


def _hues(colours: np.ndarray) -> np.ndarray:
    """(N, 3) uint8 colours as two hues and, weighted less, lightness."""
    r, g, b = np.log(colours.astype(np.float32) + np.float32(10)).T
    return np.stack([r - g, b - g, (r + g + b) * np.float32(_LIGHTNESS / 3)], 1)


def _unlike(hues: np.ndarray, sample: np.ndarray) -> tuple[np.ndarray, float]:
    """(N,) how far each colour lies from those of ``sample``, half its squared distance in their spreads; and the spreads' log.

    The sum of the two is minus the log likelihood.
    """
    spread = sample.std(0) + np.float32(_FLOOR)
    away = (hues - sample.mean(0)) / spread
    return (away * away).sum(1) / 2, float(np.log(spread).sum())


def surer(probability: np.ndarray, middle: float = 0.5) -> np.ndarray:
    """A soft probability nearer to 0 or 1: its slope twice as steep in log odds, and one half where it was ``middle``."""
    yes, no = probability * probability, (1 - probability) ** 2
    return yes / (yes + no * np.float32((middle / (1 - middle)) ** 2))
