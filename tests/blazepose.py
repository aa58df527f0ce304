"""Finding and reading the person beside BlazePose full, in one process: ``python -m tests.blazepose [--video FILE]``.

Ours gives landmarks, parsing and instances, BlazePose 33 landmarks; both follow the person from frame to frame, a second of frames each in
turn: frame by frame each would find the cores taken by the other's threads, which wait busily for more. It needs the package mediapipe, an
extra that nothing else here uses (0.10.21 is the last with this interface and its models; it wants NumPy 1).
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from engines.body import Body
from engines.errors import exit_on_user_error
from streamer.clip import clip_frames, default_clip
from streamer.pipeline import Pipeline
from streamer.timing import Spans

WARM_UP = 10
_TURN = 30


def measure(video: Path | None, most: int = 150) -> dict[str, float | None]:
    """Median ms a frame of both, and how often each found somebody; None for BlazePose where mediapipe is missing."""
    pose: Any = None
    with contextlib.suppress(ImportError):
        from mediapipe.python.solutions.pose import Pose  # type: ignore[import-not-found, unused-ignore]

        pose = Pose(static_image_mode=False, model_complexity=1)
    pipeline, ours, theirs, found, seen = Pipeline(Body.load()), [], [], 0, 0
    track = None
    for turn in batched(itertools.islice(clip_frames(video), most + WARM_UP), _TURN):
        for frame in turn:
            start = time.perf_counter()
            mine = pipeline.see(frame, track, Spans())
            ours.append(time.perf_counter() - start)
            track = mine[0] if mine else None
            found += mine is not None
        for frame in turn if pose is not None else ():
            start = time.perf_counter()
            seen += pose.process(frame).pose_landmarks is not None
            theirs.append(time.perf_counter() - start)
    here = 1000 * float(np.median(ours[WARM_UP:]))
    there = 1000 * float(np.median(theirs[WARM_UP:])) if theirs else None
    return {
        "ours_ms": here, "blazepose_ms": there, "times_faster": there / here if there else None,
        "ours_found": found, "blazepose_found": seen if theirs else None,
    }  # fmt: skip


def batched(frames: Iterator[np.ndarray], size: int) -> Iterator[list[np.ndarray]]:
    """``size`` at a time, the last ones fewer."""
    while turn := list(itertools.islice(frames, size)):
        yield turn


def main() -> int:
    """Command line: one sentence, one JSON line last."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--video", type=Path, metavar="FILE", help="a clip of a person (default: as streamer bench)")
    figures = measure(parser.parse_args().video or default_clip())
    rival = "BlazePose full {blazepose_ms:.2f} ms: {times_faster:.1f} times" if figures["blazepose_ms"] else "mediapipe is missing"
    print(("Find, crop and read the person {ours_ms:.2f} ms a frame; " + rival).format(**figures))
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    raise SystemExit(exit_on_user_error(main))
