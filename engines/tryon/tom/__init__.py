"""The try-on network: what is to be seen where the old garment was. ``TryOnModule.load()``, then call it with what it shall look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import engines
from engines.tryon.agnostic import Agnostic

_STEADY = 0.5  # of the difference to the previous frame is taken back, less where something moves
_MOVES = 24.0  # grey levels of change on the person that are a movement


@dataclass(frozen=True, eq=False)
class Rendered:
    """What the network makes of a person, on the parsing's cells (128, 96); float32. Means something where the old garment was."""

    skin: np.ndarray
    """(128, 96, 3) RGB 0..255: the skin of arms, neck and legs."""
    behind: np.ndarray
    """(128, 96, 3) RGB 0..255: what lies behind them."""
    bare: np.ndarray
    """0..1: which of the two is to be seen."""
    mask: np.ndarray
    """0..1: how much of the garment shows where it is drawn."""
    seen: np.ndarray
    """(128, 96, 4) uint8: the person it was made of."""


class TryOnModule:
    """The network with its smoothing over time. Keeps no state: what it made of the last frame goes back in."""

    def __init__(self, engine: engines.Engine) -> None:
        self.engine = engine

    @classmethod
    def load(cls, runtime: str | None = None, **options: Any) -> TryOnModule:
        """Load the committed network; raises UserError (see :func:`engines.load`)."""
        return cls(engines.load("tryon.tom", runtime, **options))

    def __call__(self, agnostic: Agnostic, previous: Rendered | None = None) -> Rendered:
        """Render; steadied by what was made of the ``previous`` frame."""
        out = self.engine(person=agnostic.person[None], body=agnostic.body[None], garment=agnostic.garment[None])
        planes = np.concatenate([out["skin"][0] * np.float32(255), out["behind"][0] * np.float32(255), out["bare"][0], out["mask"][0]])
        planes = planes.transpose(1, 2, 0)
        if previous is not None:
            before = np.dstack([previous.skin, previous.behind, previous.bare, previous.mask])
            moved = np.abs(agnostic.person.astype(np.int16) - previous.seen).max(2, keepdims=True).astype(np.float32)
            planes = planes + (before - planes) * (_STEADY * np.clip(1.5 - moved / np.float32(_MOVES), 0, 1))
        return Rendered(planes[..., :3], planes[..., 3:6], planes[..., 6], planes[..., 7], agnostic.person)
