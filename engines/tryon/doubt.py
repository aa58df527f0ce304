"""Whether a garment seen from the front can be put on a body as it stands."""

from __future__ import annotations

import numpy as np

from engines.body import Reading
from engines.contract import CLASSES, LANDMARKS
from engines.tryon.fit import Fit

_SIDEWAYS = 0.4  # shoulders seen so narrow, of what they are from the front, are those of somebody turned by some 65 degrees
_UNSURE = 0.25  # mean score of the shoulders below which they are a guess
_FACE = 4  # cells
_SHOULDERS = [LANDMARKS.index(f"{side}-shoulder") for side in ("right", "left")]


def turned_away(fit: Fit, reading: Reading) -> bool:
    """Whether the body is seen from the side or from behind, or so unsurely that it may be: what was drawn would be a guess."""
    right, left = reading.landmarks[_SHOULDERS]
    if float(right[2] + left[2]) / 2 < _UNSURE or fit.pose.facing < _SIDEWAYS:
        return True
    behind = (right[0] - left[0]) > 0.3 * fit.pose.width  # the person's right is on the viewer's left, from the front
    return bool(behind and np.count_nonzero(reading.parsing[CLASSES.index("face")] > 0.5) < _FACE)
