"""Trains CP-VTON's networks for the comparison: ``python -m engines.training.tryon.cpvton.train --data ../shared/data --minutes 25``.

Their losses, Adam and batch; the features of the perceptual loss are those the own networks have. First the matching, then, on what it
warps, the try-on.
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

from engines.body import Body, Reading
from engines.contract import CLASSES
from engines.crop import Crop, crop
from engines.training import augment, loop
from engines.training.people import Person, is_validation, load_photos
from engines.training.tryon.cpvton.network import Matching, TryOn
from engines.training.tryon.flat import WORN_AS, lay_flat
from engines.training.tryon.losses import Features, perceptual
from engines.training.tryon.pairs import labelled
from engines.tryon.garment import Garment
from engines.tryon.representation import represent

HEIGHT, WIDTH, FILTERS, LEVELS = 128, 96, 32, 5
"""Half of CP-VTON's 256x192, 64 filters and therefore a level less: theirs takes 16 times as long, a second a picture and core."""


def product(garment: Garment) -> np.ndarray:
    """(128, 96, 4) uint8: the flat garment as large as fits, on white, and its alpha."""
    rows, columns = garment.picture.shape[:2]
    scale = min(HEIGHT / rows, WIDTH / columns)
    alpha = garment.picture[..., 3:].astype(np.float32)
    white = np.dstack([garment.picture[..., :3] * (alpha / 255) + 255 - alpha, alpha])
    matrix = np.array([[scale, 0, (WIDTH - scale * columns) / 2], [0, scale, (HEIGHT - scale * rows) / 2]])
    smaller = cv2.GaussianBlur(white, (0, 0), max(0.4 / scale, 0.1)) if scale < 0.8 else white
    return np.clip(cv2.warpAffine(smaller, matrix, (WIDTH, HEIGHT), borderValue=(255, 255, 255, 0)), 0, 255).astype(np.uint8)


def person_planes(cropped: Crop, reading: Reading) -> np.ndarray:
    """(22, 128, 96) float32: the representation at half the size."""
    planes = cv2.resize(represent(cropped.picture, reading).transpose(1, 2, 0), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return np.asarray(planes.transpose(2, 0, 1))


def rows(people: list[Person], body: Body) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Person planes int8, product picture, picture and where on it the garment is."""
    random = np.random.default_rng(3)
    for person in people:
        person, reading, cropped = labelled(person, body)
        assert person.labels is not None
        for category in WORN_AS:
            flat = lay_flat(person.picture, person.labels, reading, cropped, category)
            if flat is None:
                continue
            box = augment.phone_box(person, random)
            seen = crop(person.picture, (box[0], box[1], box[2], box[3]))
            matrix = seen.matrix / 2
            matrix[:, 2] -= 0.25
            worn = np.isin(person.labels, [CLASSES.index(name) for name in WORN_AS[category]]).astype(np.uint8) * 255
            truth = cv2.warpAffine(worn, matrix, (WIDTH, HEIGHT))
            planes = np.rint(person_planes(seen, body(seen.picture)) * 127).astype(np.int8)
            yield planes, product(flat), cv2.resize(seen.picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), truth


def prepare(data: Path, file: Path) -> None:
    """Write what :func:`rows` gives of the training people."""
    people = load_photos(data, lambda stem: not is_validation(stem))[::2]
    found = list(zip(*rows(people, Body.load()), strict=True))
    np.savez(file, person=np.stack(found[0]), product=np.stack(found[1]), picture=np.stack(found[2]), truth=np.stack(found[3]))


def batches(file: Path, size: int) -> Iterator[dict[str, Tensor]]:
    """Random ones: person and the rest in -1..1, masks 0..1."""
    stored = dict(np.load(file))
    random = np.random.default_rng(4)
    while True:
        at = random.integers(0, len(stored["truth"]), size)
        flat, picture = (torch.from_numpy(stored[name][at]).permute(0, 3, 1, 2).float() for name in ("product", "picture"))
        truth = torch.from_numpy(stored["truth"][at]).float()[:, None] / 255
        person = torch.from_numpy(stored["person"][at]).float() / 127
        cloth, mask = flat[:, :3] / 127.5 - 1, flat[:, 3:] / 255
        yield {"person": person, "cloth": cloth, "mask": mask, "picture": picture / 127.5 - 1, "truth": truth}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("runs/cpvton"))
    parser.add_argument("--minutes", type=float, default=25, help="of training, 40% of it for the matching")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--rate", type=float, default=2e-4)
    parser.add_argument("--prepare", action="store_true", help="only write the pairs")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    file = args.out / "pairs.npz"
    if not file.exists():
        prepare(args.data, file)
    if args.prepare:
        return
    torch.manual_seed(1)
    matching, trying, features = Matching((HEIGHT, WIDTH), FILTERS), TryOn(LEVELS, FILTERS), Features()
    source = batches(file, args.batch)
    for name, network, minutes in (("gmm", matching, 0.4 * args.minutes), ("tom", trying, 0.6 * args.minutes)):
        optimiser = torch.optim.Adam(network.parameters(), lr=args.rate, betas=(0.5, 0.999))
        began, step, total = time.monotonic(), 0, 0.0
        while (passed := time.monotonic() - began) < 60 * minutes:
            for group in optimiser.param_groups:
                group["lr"] = args.rate * min(1.0, 2 - 2 * passed / (60 * minutes))  # theirs: constant, then falling
            batch = next(source)
            with torch.autocast("cpu", torch.bfloat16):
                if name == "gmm":
                    warped, _ = warp(matching.train(), batch)
                    loss = (warped - batch["picture"] * batch["truth"] - (1 - batch["truth"])).abs().mean()
                else:
                    with torch.no_grad():
                        warped, mask = warp(matching.eval(), batch)
                    rendered, m = trying.train()(batch["person"], warped)
                    made = m * warped + (1 - m) * rendered
                    loss = (made - batch["picture"]).abs().mean() + (m - mask).abs().mean()
                    loss = loss + perceptual(features, (made + 1) * 127.5, (batch["picture"] + 1) * 127.5)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            step, total = step + 1, total + loss.item()
            if step % 100 == 0:
                print(f"{name} step {step} loss {total / 100:.4f} {passed / step:.2f} s/step", flush=True)
                total = 0.0
        loop.save(args.out / f"{name}.pt", network=network.state_dict(), steps=step)


def warp(matching: Matching, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Cloth and its mask where the matching puts them."""
    grid = matching(batch["person"], batch["cloth"])
    cloth = F.grid_sample(batch["cloth"], grid, padding_mode="border", align_corners=True)
    return cloth, F.grid_sample(batch["mask"], grid, align_corners=True)


if __name__ == "__main__":
    main()
