"""The body network: where the parts of a person are, and which pixels are what. ``Body.load()`` and call it with a crop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import engines
from engines.body import heatmaps
from engines.contract import CROP_HEIGHT, CROP_WIDTH
from engines.errors import UserError

_OUTPUTS = ("parsing", "heatmaps", "centres", "offsets")


@dataclass(frozen=True, eq=False)
class Reading:
    """What the network sees on one crop.

    ``parsing``: float32 (22,128,96), class probabilities at half the crop's resolution; cell (r,c) is centred on crop px (2c+0.5, 2r+0.5).
    ``landmarks``: float32 (18,3), x and y in crop px and a score 0..1, in the order of :data:`engines.contract.LANDMARKS`.
    ``centres``: float32 (64,48), high in the middle of a piece of clothing, and ``offsets``: float32 (2,64,48), x and y from a cell to the
    middle of its piece in crop px; cell (r,c) is centred on crop px (4c+1.5, 4r+1.5). See :mod:`engines.body.instances`.
    """

    parsing: np.ndarray
    landmarks: np.ndarray
    centres: np.ndarray = field(default_factory=lambda: np.zeros((CROP_HEIGHT // 4, CROP_WIDTH // 4), np.float32))
    offsets: np.ndarray = field(default_factory=lambda: np.zeros((2, CROP_HEIGHT // 4, CROP_WIDTH // 4), np.float32))


class Body:
    """The network with its decoding."""

    def __init__(self, engine: engines.Engine) -> None:
        self.engine = engine

    @classmethod
    def load(cls, runtime: str | None = None, **options: Any) -> Body:
        """Load the committed network; raises UserError (see :func:`engines.load`)."""
        return cls(engines.load("body", runtime, **options))

    def __call__(self, picture: np.ndarray) -> Reading:
        """``picture``: uint8 (256,192,3) RGB crop."""
        return self.read([picture])[0]

    def read(self, pictures: Sequence[np.ndarray]) -> list[Reading]:
        """Several crops, ``engine.batch`` at a time."""
        most, readings = self.engine.batch, []
        for start in range(0, len(pictures), most):
            part = pictures[start : start + most]
            outputs = self.engine(picture=part[0][None] if len(part) == 1 else np.stack(part))
            for parsing, maps, centres, offsets in zip(*(outputs[name] for name in _OUTPUTS), strict=True):
                readings.append(checked(Reading(parsing, heatmaps.decode(maps), centres[0], offsets)))
        return readings


def checked(reading: Reading) -> Reading:
    """The same. Raises :class:`UserError` for one that holds no numbers: it would stay in what is smoothed over time."""
    # Classes sum to 1, so what is no number in one is none in the first.
    for name, values in (("heatmaps", reading.landmarks), ("parsing", reading.parsing[0])):
        if not np.isfinite(values).all():
            raise UserError(f"The network 'body' gave no numbers in '{name}': take another runtime, and see 'python -m engines check'.")
    return reading
