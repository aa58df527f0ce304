"""Labels by the network itself: for photos that have none, and to find the wrong ones among those that have.

The averaged network looks at a photo mirrored and in three sizes. Where its answers agree and the photo's tags allow it, they are taken
as labels; where they contradict a given label with great certainty, that pixel teaches nothing from then on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import torch
from torch import nn

from engines.contract import CLASSES
from engines.crop import crop
from engines.training.augment import MIRRORED_CLASSES, person_box
from engines.training.people import IGNORE, Person

SURE = 0.6
"""Probability from which an answer becomes a label."""
CERTAIN, IMPOSSIBLE = 0.9, 0.04
"""A given label is doubted where another class has at least the first and its own class at most the second."""
_SPARED = np.isin(CLASSES, ("hat", "glove", "sunglasses", "scarf", "socks", "bag", "accessory", "skirt", "dress", "jumpsuits"))
"""Rare classes are never doubted: the network knows them worse than the people who labelled them."""


@torch.no_grad()
def probabilities(network: nn.Module, person: Person) -> np.ndarray:
    """float32 (22,H/2,W/2): mean class probabilities at half the photo's size, mirrored and in three sizes."""
    x0, y0, x1, y1 = person_box(person)
    height, width = (n // 2 for n in person.picture.shape[:2])
    total, weight = np.zeros((len(CLASSES), height, width), np.float32), np.full((height, width), 1e-3, np.float32)
    total[0] = 1e-3
    for room in (-0.02, 0.05, 0.15):
        dx, dy = room * (x1 - x0), room * (y1 - y0)
        cropped = crop(person.picture, (x0 - dx, y0 - dy, x1 + dx, y1 + dy))
        both = np.stack([cropped.picture, cropped.picture[:, ::-1]])
        pictures = torch.from_numpy(both).permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            seen, mirrored = network(pictures).parsing.float().softmax(1).numpy()
        mean = (seen + mirrored[MIRRORED_CLASSES][:, :, ::-1]) / 2
        # Half-size photo pixel -> cell: both lie at 2i + 0.5 of their full pixels.
        onto = cropped.matrix.copy()
        onto[:, 2] += onto[:, :2] @ [0.5, 0.5] - 0.5
        onto[:, 2] /= 2
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        weight += cv2.warpAffine(np.ones(mean.shape[1:], np.float32), onto, (width, height), flags=flags)
        for index, one in enumerate(mean):
            if one.max() > 0.02:
                total[index] += cv2.warpAffine(np.ascontiguousarray(one), onto, (width, height), flags=flags)
    return total / weight


def label(network: nn.Module, person: Person) -> Person:
    """The photo with the network's labels where it is sure, in agreement with the tags."""
    probability = probabilities(network, person)
    probability[person.absent] = 0
    probability /= probability.sum(0).clip(1e-6)
    labels = probability.argmax(0).astype(np.uint8)
    labels[probability.max(0) < SURE] = IGNORE
    height, width = person.picture.shape[:2]
    return replace(person, labels=cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST))


def doubt(network: nn.Module, person: Person) -> tuple[Person, float]:
    """The photo without the labels that must be wrong, and which share of its pixels these are."""
    assert person.labels is not None
    probability = probabilities(network, person)
    height, width = person.labels.shape
    best, most = (
        cv2.resize(a, (width, height), interpolation=cv2.INTER_NEAREST)
        for a in (probability.argmax(0).astype(np.uint8), probability.max(0))
    )
    rows, columns = np.minimum(np.arange(height) // 2, height // 2 - 1), np.minimum(np.arange(width) // 2, width // 2 - 1)
    known = person.labels != IGNORE
    given = np.where(known, person.labels, 0)
    own = probability[given, rows[:, None], columns]
    wrong = known & (most > CERTAIN) & (own < IMPOSSIBLE) & ~_SPARED[given] & (best != given)
    labels = np.where(wrong, IGNORE, person.labels).astype(np.uint8)
    return replace(person, labels=labels), float(wrong.mean())


def improve(network: nn.Module, people: Sequence[Person]) -> tuple[list[Person], float]:
    """Every photo with better labels (see :func:`label`, :func:`doubt`), and the share of given pixels that are doubted."""
    improved, shares = [], []
    for person in people:
        if person.labels is None:
            improved.append(label(network, person))
        else:
            better, share = doubt(network, person)
            improved.append(better)
            shares.append(share)
    return improved, float(np.mean(shares)) if shares else 0.0
