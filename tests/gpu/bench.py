"""``python -m tests.gpu.bench``: ms a picture at batches of 1, 4 and 8 on every runtime of the card, and how many streams that makes.

Of the network alone, and of a frame's whole trip: up, crop, network, tracking, fit, drawing, down.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from skimage.data import astronaut

import engines
from engines.build import compare
from engines.contract import CONTRACTS
from engines.errors import UserError, exit_on_user_error
from engines.hardware import find_driver
from engines.samples import sample_inputs
from engines.stage import CardStage
from engines.tryon.garment import load_garment_file
from streamer.catalog import BUILT_IN
from streamer.pipeline import Pipeline
from streamer.timing import Spans

RATE = 30
"""Frames a second of one stream."""


def main() -> int:
    """A table for people, one JSON line last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", choices=sorted(CONTRACTS), default="body")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--size", choices=("640x480", "1280x720"), default="640x480", help="of the frames of the whole trip")
    args = parser.parse_args()
    driver = find_driver()
    if driver.problem:
        raise UserError(f"There is no NVIDIA card to measure: {driver.problem}.")
    inputs = sample_inputs(CONTRACTS[args.network])
    rows = []
    print(f"{driver.cards[0].name}, {args.network}\n{'runtime':32}{'batch':>6}{'p50 ms':>9}{'a picture':>11}{'streams':>9}")
    for runtime, options in (("onnxruntime-cuda", {}), *(("tensorrt", {"precision": p}) for p in ("fp32", "fp16", "int8"))):
        try:
            engine = engines.load(args.network, runtime, **options)
        except UserError as error:
            print(f"{runtime}: {error}")
            continue
        for batch in compare.BATCHES:
            ms = compare.p50_ms(engine, inputs, batch, args.runs)
            row = {
                "runtime": " ".join((runtime, *options.values())),
                "batch": batch,
                "p50_ms": ms,
                "streams": int(1000 / RATE / ms * batch),
            }
            print(f"{row['runtime']:32}{batch:>6}{ms:>9.3f}{ms / batch:>11.3f}{row['streams']:>9}")
            rows.append(row)
        engine.close()
    rows += [row for runtime in engines.CARD_RUNTIMES for row in measure_trip(runtime, args.size, args.runs)]
    print(json.dumps({"card": driver.cards[0].name, "network": args.network, "rows": rows}))
    return 0


def measure_trip(runtime: str, size: str, runs: int) -> Iterator[dict[str, Any]]:
    """Rows of figures for a frame of each of several sessions, dressed together; prints them."""
    width, height = map(int, size.split("x"))
    frame = np.full((height, width, 3), 120, np.uint8)
    frame[:, (width - height) // 2 :][:, :height] = cv2.resize(astronaut(), (height, height), interpolation=cv2.INTER_AREA)
    shirt = load_garment_file(BUILT_IN / "breton.png")
    try:
        pipeline = Pipeline.load(runtime)
    except UserError as error:
        print(f"{runtime}: {error}")
        return
    for batch in sorted({1, pipeline.batch}):
        states: list[Any] = [None] * batch
        taken = []
        for _ in range(10 + runs):
            start = time.perf_counter()
            for number, dressed in pipeline.together([(frame, shirt, state, Spans()) for state in states]):
                if isinstance(dressed, Exception):
                    raise dressed
                states[number] = dressed.state
            taken.append((time.perf_counter() - start) * 1000)
        ms = float(np.median(taken[10:]))
        row = {"runtime": f"{runtime} trip {size}", "batch": batch, "p50_ms": ms, "streams": int(1000 / RATE / ms * batch)}
        print(f"{row['runtime']:32}{batch:>6}{ms:>9.3f}{ms / batch:>11.3f}{row['streams']:>9}")
        yield row
    if isinstance(pipeline._stage, CardStage):
        pipeline._stage.close()
    pipeline.body.engine.close()


if __name__ == "__main__":
    raise SystemExit(exit_on_user_error(main))
