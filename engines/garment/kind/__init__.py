"""The kind network: which of ten kinds a garment is, and an embedding in which similar pieces are near."""

from __future__ import annotations

from typing import Any

import numpy as np

import engines
from engines.contract import KINDS
from engines.garment.square import square

SIZE = 96


class Kind:
    """The network with its decoding."""

    def __init__(self, engine: engines.Engine) -> None:
        self.engine = engine

    @classmethod
    def load(cls, runtime: str | None = None, **options: Any) -> Kind:
        """Load the committed network; raises UserError (see :func:`engines.load`)."""
        return cls(engines.load("garment.kind", runtime, **options))

    def __call__(self, rgba: np.ndarray) -> tuple[dict[str, float], np.ndarray]:
        """Probabilities by kind (summing to 1) and the embedding, float32 (128,), L2-normalised, of a cut-out, uint8 (H,W,4).

        The garment and its mirror image are read and averaged.
        """
        one, _ = square(rgba, SIZE)
        both = [self.engine(picture=p[None]) for p in (one, np.ascontiguousarray(one[:, ::-1]))]
        kinds = np.mean([b["kinds"][0] for b in both], axis=0)
        embedding = np.sum([b["embedding"][0] for b in both], axis=0)
        unit = (embedding / max(float(np.linalg.norm(embedding)), 1e-6)).astype(np.float32)
        return dict(zip(KINDS, map(float, kinds), strict=True)), unit
