"""Trains the body network: ``python -m engines.body.train --data ../shared/data``.

Photos with pixel labels and video frames (labelled by engines.training.clips) teach parsing and landmarks; photos without teach landmarks
and, by their tags, which classes are absent; pictures without a person teach that there is none. Figures are in CARD.md, what else was
tried in engines/LOG.md.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from engines.body import heatmaps as maps
from engines.body.metrics import ParsingScore, correct_keypoints
from engines.body.network import BodyNetwork, Exported
from engines.contract import CLASSES, CROP_HEIGHT, CROP_WIDTH
from engines.crop import crop
from engines.training import augment, loop, people
from engines.training.clips import label_frame

WEIGHTS = np.array([0.5, 2, 1, 2, 2.5, 1, 1.3, 1, 2, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1.4, 2], np.float32)
"""Weight of a class in the pixel loss: rare ones count more."""
RARE = [CLASSES.index(name) for name in ("hat", "dress", "jumpsuits", "scarf", "skirt")]
"""A photo is drawn once more often for each of these on it."""


class Samples(IterableDataset[dict[str, np.ndarray]]):
    """An endless stream of random samples; each worker has its own seed."""

    def __init__(
        self, photos: list[people.Person], frames: list[people.Person], garments: list[np.ndarray], room: np.ndarray, seed: int
    ) -> None:
        self.labelled = [p for p in photos if p.labels is not None]
        draws = np.array([1.0 + np.isin(RARE, p.labels).sum() for p in photos if p.labels is not None])
        self.chance = np.cumsum(draws / draws.sum())
        self.unlabelled = [p for p in photos if p.labels is None]
        self.frames, self.garments, self.seed = frames, garments, seed
        self.backgrounds = garments + [room] * (len(garments) // 4)

    def __iter__(self) -> Iterator[dict[str, np.ndarray]]:
        cv2.setNumThreads(0)
        info = torch.utils.data.get_worker_info()
        random = np.random.default_rng([self.seed, info.id if info else 0])
        while True:
            kind = random.random()
            if kind < 0.05:
                one = augment.nobody(self.garments[random.integers(len(self.garments))], random)
            else:
                if kind < 0.70:
                    person = self.labelled[min(int(np.searchsorted(self.chance, random.random())), len(self.labelled) - 1)]
                else:
                    pool = self.unlabelled if kind < 0.79 else self.frames
                    person = pool[random.integers(len(pool))]
                one = augment.sample(person, random, self.backgrounds)
            yield {"picture": one.picture, "labels": one.labels, "landmarks": one.landmarks.astype(np.float32), "absent": one.absent}


def loss(outputs: tuple[Tensor, Tensor, Tensor], batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, float]]:
    """Pixel cross-entropy with soft Dice for parsing (also coarse), binary cross-entropy for the maps, absent classes of tagged photos."""
    logits, maps_out, coarse = outputs
    labels = batch["labels"].long()
    if logits.shape[-2:] != labels.shape[-2:]:
        labels = labels[:, :: labels.shape[1] // logits.shape[2], :: labels.shape[2] // logits.shape[3]]
    known = labels != people.IGNORE
    weight = torch.from_numpy(WEIGHTS)
    pixel = F.cross_entropy(logits, labels, weight, ignore_index=people.IGNORE, label_smoothing=0.02)
    step = labels.shape[1] // coarse.shape[2]
    rough = F.cross_entropy(coarse, labels[:, step // 2 :: step, step // 2 :: step], weight, ignore_index=people.IGNORE)
    probability = logits.softmax(1)
    truth = F.one_hot(labels.where(known, 0), len(CLASSES)).permute(0, 3, 1, 2) * known[:, None]
    seen = probability * known[:, None]
    overlap = (seen * truth).sum((0, 2, 3))
    size = (seen + truth).sum((0, 2, 3))
    here = truth.sum((0, 2, 3)) > 20
    dice = (1 - (2 * overlap + 10) / (size + 10))[here].mean()
    absent = -(1 - probability.clamp(max=0.999)).log().mean((2, 3))[batch["absent"]].sum() / len(labels)

    landmarks = batch["landmarks"].clone()
    scale = maps_out.shape[-1] * maps.STRIDE / CROP_WIDTH
    landmarks[..., :2] = (landmarks[..., :2] + 0.5) * scale - 0.5
    rows, columns = maps_out.shape[-2:]
    target = torch.from_numpy(np.stack([maps.draw(one, rows, columns) for one in landmarks.numpy()]))
    x, y, visible = landmarks.unbind(-1)
    outside = (x < -4) | (y < -4) | (x > columns * maps.STRIDE + 4) | (y > rows * maps.STRIDE + 4)
    # What the teacher is unsure of inside the crop teaches little.
    sure = torch.where(outside, 0.3, (visible - 0.2).clamp(0, 0.6) / 0.6)
    bump = F.binary_cross_entropy_with_logits(maps_out, target, reduction="none") * (1 + 4 * target)
    point = (bump.sum((2, 3)) * sure).sum() / sure.sum().clamp(min=1)
    total = pixel + 0.4 * rough + 0.5 * dice + 0.02 * point + 0.5 * absent
    return total, {"pixel": pixel.item(), "dice": dice.item(), "point": point.item()}


@torch.no_grad()
def validate(network: BodyNetwork, photos: list[people.Person]) -> dict[str, float]:
    """Figures on whole-person crops of the given photos (boxes from the labels): mean IoU, accuracy, PCK."""
    score, right, counted = ParsingScore(), 0, 0
    network.eval()
    for person in photos:
        box = augment.person_box(person)
        cropped = crop(person.picture, (box[0], box[1], box[2], box[3]))
        matrix, size = cropped.matrix, (CROP_WIDTH, CROP_HEIGHT)
        parsing, heat, _ = network(
            torch.from_numpy(cropped.picture).permute(2, 0, 1)[None].float().contiguous(memory_format=torch.channels_last)
        )
        if person.labels is not None:
            truth = cv2.warpAffine(person.labels, matrix, size, flags=cv2.INTER_NEAREST, borderValue=(people.IGNORE,))
            large = F.interpolate(parsing.softmax(1), size=size[::-1], mode="bilinear", align_corners=False)
            score.add(truth, large.argmax(1)[0].numpy())
        points = person.landmarks.copy()
        points[:, :2] = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
        r, c = correct_keypoints(points, maps.decode(heat.sigmoid()[0].numpy()), (box[3] - box[1]) * matrix[1, 1])
        right, counted = right + r, counted + c
    return {
        "miou": score.mean_iou,
        "accuracy": score.accuracy,
        "pck": right / max(counted, 1),
        **{f"iou_{k}": v for k, v in score.iou.items()},
    }


@torch.no_grad()
def ship(network: BodyNetwork) -> Exported:
    """The network for export. Weighted classes are predicted too often by their weight; half of that is taken back at the last bias.

    Half was best on training photos, for mean IoU (0.515 to 0.519); it also raises the accuracy.
    """
    network.parsing.bias -= 0.5 * torch.from_numpy(WEIGHTS).log()
    return Exported(network)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with people/, garments/ and clips/")
    parser.add_argument("--out", type=Path, default=Path("runs/body"), help="checkpoints go here; a run there is continued")
    parser.add_argument("--steps", type=int, default=7000, help="steps at the full 256x192")
    parser.add_argument("--small-steps", type=int, default=6000, help="steps before them at 128x96, four times as fast")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=2e-3, help="peak learning rate")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--from", dest="start", type=Path, help="start from the weights of this checkpoint")
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    photos = people.load_photos(args.data)
    training = [p for p in photos if not people.is_validation(p.stem)]
    held_out = [p for p in photos if people.is_validation(p.stem) and p.labels is not None]
    frames = people.load_clips(args.data, label=label_frame)
    network = BodyNetwork().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(network.parameters(), lr=args.rate, weight_decay=0.02)
    checkpoint, first = args.out / "last.pt", 0
    if args.start:
        network.load_state_dict(torch.load(args.start, weights_only=True)["average"])
    average = loop.Average(network)
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(state["network"])
        average.network.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        first = state["step"]
        print(f"continued at step {first}")
    steps = args.small_steps + args.steps
    # A run that goes on sees other samples than at its start.
    seed = args.seed * 1_000_000 + first
    samples = Samples(training, frames, people.load_garment_photos(args.data), people.clip_background(frames), seed)
    batches = iter(DataLoader(samples, args.batch, num_workers=2, prefetch_factor=4, persistent_workers=True))
    spent, saved, sums = 0.0, time.monotonic(), dict.fromkeys(("pixel", "dice", "point"), 0.0)
    for step in range(first, steps):
        began = time.monotonic()
        batch = next(batches)
        picture = batch["picture"].permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last)
        if step < args.small_steps:
            picture = F.avg_pool2d(picture, 2)
        for group in optimiser.param_groups:
            group["lr"] = loop.learning_rate(step, steps, args.rate)
        total, parts = loss(network.train()(picture), batch)
        optimiser.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        average.update(network, step)
        sums = {k: sums[k] + v for k, v in parts.items()}
        spent += time.monotonic() - began
        if (step + 1) % 50 == 0:
            words = " ".join(f"{k} {v / 50:.4f}" for k, v in sums.items())
            print(f"step {step + 1}/{steps} {words} {spent / 50:.2f} s/step", flush=True)
            spent, sums = 0.0, dict.fromkeys(sums, 0.0)
        last = step + 1 == steps
        if time.monotonic() - saved > 180 or last:
            saved = time.monotonic()
            loop.save(
                checkpoint,
                network=network.state_dict(),
                average=average.network.state_dict(),
                optimiser=optimiser.state_dict(),
                step=step + 1,
            )
        if ((step + 1) % 1000 == 0 and step > args.small_steps) or last:
            figures = validate(average.network, held_out)  # type: ignore[arg-type]
            print(f"validation step {step + 1} " + " ".join(f"{k} {v:.4f}" for k, v in figures.items()), flush=True)
    example = torch.zeros(1, CROP_HEIGHT, CROP_WIDTH, 3, dtype=torch.uint8)
    loop.export(ship(average.network), example, args.out / "body.onnx", ["picture"], ["parsing", "heatmaps"])  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
