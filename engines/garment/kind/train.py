"""Trains the kind network: ``python -m engines.garment.kind.train --data ../shared/data --masks runs/masks``.

Photos of single pieces, cut out with any of several masks (so that it bears bad ones) or, now and then, not at all. Figures in CARD.md.
"""

from __future__ import annotations

import argparse
import itertools
import math
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from engines.contract import KINDS
from engines.garment.colours import shares
from engines.garment.kind import SIZE
from engines.garment.kind.network import Exported, KindNetwork
from engines.garment.square import on_grey, square
from engines.training import garments, loop
from engines.training.garments import Photo
from engines.training.light import relight

Random = np.random.Generator


class Samples(IterableDataset[dict[str, np.ndarray]]):
    """An endless stream of augmented cut-outs; each worker has its own seed."""

    def __init__(self, photos: list[Photo], size: Tensor, batch: int, seed: int) -> None:
        self.photos, self.batch, self.seed = photos, batch, seed
        self.size = size  # shared, so that it can be changed under way, between two batches
        counts = np.bincount([p.kind for p in photos], minlength=len(KINDS))
        draws = np.array([counts[p.kind] ** -0.5 for p in photos])  # rare kinds more often
        self.chance = np.cumsum(draws / draws.sum())

    def __iter__(self) -> Iterator[dict[str, np.ndarray]]:
        cv2.setNumThreads(0)
        info = torch.utils.data.get_worker_info()
        random = np.random.default_rng([self.seed, info.id if info else 0])
        for number in itertools.count():
            if number % self.batch == 0:
                size = int(self.size)
            photo = self.photos[min(int(np.searchsorted(self.chance, random.random())), len(self.photos) - 1)]
            yield sample(photo, random, size)


def sample(photo: Photo, random: Random, size: int = SIZE) -> dict[str, np.ndarray]:
    """One augmented cut-out: picture (size,size,4), kind, and the shares of its colours' names."""
    mask = photo.mask(int(random.integers(3))) if random.random() < 0.8 else None
    rgba = np.dstack([photo.picture, np.full(photo.picture.shape[:2], 255, np.uint8) if mask is None else mask])
    rows, columns = np.nonzero(rgba[..., 3].max(1))[0], np.nonzero(rgba[..., 3].max(0))[0]
    centre = np.array([columns[0] + columns[-1], rows[0] + rows[-1]]) / 2
    extent = max(columns[-1] - columns[0], rows[-1] - rows[0]) + 1
    scale = size / extent * math.exp(random.uniform(-0.32, 0.12))
    turn = random.normal(0, 0.12) if random.random() < 0.85 else random.uniform(-math.pi, math.pi) * 0.5
    stretch = math.exp(random.normal(0, 0.09))
    linear = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    linear = linear @ np.array([[stretch, random.normal(0, 0.08)], [0, 1 / stretch]]) * scale
    if random.random() < 0.5:
        linear[:, 0] *= -1
    shift = size / 2 + random.normal(0, 0.04 * size, 2) - linear @ centre
    onto = np.column_stack([linear, shift])
    out = cv2.warpAffine(rgba, onto, (size, size), flags=cv2.INTER_LINEAR, borderValue=(127, 127, 127, 0))
    colour = relight(out[..., :3], random, hue=0.5)
    names = shares(colour[::2, ::2][out[::2, ::2, 3] > 200])
    out = np.dstack([colour, out[..., 3]])
    if random.random() < 0.3:  # something before it, or a hole in the mask
        w, h = random.integers(size // 12, size // 2, 2)
        x, y = int(random.integers(0, size - w)), int(random.integers(0, size - h))
        out[y : y + h, x : x + w] = [*random.integers(0, 256, 3), 255] if random.random() < 0.5 else [0, 0, 0, 0]
    return {"picture": on_grey(out), "kind": np.array(photo.kind), "colours": names}


def mix(picture: Tensor, target: Tensor, random: Random) -> tuple[Tensor, Tensor]:
    """Mixup or cutmix of a batch with itself, or neither. ``target``: (N,10) shares."""
    way = random.random()
    other = torch.randperm(len(picture))
    if way < 0.3:
        t = float(random.beta(0.4, 0.4))
        return picture * t + picture[other] * (1 - t), target * t + target[other] * (1 - t)
    if way < 0.6:
        t = float(random.beta(1, 1))
        size = picture.shape[-1]
        h = w = int(size * math.sqrt(1 - t))
        y, x = int(random.integers(0, size - h + 1)), int(random.integers(0, size - w + 1))
        picture = picture.clone()
        picture[:, :, y : y + h, x : x + w] = picture[other, :, y : y + h, x : x + w]
        t = 1 - h * w / size**2
        return picture, target * t + target[other] * (1 - t)
    return picture, target


@torch.no_grad()
def read(network: KindNetwork, photos: list[Photo], size: int = SIZE, whole: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings (N,128) and probabilities (N,10) of photos cut out with their first mask, mirror image averaged."""
    network.eval()
    units, kinds = [], []
    for at in range(0, len(photos), 64):
        inputs = []
        for photo in photos[at : at + 64]:
            mask = None if whole else photo.mask(0)
            mask = np.full(photo.picture.shape[:2], 255, np.uint8) if mask is None else mask
            inputs.append(square(np.dstack([photo.picture, mask]), SIZE)[0])
        batch = torch.from_numpy(np.stack(inputs)).permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last)
        if size != SIZE:
            batch = F.interpolate(batch, size=(size, size), mode="bilinear", antialias=True)
        with torch.autocast("cpu", torch.bfloat16):
            (u1, k1, _), (u2, k2, _) = network(batch), network(batch.flip(3))
        units.append(F.normalize(u1 + u2, dim=1).float())
        kinds.append((k1.softmax(1) + k2.softmax(1)).float() / 2)
    return torch.cat(units).numpy(), torch.cat(kinds).numpy()


def figures(network: KindNetwork, held_out: list[Photo], training: list[Photo], size: int = SIZE) -> dict[str, float]:
    """Accuracy of ten and the share of the same kind among the five nearest, within the held-out photos and among the training photos."""
    truth = np.array([p.kind for p in held_out])
    units, kinds = read(network, held_out, size)
    near = units @ units.T - 2 * np.eye(len(units))
    five = truth[np.argsort(-near, 1)[:, :5]] == truth[:, None]
    shelf = training[::3]
    among, _ = read(network, shelf, size)
    shelf_five = np.array([p.kind for p in shelf])[np.argsort(-(units @ among.T), 1)[:, :5]] == truth[:, None]
    _, bare = read(network, held_out, size, whole=True)
    return {
        "accuracy": float((kinds.argmax(1) == truth).mean()),
        "whole_photo": float((bare.argmax(1) == truth).mean()),
        "nearest_held_out": float(five.mean()),
        "nearest_training": float(shelf_five.mean()),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with garments/")
    parser.add_argument("--masks", type=Path, required=True, help="folder with the masks of the photos (engines.training.masks)")
    parser.add_argument("--out", type=Path, default=Path("runs/kind"), help="checkpoints go here; a run there is continued")
    parser.add_argument("--steps", type=int, default=1700)
    parser.add_argument("--small", type=float, default=0.65, help="share of the steps at 64x64")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=2e-3, help="peak learning rate")
    parser.add_argument("--threads", type=int, default=1, help="of torch; one is best beside other work")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    training = garments.load(args.data, args.masks, "train", 144)
    held_out = garments.load(args.data, args.masks, "validation", 192)
    network = KindNetwork().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(network.parameters(), lr=args.rate, weight_decay=0.05)
    average = loop.Average(network, 0.998)
    checkpoint, first = args.out / "last.pt", 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(state["network"])
        average.network.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        first = state["step"]
        print(f"continued at step {first}")
    random = np.random.default_rng(args.seed * 1_000_000 + first)
    size = torch.tensor(64 if first < args.small * args.steps else SIZE).share_memory_()
    batches = iter(
        DataLoader(Samples(training, size, args.batch, args.seed * 1_000_000 + first), args.batch, num_workers=1, prefetch_factor=4)
    )
    began = saved = time.monotonic()
    sums = np.zeros(3)
    for step in range(first, args.steps):
        batch = next(batches)
        picture = batch["picture"].permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last)
        size.fill_(64 if step < args.small * args.steps else SIZE)
        target = F.one_hot(batch["kind"], len(KINDS)).float() * 0.9 + 0.1 / len(KINDS)
        picture, target = mix(picture, torch.cat([target, batch["colours"]], 1), random)
        for group in optimiser.param_groups:
            group["lr"] = loop.learning_rate(step, args.steps, args.rate)
        with torch.autocast("cpu", torch.bfloat16):
            _, kinds, colours = network.train()(picture.contiguous(memory_format=torch.channels_last))
        kind_loss = -(target[:, : len(KINDS)] * kinds.float().log_softmax(1)).sum(1).mean()
        colour_loss = -(target[:, len(KINDS) :] * colours.float().log_softmax(1)).sum(1).mean()
        total = kind_loss + 0.15 * colour_loss
        optimiser.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        average.update(network, step)
        sums += [kind_loss.item(), colour_loss.item(), 1]
        last = step + 1 == args.steps
        if (step + 1) % 50 == 0:
            print(f"step {step + 1}/{args.steps} kind {sums[0] / sums[2]:.4f} colours {sums[1] / sums[2]:.4f} "
                  f"{(time.monotonic() - began) / sums[2]:.2f} s/step", flush=True)  # fmt: skip
            sums[:], began = 0, time.monotonic()
        if time.monotonic() - saved > 180 or last:
            saved = time.monotonic()
            loop.save(checkpoint, network=network.state_dict(), average=average.network.state_dict(),
                      optimiser=optimiser.state_dict(), step=step + 1)  # fmt: skip
        if (step + 1) % 500 == 0 or last:
            found = figures(average.network, held_out, training, int(size))  # type: ignore[arg-type]
            print(f"validation step {step + 1} " + " ".join(f"{k} {v:.3f}" for k, v in found.items()), flush=True)
    loop.export(Exported(average.network), torch.zeros(1, SIZE, SIZE, 4, dtype=torch.uint8), args.out / "kind.onnx",  # type: ignore[arg-type]
                ["picture"], ["embedding", "kinds"])  # fmt: skip


if __name__ == "__main__":
    main()
