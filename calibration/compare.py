"""``python -m calibration compare``: the committed float network and INT8 files on the same crops, in one process, side by side."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import engines
from calibration import crops
from calibration.agreement import Agreement, pays
from calibration.page import page
from engines import origin
from engines.body import Body
from engines.body.command import parse_picture
from engines.body.metrics import ParsingScore, correct_keypoints
from engines.build.files import write
from engines.crop import crop
from engines.errors import UserError
from engines.training import augment, people

_WARM_UP = 5
_SHOWN = 24
"""Crops on the page, at most."""


def time_side_by_side(engine_list: list[engines.Engine], pictures: np.ndarray, runs: int) -> list[float]:
    """p50 ms of each engine; they take turns on every crop, so that other work on the machine hits all alike."""
    times: list[list[float]] = [[] for _ in engine_list]
    for number in range(_WARM_UP + runs):
        picture = pictures[number % len(pictures)][None]
        for engine, taken in zip(engine_list, times, strict=True):
            start = time.perf_counter()
            engine(picture=picture)
            taken.append((time.perf_counter() - start) * 1000)
    return [float(np.median(taken[_WARM_UP:])) for taken in times]


def measure_photos(body: Body, photos: list[people.Person]) -> dict[str, float]:
    """Mean IoU over the groups and PCK on labelled photos, cropped at their true box: the same crops for every network."""
    score, right, counted = ParsingScore(), 0, 0
    for person in photos:
        x0, y0, x1, y1 = (float(v) for v in augment.person_box(person))
        cropped = crop(person.picture, (x0, y0, x1, y1))
        reading = body(cropped.picture)
        if person.labels is not None:
            score.add(person.labels, parse_picture(reading, cropped, (person.labels.shape[0], person.labels.shape[1])))
        points = reading.landmarks.copy()
        points[:, :2] = cropped.to_frame(points[:, :2])
        good, all_ = correct_keypoints(person.landmarks, points, y1 - y0)
        right, counted = right + good, counted + all_
    return {"val_miou": score.mean_iou, "val_pck": right / max(counted, 1)}


def compare(files: list[Path], pictures: np.ndarray, photos: list[people.Person], runs: int, threads: int | None) -> list[dict[str, Any]]:
    """One row of figures a runtime and file, the float network of each runtime first. Raises UserError for a file that cannot be loaded.

    The reference is the float network in ONNX Runtime, which computes in float32 on every processor.
    """
    bodies = {
        runtime: [Body(engines.load("body", runtime, path=path, threads=threads)) for path in (engines.network_file("body"), *files)]
        for runtime in engines.RUNTIMES
    }
    readings = [bodies["onnxruntime"][0](picture) for picture in pictures]
    rows: list[dict[str, Any]] = []
    # One runtime after the other: the threads of an engine that has just run spin for a while and would slow the other runtime down.
    for runtime, loaded in bodies.items():
        times = time_side_by_side([body.engine for body in loaded], pictures, runs)
        first: dict[str, Any] = {}
        for path, body, ms in zip(("float", *map(str, files)), loaded, times, strict=True):
            agreement = Agreement()
            for picture, reading in zip(pictures, readings, strict=True):
                agreement.add(reading, body(picture))
            row: dict[str, Any] = {"network": path, "runtime": runtime, **agreement.figures(), "p50_ms": ms}
            if photos:
                row |= measure_photos(body, photos)
            first = first or row
            if row is not first:
                row["times_as_fast"] = first["p50_ms"] / ms
                row["pays"] = pays(first["p50_ms"], ms, first.get("val_miou"), row.get("val_miou"), row["miou_to_float"])
            rows.append(row)
    return rows


def cells(rows: list[dict[str, Any]]) -> list[list[str]]:
    """The rows as words, the heads first."""
    columns = {
        "same_class": ("same class", ".4f"), "miou_to_float": ("IoU to float", ".4f"), "landmark_p50_px": ("px p50", ".2f"),
        "landmark_p95_px": ("px p95", ".2f"), "val_miou": ("val mIoU", ".4f"), "val_pck": ("val PCK", ".4f"), "p50_ms": ("p50 ms", ".2f"),
        "times_as_fast": ("x", ".2f"),
    }  # fmt: skip
    shown = {key: column for key, column in columns.items() if any(key in row for row in rows)}
    words = [["network", "runtime", *(title for title, _ in shown.values()), "pays"]]
    for row in rows:
        figures = [format(row[key], form) if key in row else "" for key, (_, form) in shown.items()]
        verdict = {True: "yes", False: "no", None: "unknown: give --data"}[row["pays"]] if "pays" in row else ""
        words.append([row["network"], row["runtime"], *figures, verdict])
    return words


def table(words: list[list[str]]) -> Iterator[str]:
    """The words as lines for people."""
    width = max(len(row[0]) for row in words)
    for network, runtime, *figures, verdict in words:
        yield f"{network:{width}}  {runtime:11}{''.join(f'{figure:>14}' for figure in figures)}  {verdict}".rstrip()


def write_page(path: Path, files: list[Path], pictures: np.ndarray, words: list[list[str]]) -> None:
    """The table and the first crops with every network's answers, as they are in OpenVINO, as one HTML file. Raises UserError."""
    shown = pictures[:_SHOWN]
    reference = Body(engines.load("body", "onnxruntime", path=engines.network_file("body")))
    others = [Body(engines.load("body", "openvino", path=file)) for file in (engines.network_file("body"), *files)]
    readings = [[body(picture) for picture in shown] for body in (reference, *others)]
    titles = ["float, ONNX Runtime", "float, OpenVINO", *(f"{file.name}, OpenVINO" for file in files)]
    write(path, page(titles, words, shown, readings).encode())


def run(args: argparse.Namespace) -> int:
    """The command: a table, one JSON line last."""
    if args.runs < 1:
        raise UserError(f"--runs is {args.runs}; give a number from 1 on.")
    pictures = crops.read(args.crops)
    photos: list[people.Person] = []
    if args.data:
        if not (args.data / "people/keypoints.json").is_file():
            raise UserError(f"The folder {args.data} has no people/keypoints.json; give the folder the networks are trained with.")
        photos = [p for p in people.load_photos(args.data, only=people.is_validation) if p.labels is not None]
    network = engines.network_file("body")
    for path in args.files:
        if path.is_file() and not origin.is_made_of(path, network):
            print(f"note: {path} was not quantised from {network} as it is now: the figures compare two networks", file=sys.stderr)
    rows = compare(args.files, pictures, photos, args.runs, args.threads)
    words = cells(rows)
    for line in table(words):
        print(line)
    if args.page:
        write_page(args.page, args.files, pictures, words)
    rounded = [{key: round(value, 4) if isinstance(value, float) else value for key, value in row.items()} for row in rows]
    print(json.dumps({"crops": len(pictures), "photos": len(photos), "runs": args.runs, "rows": rounded}))
    return 0
