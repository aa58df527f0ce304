"""Trains the body network: ``python -m engines.body.train --data ../shared/data``.

Photos with pixel labels and video frames (labelled by engines.training.clips) teach parsing, landmarks and instances. Photos without pixel
labels teach landmarks and which classes are absent (by their tags), and, once the network knows something, the labels that it gives them
itself (engines.training.pseudo). Pictures without a person teach that there is none. Figures are in CARD.md, what else was tried in
engines/LOG.md.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import torch
import torch.nn.functional as F
from torch import Tensor

from engines.body import heatmaps as maps
from engines.body.metrics import ParsingScore, correct_keypoints
from engines.body.network import BodyNetwork
from engines.contract import CROP_HEIGHT, CROP_WIDTH
from engines.crop import crop
from engines.errors import UserError, exit_on_user_error
from engines.training import augment, loop, people, pseudo
from engines.training.body import finetune
from engines.training.body.descend import descend
from engines.training.body.losses import PARTS
from engines.training.body.samples import Samples, batches
from engines.training.body.weights import export, take_back
from engines.training.clips import label_frame

IMPROVED_AT = (0.3, 0.65)
"""After which shares of the full-size steps the network labels what has no labels, and doubts those that are wrong."""


@torch.no_grad()
def validate(network: BodyNetwork, photos: list[people.Person]) -> dict[str, float]:
    """Figures on whole-person crops of the given photos (boxes from the labels): mean IoU, accuracy, PCK."""
    score, right, counted = ParsingScore(), 0, 0
    network.eval()
    for person in photos:
        box = augment.person_box(person)
        cropped = crop(person.picture, (box[0], box[1], box[2], box[3]))
        matrix, size = cropped.matrix, (CROP_WIDTH, CROP_HEIGHT)
        seen = network(torch.from_numpy(cropped.picture).permute(2, 0, 1)[None].float().contiguous(memory_format=torch.channels_last))
        if person.labels is not None:
            truth = cv2.warpAffine(person.labels, matrix, size, flags=cv2.INTER_NEAREST, borderValue=(people.IGNORE,))
            large = F.interpolate(seen.parsing.softmax(1), size=size[::-1], mode="bilinear", align_corners=False)
            score.add(truth, large.argmax(1)[0].numpy())
        points = person.landmarks.copy()
        points[:, :2] = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
        r, c = correct_keypoints(points, maps.decode(seen.heatmaps.sigmoid()[0].numpy()), (box[3] - box[1]) * matrix[1, 1])
        right, counted = right + r, counted + c
    return {
        "miou": score.mean_iou,
        "accuracy": score.accuracy,
        "pck": right / max(counted, 1),
        **{f"iou_{k}": v for k, v in score.iou.items()},
    }


def improve(network: torch.nn.Module, photos: list[people.Person]) -> list[people.Person]:
    """The photos with the averaged network's own labels, always starting from the given ones."""
    began = time.monotonic()
    better, share = pseudo.improve(network, photos)
    print(
        f"labelled and doubted {len(better)} photos in {time.monotonic() - began:.0f} s: {share:.2%} of given pixels left out", flush=True
    )
    return better


def main() -> int:
    """Command line; raises UserError for bad input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with people/, garments/ and clips/; with --via it may be left out")
    parser.add_argument("--out", type=Path, default=Path("runs/body"), help="checkpoints go here; a run there is continued")
    parser.add_argument("--steps", type=int, default=12000, help="steps at the full 256x192 (default %(default)s)")
    parser.add_argument("--small-steps", type=int, default=5000, help="steps before them at 128x96, three times as fast (%(default)s)")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=2e-3, help="peak learning rate (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--from", dest="start", type=Path, metavar="ONNX", help="start from this network, such as engines/body/body.onnx")
    parser.add_argument("--via", type=Path, metavar="JSON", help="teach it pictures of your own, labelled with the VGG Image Annotator")
    parser.add_argument("--images", type=Path, metavar="DIR", help="the pictures of --via")
    parser.add_argument("--via-steps", type=int, default=finetune.STEPS, metavar="N", help="steps of --via (default %(default)s)")
    args = parser.parse_args()
    if args.via is not None:
        return finetune.run(args)
    if args.data is None:
        raise UserError("--data is missing: the folder with people/, garments/ and clips/; or give --via and --images.")
    return train(args)


def train(args: argparse.Namespace) -> int:
    """The whole training, from nothing or from ``args.start``; goes on where a run in ``args.out`` ended."""
    torch.manual_seed(args.seed)
    photos = people.load_photos(args.data)
    training = [p for p in photos if not people.is_validation(p.stem)]
    held_out = [p for p in photos if people.is_validation(p.stem) and p.labels is not None]
    frames = people.load_clips(args.data, label=label_frame)
    garments, room = people.load_garment_photos(args.data), people.clip_background(frames)
    network = BodyNetwork().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if args.start:
        take_back(network, args.start)
    average = loop.Average(network)
    optimiser = torch.optim.AdamW(network.parameters(), lr=args.rate, weight_decay=0.02)
    checkpoint, first = args.out / "last.pt", 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(state["network"])
        average.network.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        first = state["step"]
        print(f"continued at step {first}")
    steps = args.small_steps + args.steps
    improved_at = {args.small_steps + int(share * args.steps) for share in IMPROVED_AT}

    def stream(known: list[people.Person], step: int) -> Iterator[dict[str, Tensor]]:
        # A run that goes on sees other samples than at its start.
        return batches(Samples(known, frames, garments, room, args.seed * 1_000_000 + step), args.batch)

    improved = first > min(improved_at) or args.start is not None
    source = stream(improve(average.network, training) if improved else training, first)
    spent, saved, sums = 0.0, time.monotonic(), dict.fromkeys(PARTS, 0.0)
    for step in range(first, steps):
        if step in improved_at and step > first:
            source = stream(improve(average.network, training), step)
        began = time.monotonic()
        batch = next(source)
        parts = descend(network.train(), optimiser, batch, loop.learning_rate(step, steps, args.rate), small=step < args.small_steps)
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
    export(average.network, args.out / "body.onnx")  # type: ignore[arg-type]
    return 0


if __name__ == "__main__":
    sys.exit(exit_on_user_error(main))
