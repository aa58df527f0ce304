"""The body network: where the parts of a person are, and which pixels are what. ``Body.load()`` and call it with a crop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import engines
from engines.body import heatmaps


@dataclass(frozen=True, eq=False)
class Reading:
    """What the network sees on one crop.

    ``parsing``: float32 (22,128,96), class probabilities at half the crop's resolution; cell (r,c) is centred on crop px (2c+0.5, 2r+0.5).
    ``landmarks``: float32 (18,3), x and y in crop px and a score 0..1, in the order of :data:`engines.contract.LANDMARKS`.
    """

    parsing: np.ndarray
    landmarks: np.ndarray


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
        outputs = self.engine(picture=picture[None])
        return Reading(outputs["parsing"][0], heatmaps.decode(outputs["heatmaps"][0]))
