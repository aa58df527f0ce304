"""``python -m streamer bench``: how long the pipeline takes for every frame of a clip."""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from tqdm import tqdm

from engines.errors import UserError
from engines.tryon.garment import Garment
from streamer.clip import clip_frames, default_clip
from streamer.config import Config
from streamer.offline import ADVICE, Call, load_garment, load_pipeline, report, table
from streamer.pipeline import State
from streamer.timing import Spans

WARM_UP = 10
"""Frames dressed before the clock counts: memory is taken and caches are filled."""

Frames = Callable[[], Iterable[np.ndarray]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``bench``."""
    parser.add_argument(
        "--video", type=Path, metavar="FILE", help="a clip of a person (default: one of the training data's, or a portrait in motion)"
    )
    parser.add_argument("--garment", metavar="ID|FILE", help="what to put on (default: the catalogue's first)")
    parser.add_argument("--data", type=Path, default=Config().data, metavar="DIR", help="state folder with the catalogue (default var)")


def run(args: argparse.Namespace) -> int:
    """Measure and print: a table, then one JSON object as the last line. Raises :class:`UserError`."""
    video = args.video or default_clip()
    frames: Frames = functools.partial(clip_frames, video)
    garment = load_garment(args.garment, args.data)
    pipeline, runtime = load_pipeline()
    name = "a portrait in motion" if video is None else str(video)
    spans, walls, seen = measure(pipeline, garment, frames)
    if not seen["ok"]:
        raise UserError(ADVICE[next((said for said in ("turn", "step-back") if seen[said]), "nobody")].format(name))
    times = report(spans, walls, runtime)
    print(f"{garment.name} on {name}: {seen['ok']} of {len(walls)} frames dressed")
    print(table(times))
    print(json.dumps(times))
    return 0


def measure(pipeline: Call, garment: Garment, frames: Frames) -> tuple[list[dict[str, float]], list[float], Counter[str]]:
    """Dress the first frames without looking at the clock, then all of them from the start.

    Returns each frame's ``Spans.ms``, each frame's time from frame in to frame out in ms, and how often which status came.
    A frame is decoded before its clock starts, in this thread, so that no decoder runs beside the pipeline.
    """
    state: State | None = None
    for frame in itertools.islice(frames(), WARM_UP):
        state = pipeline(frame, garment, state, Spans()).state
    state, stages, walls, seen = None, [], [], Counter[str]()
    for frame in tqdm(frames(), unit="frame", disable=None):
        spans = Spans()
        start = time.perf_counter()
        dressed = pipeline(frame, garment, state, spans)
        walls.append((time.perf_counter() - start) * 1000)
        state = dressed.state
        stages.append(spans.ms)
        seen[dressed.status] += 1
    return stages, walls, seen
