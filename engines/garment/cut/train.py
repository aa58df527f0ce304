"""Trains the cut-out network: ``python -m engines.garment.cut.train --data ../shared/data --masks runs/masks``.

Photos of single pieces with masks on which several opinions agree (pixels on which they do not teach nothing), pieces cut out of them and
laid on other photos' floors, some recoloured in part or towards the floor's colour, and dressed people (Clothing Co-Parsing) for skin.
``--teacher cut.onnx`` adds the photos on which the opinions differ, with what that network and one of them agree on. Figures in CARD.md.
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
from torch.utils.data import DataLoader, IterableDataset

import engines
from engines.contract import CLASSES
from engines.garment.cut import SIZE, Cut
from engines.garment.cut.network import CutNetwork, Exported
from engines.training import garments, loop, people
from engines.training.cutouts import IGNORE, agreed, augment, floor, lay, recolour, taught
from engines.training.garments import Photo
from engines.training.light import relight

_SKIN = [CLASSES.index(name) for name in ("face", "left-arm", "right-arm", "left-leg", "right-leg")]
_CLOTHES = [CLASSES.index(name) for name in ("hat", "glove", "upper-clothes", "dress", "coat", "socks", "pants", "jumpsuits", "scarf",
                                             "skirt", "left-shoe", "right-shoe")]  # fmt: skip
PERSON_TABLE = np.zeros(256, np.uint8)
PERSON_TABLE[_SKIN], PERSON_TABLE[_CLOTHES], PERSON_TABLE[people.IGNORE] = 1, 2, IGNORE


class Samples(IterableDataset[dict[str, np.ndarray]]):
    """An endless stream of augmented pictures with labels; each worker has its own seed."""

    def __init__(self, photos: list[Photo], worn: list[tuple[np.ndarray, np.ndarray]], seed: int, teacher: Cut | None = None) -> None:
        self.lying = [(p.picture, labels, p.kind) for p in photos if (labels := agreed(p)) is not None]
        if teacher is not None:
            self.lying += [(p.picture, labels, p.kind) for p in photos if (labels := taught(p, teacher)) is not None]
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
                    ground = floor(ground, under, random)
                    picture = lay(recolour(picture, labels, ground, random), labels, ground, random)
            yield {"picture": relight(picture, random), "labels": labels[::2, ::2]}


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
    parser.add_argument("--teacher", type=Path, metavar="FILE", help="an earlier cut.onnx that labels photos without agreement")
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
    teacher = Cut(engines.load("garment.cut", "onnxruntime", args.teacher)) if args.teacher else None
    samples = Samples(training, worn, args.seed * 1_000_000 + first, teacher)
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
