"""Measures try-on on people it has not seen, in their own clothes: ``python -m engines.tryon.evaluate --data ../shared/data``.

Each piece that a validation person wears is cut out by engines.garment from another crop and scale of the photo and laid flat, so that no
pixel can simply be copied back, then put on again: the photo is the truth. It is put on twice: on the photo, and on the photo with the
piece painted in another colour, where what is left of it counts as wrong. Prints a table of the methods and one JSON line.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from engines.body import Body, Reading
from engines.body.person import read_person
from engines.contract import CLASSES
from engines.crop import Crop, crop
from engines.errors import UserError, exit_on_user_error
from engines.garment.cutting import Cutter
from engines.training.people import Person, is_validation, load_photos
from engines.training.tryon.flat import WORN_AS, lay_flat
from engines.tryon import metrics
from engines.tryon.command import measure
from engines.tryon.garment import Garment
from engines.tryon.photo import METHODS, Method, Worn

SCALE = 0.8
"""Of the photo that a garment is cut from, to the one it is put on."""
_ROOM = 0.15  # of the piece's box around it, on the crop that it is cut from
_BESIDE = 7  # pixels by which the cut-out may go beyond the outline drawn by hand


@dataclass(frozen=True, eq=False)
class Case:
    """A person and a piece of theirs."""

    stem: str
    photo: np.ndarray
    garment: Garment
    reading: Reading
    crop: Crop
    other: np.ndarray
    """The photo with the piece in another colour."""
    other_read: tuple[Reading, Crop]


def cases(people: list[Person], body: Body, cutter: Cutter) -> Iterator[Case]:
    """Every piece of everybody that can be laid flat."""
    for person in people:
        reading, cropped, found = read_person(body, person.picture)
        if not found or person.labels is None:
            continue
        for category, classes in WORN_AS.items():
            piece = np.isin(person.labels, [CLASSES.index(name) for name in classes])
            garment = own_garment(person.picture, person.labels, piece, category, body, cutter)
            if garment is not None:
                other = repainted(person.picture, piece)
                yield Case(person.stem, person.picture, garment, reading, cropped, other, read_person(body, other)[:2])


def repainted(photo: np.ndarray, piece: np.ndarray) -> np.ndarray:
    """The photo with what lies in ``piece`` (H, W) bool light where it was dark and dark where it was light; folds and shadow stay."""
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32) + 10
    middle = float(np.median(grey[piece]))
    colour = np.array([0.9, 1.0, 1.1], np.float32) * (70 if middle > 120 else 190)
    shade = np.clip(grey / middle, 0.5, 1.4)[..., None]
    inside = cv2.blur(piece.astype(np.float32), (3, 3))[..., None]
    return np.clip(photo * (1 - inside) + colour * shade * inside, 0, 255).astype(np.uint8)


def own_garment(photo: np.ndarray, labels: np.ndarray, piece: np.ndarray, category: str, body: Body, cutter: Cutter) -> Garment | None:
    """``piece`` (H, W) bool of a photo as a flat garment with landmarks; None where there is too little of it."""
    if piece.sum() < 0.004 * piece.size:
        return None
    size = round(photo.shape[1] * SCALE), round(photo.shape[0] * SCALE)
    small = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    labels, around = (
        cv2.resize(plane, size, interpolation=cv2.INTER_NEAREST)
        for plane in (labels, cv2.dilate(piece.astype(np.uint8), np.ones((_BESIDE, _BESIDE), np.uint8)))
    )
    ys, xs = np.nonzero(around)
    room_y, room_x = round(_ROOM * np.ptp(ys)), round(_ROOM * np.ptp(xs))
    part = slice(max(ys.min() - room_y, 0), ys.max() + room_y), slice(max(xs.min() - room_x, 0), xs.max() + room_x)
    try:
        cut = cutter(np.ascontiguousarray(small[part])).rgba
    except UserError:  # the network sees nothing to wear there
        return None
    own = CLASSES.index(WORN_AS[category][0])
    inside = np.zeros(labels.shape, bool)
    inside[part] = (cut[..., 3] > 127) & (around[part] > 0)
    other = np.where(np.isin(labels, [CLASSES.index(name) for name in WORN_AS[category]]), 0, labels)
    picture = small.copy()
    picture[part][inside[part]] = cut[..., :3][inside[part]]
    reading, cropped, _ = read_person(body, small)
    shifted = crop(small, _wider(metrics.person_box(reading, cropped)))
    return lay_flat(picture, np.where(inside, np.uint8(own), other).astype(np.uint8), body(shifted.picture), shifted, category)


def _wider(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """Another box around the same person."""
    x0, y0, x1, y1 = box
    return x0 - 0.1 * (x1 - x0), y0 - 0.02 * (y1 - y0), x1 + 0.04 * (x1 - x0), y1 + 0.12 * (y1 - y0)


def score(case: Case, method: Method, body: Body) -> tuple[np.ndarray, dict[str, float]] | None:
    """What a method makes of a case, and its figures; None where it says that the body is not in view."""
    began = time.perf_counter()
    drawn = method(case.photo, case.garment, case.reading, case.crop)
    took = (time.perf_counter() - began) * 1e3
    if drawn is None:
        return None
    again = method(case.other, case.garment, *case.other_read)
    box = metrics.person_box(case.reading, case.crop)
    figures = {
        "SSIM": metrics.ssim_of_person(case.photo, drawn, box),
        "SSIM on the other colour": metrics.ssim_of_person(case.photo, case.other if again is None else again, box),
        **measure(body, case.photo, Worn(drawn, case.reading, case.crop), case.garment.category),
        "ms": took,
    }
    return drawn, figures


def sheet(case: Case, results: list[np.ndarray]) -> np.ndarray:
    """Photo, flat garment on white and results side by side, 384 px high."""
    alpha = case.garment.picture[..., 3:] / 255
    flat = np.rint(case.garment.picture[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    return np.hstack([cv2.resize(p, None, fx=384 / p.shape[0], fy=384 / p.shape[0], interpolation=cv2.INTER_AREA)
                      for p in (case.photo, flat, *results)])[:, :, ::-1]  # fmt: skip


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m engines.tryon.evaluate", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder with people/")
    parser.add_argument("--method", action="append", choices=sorted(METHODS), help="one or several (default: every one)")
    parser.add_argument("--most", type=int, metavar="N", help="only the first N people")
    parser.add_argument("--sheet", type=Path, metavar="DIR", help="pictures of every case to look at")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    body = Body.load()
    cutter = Cutter.load()
    methods = {name: METHODS[name]() for name in args.method or METHODS}
    people = [person for person in load_photos(args.data, is_validation) if person.labels is not None][: args.most]
    found: dict[str, list[dict[str, float]]] = {name: [] for name in methods}
    categories: list[str] = []
    for case in tqdm(cases(people, body, cutter), unit="piece", disable=not sys.stderr.isatty()):
        scores = {name: score(case, method, body) for name, method in methods.items()}
        done = [each for each in scores.values() if each is not None]
        if len(done) < len(scores):  # compared on the same cases
            continue
        categories.append(case.garment.category)
        for name, each in zip(scores, done, strict=True):
            found[name].append(each[1])
        if args.sheet:
            args.sheet.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(args.sheet / f"{case.stem}-{case.garment.category}.jpg"), sheet(case, [each[0] for each in done]))
    summary = {name: summarise(rows, categories) for name, rows in found.items()}
    names = list(dict.fromkeys(name for row in summary.values() for name in row))
    print(f"{len(categories)} pieces of {len(people)} people")
    print(f"{'':34}" + "".join(f"{method:>14}" for method in summary))
    for name in names:
        print(f"{name:34}" + "".join(f"{row[name]:14.4f}" for row in summary.values()))
    print(
        json.dumps(
            {
                "pieces": len(categories),
                "people": len(people),
                **{m: {k: round(v, 4) for k, v in row.items()} for m, row in summary.items()},
            }
        )
    )
    return 0


def summarise(rows: list[dict[str, float]], categories: list[str]) -> dict[str, float]:
    """Means of all figures, and of SSIM by category."""
    means = {name: float(np.mean([row[name] for row in rows])) for name in (rows[0] if rows else {})}
    for category in sorted(set(categories)):
        means[f"SSIM {category}"] = float(np.mean([row["SSIM"] for row, own in zip(rows, categories, strict=True) if own == category]))
    return means


if __name__ == "__main__":
    sys.exit(exit_on_user_error(main))
