"""Teaches the trained network a user's own pictures (``python -m engines.body.train --via FILE --images DIR``).

Only garments are outlined on them; what else is on a picture the network says itself, so that it does not forget it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn
from torch.utils.data import IterableDataset

import engines
from engines.body import Reading
from engines.body import heatmaps as maps
from engines.body.metrics import ParsingScore
from engines.body.network import BodyNetwork
from engines.body.person import SEEN, read_person
from engines.contract import CLASSES, LANDMARKS
from engines.errors import UserError
from engines.training import augment, loop, people, pseudo
from engines.training.body.descend import descend
from engines.training.body.losses import PARTS, WEIGHTS
from engines.training.body.samples import Samples, as_tensors, batches
from engines.training.body.weights import export, take_back
from engines.training.clips import label_frame
from engines.training.via import Annotated, Region, read_via

STEPS, RATE = 400, 3e-4
"""Enough to learn some dozen pictures, too few and too small to lose what was there."""


class TorchBody:
    """The network while it is trained, called like :class:`engines.body.Body`."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network

    @torch.no_grad()
    def __call__(self, picture: np.ndarray) -> Reading:
        """``picture``: uint8 (256,192,3) RGB crop."""
        seen = self.network(torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float().contiguous(memory_format=torch.channels_last))
        landmarks = maps.decode(seen.heatmaps.sigmoid()[0].numpy())
        # Class weights make the rare ones too frequent (see engines.training.body.weights).
        parsing = (seen.parsing - 0.5 * torch.from_numpy(WEIGHTS).log()[:, None, None]).softmax(1)
        return Reading(parsing[0].numpy(), landmarks)


def to_person(network: nn.Module, one: Annotated) -> people.Person:
    """The picture as the training takes it: outlined regions, and the network's own answers for all that is not outlined."""
    reading, crop, seen = read_person(TorchBody(network), one.picture)  # type: ignore[arg-type]
    landmarks = reading.landmarks.copy()
    landmarks[:, :2] = crop.to_frame(landmarks[:, :2])
    landmarks[:, 2] *= (landmarks[:, 2] > SEEN) & seen
    outlined = {name for region in one.regions for name in region.classes}
    absent = np.isin(CLASSES, list(outlined))  # every piece of a class that is outlined at all is outlined
    height, width = one.picture.shape[:2]
    person = people.Person(one.name, one.picture, None, landmarks, absent)
    if seen:
        person = pseudo.label(network, person)
        labels = np.array(person.labels)
    else:
        labels = np.full((height, width), people.IGNORE, np.uint8)
    instances = np.where(labels == 0, 0, people.IGNORE).astype(np.uint8)
    for number, region in enumerate(one.regions):
        mask = np.zeros((height, width), np.uint8)
        cv2.fillPoly(mask, [region.outline.round().astype(np.int32)], 1)
        labels[mask > 0] = CLASSES.index(_class_of(region, landmarks))
        instances[mask > 0] = 1 + number % 250
    return replace(person, labels=labels, instances=instances, absent=np.zeros(len(CLASSES), bool))


def _class_of(region: Region, landmarks: np.ndarray) -> str:
    """The one class of a region; of left and right the one whose ankle is nearer."""
    if len(region.classes) == 1:
        return region.classes[0]
    middle = region.outline.mean(0)
    left, right = (landmarks[LANDMARKS.index(f"{side}-ankle"), :2] for side in ("left", "right"))
    return region.classes[int(np.linalg.norm(middle - right) < np.linalg.norm(middle - left))]


class OwnSamples(IterableDataset[dict[str, np.ndarray]]):
    """The user's pictures, and as often those of the first training where these are there."""

    def __init__(self, own: list[people.Person], first: Samples | None, seed: int) -> None:
        self.own, self.first, self.seed = own, first, seed

    def __iter__(self) -> Iterator[dict[str, np.ndarray]]:
        info = torch.utils.data.get_worker_info()
        random = np.random.default_rng([self.seed, info.id if info else 0])
        first = iter(self.first) if self.first is not None else None
        backgrounds = [person.picture for person in self.own]
        while True:
            if first is not None and random.random() < 0.5:
                yield next(first)
            else:
                yield as_tensors(augment.sample(self.own[random.integers(len(self.own))], random, backgrounds))


def agreement(network: nn.Module, own: list[people.Person]) -> float:
    """Mean IoU over the groups on the user's own pictures, which the network is being taught."""
    score = ParsingScore()
    for person in own:
        probability = pseudo.probabilities(network, person)
        assert person.labels is not None
        answer = cv2.resize(probability.argmax(0).astype(np.uint8), person.labels.shape[::-1], interpolation=cv2.INTER_NEAREST)
        score.add(person.labels, answer)
    return score.mean_iou


def run(args: argparse.Namespace) -> int:
    """Everything is read and checked before the first step. Raises UserError."""
    if args.images is None:
        raise UserError("--images is missing: the folder of the pictures that --via labels.")
    annotated = read_via(args.via, args.images)
    torch.manual_seed(args.seed)
    network = BodyNetwork().to(memory_format=torch.channels_last)
    start: Path = args.start or engines.network_file("body")
    take_back(network, start)
    network.eval()  # batch norm keeps its statistics: a few pictures have none worth learning
    own = [to_person(network, one) for one in annotated]
    first = None
    if args.data is not None:
        photos = [p for p in people.load_photos(args.data) if not people.is_validation(p.stem)]
        frames = people.load_clips(args.data, label=label_frame)
        first = Samples(photos, frames, people.load_garment_photos(args.data), people.clip_background(frames), args.seed)
    source = batches(OwnSamples(own, first, args.seed), args.batch)
    average, optimiser = loop.Average(network), torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.02)
    before, steps = agreement(network, own), args.via_steps
    for step in range(steps):
        parts = descend(network, optimiser, next(source), loop.learning_rate(step, steps, RATE, warm_up=steps // 10))
        average.update(network, step)
        if (step + 1) % 25 == 0:
            print(f"step {step + 1}/{steps} " + " ".join(f"{name} {parts[name]:.4f}" for name in PARTS), flush=True)
    after = agreement(average.network, own)
    path = args.out / "body.onnx"
    args.out.mkdir(parents=True, exist_ok=True)
    export(average.network, path)
    print(
        f"Mean IoU on these {len(own)} pictures: {before:.3f} before, {after:.3f} now. The network is {path}; use it with --network {path}."
    )
    return 0
