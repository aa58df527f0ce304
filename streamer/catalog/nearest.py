"""Which garments are like another: their embeddings in memory, compared by cosine.

Brute force: 10,000 embeddings of 128 numbers take 1 ms on one core, so no index library is worth its dependency.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class Nearest:
    """The embeddings of the catalogue as it was at one revision. Immutable."""

    def __init__(self, revision: int = -1, reader: str = "", known: Sequence[tuple[str, str, NDArray[np.float32]]] = ()) -> None:
        """``known``: id, category and L2-normalised embedding of each, all by ``reader``."""
        self._of = revision, reader
        self._ids = [id for id, _, _ in known]
        self._categories = np.array([category for _, category, _ in known], str)
        self._embeddings = np.array([embedding for _, _, embedding in known], np.float32)

    def is_of(self, revision: int, reader: str) -> bool:
        """Whether this is the catalogue at ``revision``, as ``reader`` sees it."""
        return self._of == (revision, reader)

    def __call__(self, embedding: NDArray[np.float32], most: int, categories: Sequence[str] = ()) -> list[tuple[str, float]]:
        """Ids with their cosine, the most similar first."""
        if not self._ids:
            return []
        cosines = self._embeddings @ np.asarray(embedding, np.float32)
        if categories:
            cosines = np.where(np.isin(self._categories, categories), cosines, -np.inf)
        best = np.argsort(-cosines, kind="stable")[:most]
        return [(self._ids[at], float(cosines[at])) for at in best if np.isfinite(cosines[at])]
