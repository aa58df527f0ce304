"""Trains the cut-out network: ``python -m engines.garment.cut.train --data ../shared/data --masks runs/masks``.

Photos of single pieces with masks on which several opinions agree (pixels on which they do not teach nothing), pieces cut out of them and
laid on other photos' floors, and dressed people (Clothing Co-Parsing) for skin. Figures in CARD.md.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, IterableDataset

from engines.contract import CLASSES
from engines.garment.cut import SIZE
from engines.garment.cut.network import CutNetwork, Exported
from engines.training import garments, loop, people
from engines.training.garments import Photo
from engines.training.light import relight

IGNORE = 255
_SKIN = [CLASSES.index(name) for name in ("face", "left-arm", "right-arm", "left-leg", "right-leg")]
_CLOTHES = [CLASSES.index(name) for name in ("hat", "glove", "upper-clothes", "dress", "coat", "socks", "pants", "jumpsuits", "scarf",
                                             "skirt", "left-shoe", "right-shoe")]  # fmt: skip
PERSON_TABLE = np.zeros(256, np.uint8)
PERSON_TABLE[_SKIN], PERSON_TABLE[_CLOTHES], PERSON_TABLE[people.IGNORE] = 1, 2, IGNORE


class Samples(IterableDataset[dict[str, np.ndarray]]):
    """An endless stream of augmented pictures with labels; each worker has its own seed."""

    def __init__(self, photos: list[Photo], worn: list[tuple[np.ndarray, np.ndarray]], seed: int) -> None:
        self.lying = [(p.picture, labels, p.kind) for p in photos if (labels := agreed(p)) is not None]
        self.kinds = [[i for i, one in enumerate(self.lying) if one[2] == k] for k in range(10)]
        self.kinds = [k for k in self.kinds if k]
        self.worn, self.seed = worn, seed

    def __iter__(self) -> Iterator[dict[str, np.ndarray]]:
        cv2.setNumThreads(0)
        info = torch.utils.data.get_worker_info()
        random = np.random.default_rng([self.seed, info.id if info else 0])
        while True:
            way = random.random()
            if way < 0.04:  # nothing on it
                ground, under, _ = self.lying[random.integers(len(self.lying))]
                picture, labels = floor(ground, under, random), np.zeros((SIZE, SIZE), np.uint8)
            elif way < 0.16:
                picture, labels = augment(*self.worn[random.integers(len(self.worn))], random, zoom=(-0.1, 0.9))
            else:
                kind = self.kinds[random.integers(len(self.kinds))]
                picture, labels, _ = self.lying[kind[random.integers(len(kind))]]
                laid = way < 0.6
                zoom = (-0.4, 0.25) if laid else (-0.1, 0.3)
                picture, labels = augment(picture, labels, random, zoom, beyond=0 if laid else IGNORE)
                if laid:
                    ground, under, _ = self.lying[random.integers(len(self.lying))]
                    picture = lay(picture, labels, floor(ground, under, random), random)
            yield {"picture": relight(picture, random), "labels": labels[::2, ::2]}


def agreed(photo: Photo) -> np.ndarray | None:
    """uint8 (H,W): 2 where all opinions see the garment, 0 where none does, else IGNORE; None for photos they disagree on altogether."""
    if photo.opinions is None or photo.coarse:
        return None
    every, some = photo.opinions == 7, photo.opinions > 0
    if not 0.06 < every.mean() < 0.85 or every.sum() < 0.85 * some.sum():
        return None
    return np.where(every, np.uint8(2), np.where(some, np.uint8(IGNORE), np.uint8(0)))


def augment(
    picture: np.ndarray, labels: np.ndarray, random: np.random.Generator, zoom: tuple[float, float], beyond: int = IGNORE
) -> tuple[np.ndarray, np.ndarray]:
    """Turned, zoomed, shifted, mirrored; (160,160,3) and (160,160). ``beyond``: label of what lies outside the picture."""
    height, width = picture.shape[:2]
    scale = SIZE / max(height, width) * math.exp(random.uniform(*zoom))
    turn = random.normal(0, 0.15) if random.random() < 0.8 else random.uniform(-math.pi, math.pi)
    linear = scale * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    if random.random() < 0.5:
        linear[:, 0] *= -1
    spare = np.abs(scale * np.array([width, height]) - SIZE) / 2 + 8
    centre = np.array([width, height]) / 2
    onto = np.column_stack([linear, SIZE / 2 + random.uniform(-1, 1, 2) * spare * 0.8 - linear @ centre])
    new = cv2.warpAffine(picture, onto, (SIZE, SIZE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return new, cv2.warpAffine(labels, onto, (SIZE, SIZE), flags=cv2.INTER_NEAREST, borderValue=(beyond,))


def floor(picture: np.ndarray, labels: np.ndarray, random: np.random.Generator, size: int = SIZE) -> np.ndarray:
    """(size,size,3): a photo's own floor, its strip beside the piece mirrored on and on."""
    free = labels == 0
    height, width = free.shape
    # The widest strip at each border that holds no piece.
    top, bottom = int(np.argmin(free.all(1))), int(np.argmin(free[::-1].all(1)))
    left, right = int(np.argmin(free.all(0))), int(np.argmin(free[:, ::-1].all(0)))
    strips = [picture[:top], picture[height - bottom :], picture[:, :left], picture[:, width - right :]]
    sizes = np.array([min(s.shape[:2]) for s in strips], float)
    if sizes.max() < 8:
        tile: np.ndarray = np.full((8, 8, 3), random.integers(20, 240, 3), np.uint8)
    else:
        tile = strips[int(random.choice(4, p=sizes**2 / (sizes**2).sum()))]
    tile = cv2.resize(tile, None, fx=(z := math.exp(random.uniform(-0.2, 0.9))), fy=z)
    while min(tile.shape[:2]) < size:
        down, across = (max(0, min(size - n, n - 1)) for n in tile.shape[:2])
        tile = cv2.copyMakeBorder(tile, 0, down, 0, across, cv2.BORDER_REFLECT)
        if down == across == 0:
            break
    y, x = (int(random.integers(0, n - size + 1)) for n in tile.shape[:2])
    return tile[y : y + size, x : x + size]


def lay(picture: np.ndarray, labels: np.ndarray, ground: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The piece on another floor, with a soft edge and a little shadow. What is unsure stays with the piece, and unsure."""
    solid = (labels != 0).astype(np.float32)
    alpha = cv2.GaussianBlur(solid, (0, 0), random.uniform(0.4, 1.0))[..., None]
    dx, dy = random.normal(0, 3, 2)
    shadow = cv2.GaussianBlur(solid, (0, 0), random.uniform(1.5, 5))
    shadow = cv2.warpAffine(shadow, np.array([[1, 0, dx], [0, 1, dy]]), (SIZE, SIZE), borderMode=cv2.BORDER_REPLICATE)
    lit = ground * (1 - random.uniform(0, 0.5) * shadow[..., None])
    return (picture * alpha + lit * (1 - alpha)).astype(np.uint8)


@torch.no_grad()
def validate(network: CutNetwork, photos: list[Photo]) -> float:
    """Mean IoU of the garment on held-out photos whose opinions agree, at the network's own resolution."""
    network.eval()
    scores = []
    centred = [(p.picture, labels) for p in photos if (labels := agreed(p)) is not None]
    for picture, labels in centred:
        scale = SIZE / max(labels.shape)
        onto = np.array([[scale, 0, (SIZE - labels.shape[1] * scale) / 2], [0, scale, (SIZE - labels.shape[0] * scale) / 2]])
        square = cv2.warpAffine(picture, onto, (SIZE, SIZE), borderMode=cv2.BORDER_REPLICATE)
        truth = cv2.warpAffine(labels, onto, (SIZE, SIZE), flags=cv2.INTER_NEAREST, borderValue=(IGNORE,))[::2, ::2]
        batch = torch.from_numpy(square).permute(2, 0, 1)[None].float().contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            found = network(batch).float().argmax(1)[0].numpy() == 2
        known = truth != IGNORE
        real = truth == 2
        scores.append((found & real & known).sum() / max(1, ((found | real) & known).sum()))
    return float(np.mean(scores))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with garments/ and people/")
    parser.add_argument("--masks", type=Path, required=True, help="folder with the masks of the photos (engines.training.masks)")
    parser.add_argument("--out", type=Path, default=Path("runs/cut"), help="checkpoints go here; a run there is continued")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=3e-3, help="peak learning rate")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="of torch; one is best beside other work")
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    training = garments.load(args.data, args.masks, "train", 200)
    held_out = garments.load(args.data, args.masks, "validation", 200)[::4]
    worn = []
    for person in people.load_photos(args.data, lambda stem: not people.is_validation(stem)):
        if person.labels is not None:
            small = cv2.resize(person.picture, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
            worn.append((small, cv2.resize(PERSON_TABLE[person.labels], small.shape[1::-1], interpolation=cv2.INTER_NEAREST)))
    network = CutNetwork().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(network.parameters(), lr=args.rate, weight_decay=0.02)
    average = loop.Average(network, 0.998)
    checkpoint, first = args.out / "last.pt", 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(state["network"])
        average.network.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        first = state["step"]
    samples = Samples(training, worn, args.seed * 1_000_000 + first)
    print(f"from step {first}: {len(samples.lying)} photos with masks, {len(worn)} people", flush=True)
    batches = iter(DataLoader(samples, args.batch, num_workers=1, prefetch_factor=4))
    began = saved = time.monotonic()
    sums = np.zeros(2)
    for step in range(first, args.steps):
        batch = next(batches)
        labels = batch["labels"].long()
        picture = batch["picture"].permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last)
        for group in optimiser.param_groups:
            group["lr"] = loop.learning_rate(step, args.steps, args.rate)
        with torch.autocast("cpu", torch.bfloat16):
            logits = network.train()(picture)
        logits = logits.float()
        pixel = F.cross_entropy(logits, labels, ignore_index=IGNORE, label_smoothing=0.02)
        known = (labels != IGNORE).float()
        garment, truth = logits.softmax(1)[:, 2] * known, (labels == 2).float()
        dice = 1 - (2 * (garment * truth).sum((1, 2)) + 20) / (garment.sum((1, 2)) + truth.sum((1, 2)) + 20)
        total = pixel + 0.5 * dice.mean()
        optimiser.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        average.update(network, step)
        sums += [pixel.item(), dice.mean().item()]
        last = step + 1 == args.steps
        if (step + 1) % 50 == 0:
            print(f"step {step + 1}/{args.steps} pixel {sums[0] / 50:.4f} dice {sums[1] / 50:.4f} "
                  f"{(time.monotonic() - began) / 50:.2f} s/step", flush=True)  # fmt: skip
            sums[:], began = 0, time.monotonic()
        if time.monotonic() - saved > 180 or last:
            saved = time.monotonic()
            loop.save(checkpoint, network=network.state_dict(), average=average.network.state_dict(),
                      optimiser=optimiser.state_dict(), step=step + 1)  # fmt: skip
        if (step + 1) % 400 == 0 or last:
            print(f"validation step {step + 1} IoU {validate(average.network, held_out):.4f}", flush=True)  # type: ignore[arg-type]
    loop.export(Exported(average.network), torch.zeros(1, SIZE, SIZE, 3, dtype=torch.uint8), args.out / "cut.onnx",  # type: ignore[arg-type]
                ["picture"], ["classes"])  # fmt: skip


if __name__ == "__main__":
    main()
