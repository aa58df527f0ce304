"""Trains the landmark network: ``python -m engines.garment.landmarks.train --data ../shared/data --masks runs/masks``.

Garments drawn from parametric outlines with the cloth and the floors of real photos; with ``--labels`` also real cut-outs with landmarks
(hand-made or pseudo-labels, see engines.training.points). Figures in CARD.md.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from engines.contract import GARMENT_LANDMARKS
from engines.garment.landmarks import MIRRORED, SIZE, STRIDE
from engines.garment.landmarks.network import Exported, LandmarkNetwork
from engines.garment.square import on_grey
from engines.training import garments, loop, synthetic
from engines.training.cutouts import agreed, floor
from engines.training.light import relight

Random = np.random.Generator
Sample = tuple[np.ndarray, np.ndarray]
"""RGBA (H,W,4) uint8 and landmarks (24,2) px, NaN where unknown."""
POOL = 2500
"""Drawn garments that are kept; drawing one anew takes longer than training on it."""


class Samples(IterableDataset[dict[str, np.ndarray]]):
    """An endless stream of augmented cut-outs with landmarks; each worker has its own seed."""

    def __init__(self, cloths: list[np.ndarray], grounds: list[np.ndarray], real: list[Sample], seed: int) -> None:
        self.cloths, self.grounds, self.real, self.seed = cloths, grounds, real, seed

    def __iter__(self) -> Iterator[dict[str, np.ndarray]]:
        cv2.setNumThreads(0)
        info = torch.utils.data.get_worker_info()
        random = np.random.default_rng([self.seed, info.id if info else 0])
        pool: list[Sample] = []
        while True:
            if self.real and random.random() < 0.35:
                yield augment(*self.real[random.integers(len(self.real))], random)
                continue
            if len(pool) < 64 or random.random() < (0.5 if len(pool) < POOL else 0.1):
                rgba, marks, _ = synthetic.draw(random, self.cloths, self.grounds[random.integers(len(self.grounds))])
                if len(pool) < POOL:
                    pool.append((rgba, marks))
                else:
                    pool[random.integers(POOL)] = (rgba, marks)
            yield augment(*pool[random.integers(len(pool))], random)


def augment(rgba: np.ndarray, marks: np.ndarray, random: Random) -> dict[str, np.ndarray]:
    """Turned, zoomed about the piece's box, mirrored, relit: picture (96,96,4) on grey, landmarks (24,2) px of it."""
    x, y, w, h = cv2.boundingRect((rgba[..., 3] > 100).astype(np.uint8))
    scale = SIZE / (max(w, h, 8) * 1.12) * math.exp(random.normal(0, 0.06))
    turn = random.normal(0, 0.1)
    linear = scale * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    linear = linear @ np.array([[math.exp(random.normal(0, 0.05)), 0], [0, math.exp(random.normal(0, 0.05))]])
    if mirrored := random.random() < 0.5:
        linear[:, 0] *= -1
    shift = SIZE / 2 + random.normal(0, 2, 2) - linear @ (x + w / 2, y + h / 2)
    out = cv2.warpAffine(rgba, np.column_stack([linear, shift]), (SIZE, SIZE), flags=cv2.INTER_LINEAR)
    out = on_grey(np.dstack([relight(out[..., :3], random), out[..., 3]]))
    marks = marks @ linear.T + shift
    return {"picture": out, "marks": (marks[MIRRORED] if mirrored else marks).astype(np.float32)}


def targets(marks: Tensor, cells: int, sigma: float) -> tuple[Tensor, Tensor]:
    """Gaussian maps (N,24,cells,cells), each summing to 1, around landmarks (N,24,2) px; and which count (N,24)."""
    at = (marks + 0.5) / STRIDE - 0.5
    known = torch.isfinite(at).all(2) & (at > -0.7).all(2) & (at < cells - 0.3).all(2)
    at = torch.nan_to_num(at, 0.0)
    grid = torch.arange(cells, dtype=torch.float32)
    gx = torch.exp(-((grid - at[..., :1]) ** 2) / (2 * sigma**2))
    gy = torch.exp(-((grid - at[..., 1:]) ** 2) / (2 * sigma**2))
    maps = gy[..., :, None] * gx[..., None, :]
    return maps / maps.sum((2, 3), keepdim=True).clamp(min=1e-6), known.float()


def loss(stages: list[Tensor], marks: Tensor) -> tuple[Tensor, float]:
    """Cross-entropy of every stage's maps with the targets; and the last one alone."""
    target, known = targets(marks, stages[0].shape[-1], 0.7)
    each = [-(target.flatten(2) * s.float().flatten(2).log_softmax(2)).sum(2) for s in stages]
    parts = [(e * known).sum() / known.sum() for e in each]
    return parts[0] * 0.4 + parts[1] * 0.6 + parts[-1], parts[-1].item()


def load_real(data: Path, masks: Path, labels: Path, split: str = "train") -> list[Sample]:
    """Cut-outs with landmarks: ``labels`` is JSON {STEM: {NAME: [x, y] as shares of the photo's width and height}}."""
    marked = json.loads(labels.read_text())
    samples = []
    for photo in garments.load(data, masks, split, 160, lambda path: f"{split}_{path.parent.name}_{path.stem}" in marked):
        mask = photo.mask(0)
        if mask is not None:
            size = np.array(photo.picture.shape[1::-1])
            points = [np.array(marked[photo.stem].get(name, (np.nan, np.nan))) * size - 0.5 for name in GARMENT_LANDMARKS]
            samples.append((np.dstack([photo.picture, mask]), np.array(points, np.float32)))
    return samples


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with garments/")
    parser.add_argument("--masks", type=Path, required=True, help="folder with the masks of the photos (engines.training.masks)")
    parser.add_argument("--labels", type=Path, help="JSON of landmarks on training photos")
    parser.add_argument("--out", type=Path, default=Path("runs/landmarks"), help="checkpoints go here; a run there is continued")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=3e-3, help="peak learning rate")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="of torch; one is best beside other work")
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    random = np.random.default_rng(args.seed)
    photos = garments.load(args.data, args.masks, "train", 200, lambda path: path.stem[-1] in "01234567")
    masked = [(p.picture, labels) for p in photos if (labels := agreed(p)) is not None]
    cloths = synthetic.cloths([(picture, labels == 2) for picture, labels in masked])
    grounds = [floor(*masked[random.integers(len(masked))], random, synthetic.SHEET) for _ in range(400)]
    real = load_real(args.data, args.masks, args.labels) if args.labels else []
    network = LandmarkNetwork().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(network.parameters(), lr=args.rate, weight_decay=0.02)
    average = loop.Average(network, 0.998)
    checkpoint, first = args.out / "last.pt", 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(state["network"])
        average.network.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        first = state["step"]
    print(f"from step {first}: {len(cloths)} cloths, {len(real)} real pieces", flush=True)
    samples = Samples(cloths, grounds, real, args.seed * 1_000_000 + first)
    batches = iter(DataLoader(samples, args.batch, num_workers=1, prefetch_factor=4))
    began = saved = time.monotonic()
    spent = 0.0
    for step in range(first, args.steps):
        batch = next(batches)
        picture = batch["picture"].permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last)
        for group in optimiser.param_groups:
            group["lr"] = loop.learning_rate(step, args.steps, args.rate)
        with torch.autocast("cpu", torch.bfloat16):
            stages = network.train()(picture)
        total, final = loss(stages, batch["marks"])
        optimiser.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        average.update(network, step)
        spent += final
        last = step + 1 == args.steps
        if (step + 1) % 50 == 0:
            print(f"step {step + 1}/{args.steps} last stage {spent / 50:.4f} {(time.monotonic() - began) / 50:.2f} s/step", flush=True)
            spent, began = 0.0, time.monotonic()
        if time.monotonic() - saved > 180 or last:
            saved = time.monotonic()
            loop.save(checkpoint, network=network.state_dict(), average=average.network.state_dict(),
                      optimiser=optimiser.state_dict(), step=step + 1)  # fmt: skip
    loop.export(Exported(average.network), torch.zeros(1, SIZE, SIZE, 4, dtype=torch.uint8),  # type: ignore[arg-type]
                args.out / "landmarks.onnx", ["picture"], ["maps"])  # fmt: skip


if __name__ == "__main__":
    main()
