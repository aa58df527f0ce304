"""The try-on network: what is to be seen where the old garment was. ``TryOnModule.load()``, then call it with what it shall look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import engines
from engines.tryon.agnostic import Agnostic


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


class TryOnModule:
    """The network with its decoding. Keeps no state."""

    def __init__(self, engine: engines.Engine) -> None:
        self.engine = engine

    @classmethod
    def load(cls, runtime: str | None = None, **options: Any) -> TryOnModule:
        """Load the committed network; raises UserError (see :func:`engines.load`)."""
        return cls(engines.load("tryon.tom", runtime, **options))

    def __call__(self, agnostic: Agnostic) -> Rendered:
        """What the network makes of it."""
        out = self.engine(person=agnostic.person[None], body=agnostic.body[None], garment=agnostic.garment[None])
        skin, behind = (out[name][0].transpose(1, 2, 0) * np.float32(255) for name in ("skin", "behind"))
        return Rendered(skin, behind, out["bare"][0, 0], out["mask"][0, 0])
