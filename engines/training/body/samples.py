"""The endless stream of samples the body network is trained on."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from engines.contract import CLASSES
from engines.training import augment, people, pieces

RARE = [CLASSES.index(name) for name in ("hat", "dress", "jumpsuits", "scarf", "skirt")]
"""A photo is drawn once more often for each of these on it."""


PASSERS_BY = 0.1
"""Share of labelled samples with somebody else beside the person."""


class Samples(IterableDataset[dict[str, np.ndarray]]):
    """An endless stream of random samples; each worker has its own seed."""

    def __init__(
        self, photos: list[people.Person], frames: list[people.Person], garments: list[np.ndarray], room: np.ndarray, seed: int
    ) -> None:
        self.labelled = [p for p in photos if p.labels is not None and p.instances is not None]
        draws = np.array([1.0 + np.isin(RARE, p.labels).sum() for p in self.labelled if p.labels is not None])
        self.chance = np.cumsum(draws / draws.sum())
        self.others = [p for p in photos if p.instances is None]
        self.frames, self.garments, self.seed = frames, garments, seed
        self.backgrounds = garments + [room] * (len(garments) // 4)

    def __iter__(self) -> Iterator[dict[str, np.ndarray]]:
        cv2.setNumThreads(0)
        info = torch.utils.data.get_worker_info()
        random = np.random.default_rng([self.seed, info.id if info else 0])
        while True:
            kind = random.random()
            if kind < 0.04:
                one = augment.nobody(self.garments[random.integers(len(self.garments))], random)
            elif kind < 0.64:
                person = self.labelled[min(int(np.searchsorted(self.chance, random.random())), len(self.labelled) - 1)]
                other = self.labelled[random.integers(len(self.labelled))] if random.random() < PASSERS_BY else None
                one = augment.sample(person, random, self.backgrounds, other)
            else:
                pool = self.others if kind < 0.86 else self.frames
                one = augment.sample(pool[random.integers(len(pool))], random, self.backgrounds)
            yield as_tensors(one)


def as_tensors(one: augment.Sample) -> dict[str, np.ndarray]:
    """What :func:`engines.training.body.losses.loss` takes of one sample."""
    centres, offsets, known = pieces.draw(one.instances)
    return {
        "picture": one.picture, "labels": one.labels, "landmarks": one.landmarks.astype(np.float32), "absent": one.absent,
        "centres": centres, "offsets": offsets, "pieces_known": known,
    }  # fmt: skip


def batches(samples: IterableDataset[dict[str, np.ndarray]], batch: int, workers: int = 2) -> Iterator[dict[str, Tensor]]:
    """Samples in batches, made in ``workers`` processes."""
    return iter(DataLoader(samples, batch, num_workers=workers, prefetch_factor=4 if workers else None, persistent_workers=workers > 0))
