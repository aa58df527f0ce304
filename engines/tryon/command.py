"""``python -m engines tryon --pairs FILE.csv --out DIR``: everybody of a list in the garment beside them, and a page that shows it all."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from engines.body import Body
from engines.body.command import parse_picture
from engines.body.person import read_person
from engines.errors import UserError
from engines.output import make_folder, write_whole
from engines.pictures import read_rgb
from engines.tryon import metrics
from engines.tryon.pairs import BadRow, Pair, read_pairs
from engines.tryon.photo import TryOn, Worn, with_network
from engines.tryon.report import Row, page
from engines.tryon.sources import Sources

AROUND = 3
"""Cells of the parsing around clothes and arms in which a change is the garment's edge."""


def run(args: argparse.Namespace) -> int:
    """Dress every pair; rows that cannot be done are named, the others go on."""
    listed = read_pairs(args.pairs)
    sources = Sources(args.catalog, args.runtime)
    body = Body.load(args.runtime)
    make_folder(args.out)
    wear = TryOn(body, with_network(args.runtime))
    rows: list[Row] = []
    failed: list[BadRow] = []
    for pair in tqdm(listed, unit="pair", disable=not sys.stderr.isatty()):
        if isinstance(pair, BadRow):
            failed.append(pair)
            continue
        try:
            rows.append(dress_pair(pair, args.pairs.parent, args.out, sources, wear))
        except UserError as error:
            failed.append(BadRow(pair.line, str(error)))
    means = mean([row.figures for row in rows])
    write_whole(args.out / "report.html", page(rows, failed, args.pairs.name, means).encode())
    for name, value in means.items():
        print(f"{name:40} {value:8.3f}")
    print(json.dumps({"pairs": len(rows), "failed": len(failed), **{name: round(value, 4) for name, value in means.items()}}))
    if failed:
        said = " ".join(f"Line {bad.line}: {bad.reason}" for bad in failed)
        raise UserError(f"{len(failed)} of {len(listed)} pairs failed, the others are done. {said}")
    return 0


def dress_pair(pair: Pair, folder: Path, out: Path, sources: Sources, wear: TryOn) -> Row:
    """Write one result; returns what the page shows of it."""
    photo = read_rgb(folder / pair.person)
    truth = read_rgb(folder / pair.truth) if pair.truth else None
    if truth is not None and truth.shape != photo.shape:
        raise UserError(
            f"the truth {pair.truth} is {truth.shape[1]} x {truth.shape[0]} pixels, the person {photo.shape[1]} x {photo.shape[0]}."
        )
    garment = sources(pair.garment, folder)
    target = out / pair.out
    if target.exists() and target.samefile(folder / pair.person):
        raise UserError(f"out {pair.out} is the photo of the person itself: give it another name.")
    worn = wear(photo, garment)
    make_folder(target.parent)
    suffix = target.suffix.lower()
    write_whole(target, cv2.imencode(suffix, cv2.cvtColor(worn.picture, cv2.COLOR_RGB2BGR), list(_QUALITY[suffix]))[1].tobytes())
    figures = measure(wear.body, photo, worn, garment.category, truth)
    return Row(pair.person, pair.garment, pair.out, photo, garment.picture, worn.picture, figures)


_QUALITY: dict[str, tuple[int, ...]] = {
    ".png": (), ".jpg": (cv2.IMWRITE_JPEG_QUALITY, 95), ".jpeg": (cv2.IMWRITE_JPEG_QUALITY, 95), ".webp": (cv2.IMWRITE_WEBP_QUALITY, 95),
}  # fmt: skip


def measure(body: Body, photo: np.ndarray, worn: Worn, category: str, truth: np.ndarray | None = None) -> dict[str, float]:
    """The figures of one result, by the names the page gives them."""
    size = photo.shape[0], photo.shape[1]
    again, crop, _ = read_person(body, worn.picture)
    labels = parse_picture(worn.reading, worn.crop, size), parse_picture(again, crop, size)
    free = metrics.free_to_change(labels, category, round(2 * AROUND / worn.crop.scale))
    kept = metrics.kept(photo, worn.picture, free, metrics.face_of(worn.reading, worn.crop, size))
    figures = {"beside the clothes, grey levels": kept.beside, "on the face, grey levels": kept.face}
    if truth is not None:
        figures["SSIM with the truth"] = metrics.ssim_of_person(truth, worn.picture, metrics.person_box(worn.reading, worn.crop))
    return figures


def mean(figures: list[dict[str, float]]) -> dict[str, float]:
    """Of each figure, over the results that have it."""
    names = dict.fromkeys(name for each in figures for name in each)
    return {name: float(np.mean([each[name] for each in figures if name in each])) for name in names}
