"""How near two networks' answers are, in the figures that count for a fitting room. Arithmetic only."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engines.body import Reading
from engines.body.metrics import ParsingScore
from engines.body.person import SEEN


@dataclass
class Agreement:
    """``add`` the two readings of as many crops as there are, then read the figures."""

    score: ParsingScore = field(default_factory=ParsingScore)
    same: int = 0
    cells: int = 0
    distances: list[np.ndarray] = field(default_factory=list)

    def add(self, reference: Reading, other: Reading) -> None:
        """Landmarks count where the reference sees them."""
        truth, labels = reference.parsing.argmax(0), other.parsing.argmax(0)
        self.score.add(truth, labels)
        self.same += int((truth == labels).sum())
        self.cells += truth.size
        seen = reference.landmarks[:, 2] > SEEN
        self.distances.append(np.linalg.norm(reference.landmarks[seen, :2] - other.landmarks[seen, :2], axis=1))

    def figures(self) -> dict[str, float]:
        """Share of cells with the same class, mean IoU over the groups with the reference as truth, landmark distance in crop px."""
        distances = np.concatenate([*self.distances, np.zeros(0)])
        half, most = np.percentile(distances, [50, 95]) if distances.size else (0.0, 0.0)
        return {
            "same_class": self.same / max(self.cells, 1),
            "miou_to_float": self.score.mean_iou,
            "landmark_p50_px": float(half),
            "landmark_p95_px": float(most),
        }


def pays(float_ms: float, ms: float, float_miou: float | None, miou: float | None, miou_to_float: float) -> bool | None:
    """Whether an INT8 file would pay: faster, and mean IoU on labelled photos at most 0.01 lower.

    Without photos (None) only the agreement with the float network is known: 0.99 of it is enough, less says nothing (None).
    """
    if ms >= float_ms:
        return False
    if float_miou is None or miou is None:
        return True if miou_to_float >= 0.99 else None
    return miou >= float_miou - 0.01
