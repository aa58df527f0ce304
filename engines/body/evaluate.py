"""Measures the committed network as it runs: ``python -m engines.body.evaluate --data ../shared/data``.

On the validation photos (people the training has not seen): the person is found by the network itself. On their knees-up and waist-up
cuts: the photo is cut there first. How steady it is on video is measured by ``python -m tests.steadiness``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from engines.body import Body
from engines.body.command import parse_picture
from engines.body.instances import KINDS, find_instances
from engines.body.metrics import ParsingScore, average_precision, correct_keypoints, match_masks
from engines.body.person import read_person
from engines.contract import CLASSES, LANDMARKS
from engines.training import augment, people

_CUTS = {"whole": None, "knees-up": ("right-knee", "left-knee"), "waist-up": ("right-hip", "left-hip")}


def cut_below(person: people.Person, names: tuple[str, str] | None) -> people.Person:
    """The photo cut off at a pair of landmarks, as a phone at arm's length sees it."""
    if names is None:
        return person
    bottom = int(np.mean([person.landmarks[LANDMARKS.index(n), 1] for n in names]))
    bottom = min(max(bottom, 64), person.picture.shape[0])
    landmarks = person.landmarks.copy()
    landmarks[landmarks[:, 1] >= bottom, 2] = 0
    labels = person.labels[:bottom] if person.labels is not None else None
    return people.Person(person.stem, np.ascontiguousarray(person.picture[:bottom]), labels, landmarks, person.absent)


def measure_photos(body: Body, photos: list[people.Person]) -> dict[str, dict[str, float]]:
    """For each cut: mean IoU, accuracy, PCK, share of people found, IoU of every group."""
    results = {}
    for cut, names in _CUTS.items():
        score, right, counted, found = ParsingScore(), 0, 0, 0
        for whole in photos:
            person = cut_below(whole, names)
            reading, crop, seen = read_person(body, person.picture)
            found += seen
            if person.labels is not None:
                score.add(person.labels, parse_picture(reading, crop, (person.labels.shape[0], person.labels.shape[1])))
            points = reading.landmarks.copy()
            points[:, :2] = crop.to_frame(points[:, :2])
            box = augment.person_box(whole)  # of the whole person: the measure does not get stricter with the cut
            r, c = correct_keypoints(person.landmarks, points, box[3] - box[1])
            right, counted = right + r, counted + c
        results[cut] = {
            "miou": score.mean_iou, "accuracy": score.accuracy, "pck": right / max(counted, 1), "found": found / len(photos),
            **{f"iou_{k}": v for k, v in score.iou.items()},
        }  # fmt: skip
    return results


def measure_instances(body: Body, photos: list[people.Person]) -> dict[str, float]:
    """AP50 of every kind of piece on the whole photos; pieces under a thousandth of the person's box are not counted as missed."""
    scores: dict[str, list[float]] = {kind: [] for kind in KINDS}
    hits: dict[str, list[bool]] = {kind: [] for kind in KINDS}
    counts = dict.fromkeys(KINDS, 0)
    for person in photos:
        if person.labels is None or person.instances is None:
            continue
        reading, crop, _ = read_person(body, person.picture)
        found = find_instances(reading, crop, (person.picture.shape[0], person.picture.shape[1]))
        box = augment.person_box(person)
        least = 0.001 * (box[2] - box[0]) * (box[3] - box[1])
        for kind, classes in KINDS.items():
            here = np.where(np.isin(person.labels, [CLASSES.index(c) for c in classes]), person.instances, 0)
            truths = [here == piece for piece in np.unique(here[here > 0]) if (here == piece).sum() >= least]
            mine = [one for one in found if one.kind == kind]
            counts[kind] += len(truths)
            scores[kind] += [one.score for one in mine]
            hits[kind] += match_masks(truths, [one.alpha >= 0.5 for one in mine])
    return {kind: average_precision(scores[kind], hits[kind], counts[kind]) for kind in KINDS if counts[kind]}


def main() -> None:
    """Command line: a table for people, one JSON line last."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with people/")
    parser.add_argument("--runtime", help="runtime of the network (default: openvino)")
    parser.add_argument("--network", type=Path, metavar="ONNX", help="another network than the committed one")
    args = parser.parse_args()
    body = Body.load(args.runtime, path=args.network)
    photos = [p for p in people.load_photos(args.data, only=people.is_validation) if p.labels is not None]
    results = measure_photos(body, photos)
    for cut, figures in results.items():
        print(cut + ": " + "  ".join(f"{k} {v:.4f}" for k, v in figures.items()))
    precision = measure_instances(body, photos)
    print("AP50: " + "  ".join(f"{kind} {value:.3f}" for kind, value in precision.items()))
    print(json.dumps({"photos": len(photos), **results, "ap50": precision}))


if __name__ == "__main__":
    main()
