"""How good the body network is: mean IoU over groups, pixel accuracy, PCK, average precision of instances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from engines.contract import CLASSES, GROUPS

GROUP_OF_CLASS = np.array([next(i for i, g in enumerate(GROUPS.values()) if c in g) for c in CLASSES])


@dataclass
class ParsingScore:
    """Counts of (true group, predicted group) pixels; ``add`` as many pictures as there are, then read the figures."""

    counts: np.ndarray = field(default_factory=lambda: np.zeros((len(GROUPS), len(GROUPS)), np.int64))

    def add(self, truth: np.ndarray, predicted: np.ndarray) -> None:
        """Class labels of the same shape; truth above the last class (255) is not counted."""
        known = truth < len(CLASSES)
        pairs = GROUP_OF_CLASS[truth[known]] * len(GROUPS) + GROUP_OF_CLASS[predicted[known]]
        self.counts += np.bincount(pairs, minlength=self.counts.size).reshape(self.counts.shape)

    @property
    def iou(self) -> dict[str, float]:
        """Intersection over union of each group that occurs, over all pixels together."""
        hits = np.diag(self.counts)
        union = self.counts.sum(0) + self.counts.sum(1) - hits
        return {name: float(h / u) for name, h, u in zip(GROUPS, hits, union, strict=True) if u}

    @property
    def mean_iou(self) -> float:
        """Mean of :attr:`iou`."""
        values = list(self.iou.values())
        return sum(values) / len(values) if values else 0.0

    @property
    def accuracy(self) -> float:
        """Share of pixels whose group is right."""
        return float(np.diag(self.counts).sum() / max(self.counts.sum(), 1))


def correct_keypoints(truth: np.ndarray, predicted: np.ndarray, height: float, share: float = 0.05, sure: float = 0.5) -> tuple[int, int]:
    """PCK's two counts (right, all): (18,3) landmarks, right within ``share`` of the person's height where the teacher is sure."""
    counted = truth[:, 2] >= sure
    near = np.linalg.norm(truth[:, :2] - predicted[:, :2], axis=1) <= share * height
    return int((near & counted).sum()), int(counted.sum())


def average_precision(scores: Sequence[float], hits: Sequence[bool], truths: int) -> float:
    """Area under the precision-recall curve of predictions (score, is it a hit), with precision made monotonic (PASCAL VOC 2010)."""
    if truths == 0:
        return float("nan")
    order = np.argsort(-np.asarray(scores, float), kind="stable")
    hit = np.asarray(hits, bool)[order]
    recall = np.cumsum(hit) / truths
    precision = np.cumsum(hit) / np.arange(1, len(hit) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(recall, prepend=0.0) * best).sum())


def match_masks(truths: Sequence[np.ndarray], masks: Sequence[np.ndarray], least: float = 0.5) -> list[bool]:
    """Which of the masks (bool (H,W), surest first) hit a truth of their own with an IoU of at least ``least``."""
    free, hits = list(truths), []
    for mask in masks:
        overlaps = [(mask & truth).sum() / max((mask | truth).sum(), 1) for truth in free]
        best = int(np.argmax(overlaps)) if overlaps else -1
        hits.append(best >= 0 and overlaps[best] >= least)
        if hits[-1]:
            free.pop(best)
    return hits
