"""Several people before the camera: the shopper stays the shopper. Made of the astronaut portrait and, where they are, of the clips."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from engines.body import Body
from engines.crop import Box
from engines.training.people import is_validation, load_photos
from streamer.pipeline import Pipeline
from streamer.timing import Spans
from streamer.video import Video


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline(Body.load())


def boxes(pipeline: Pipeline, frames: Iterator[np.ndarray]) -> list[Box | None]:
    """Where the shopper is on each frame; None where nobody was found."""
    track, found = None, []
    for frame in frames:
        seen = pipeline.see(frame, track, Spans())
        track = seen[0] if seen else None
        found.append(track.box if track else None)
    return found


def overlap(a: Box | None, b: Box | None) -> float:
    """Intersection over union; 0 where one is missing."""
    if a is None or b is None:
        return 0.0
    w, h = (max(0.0, min(a[i + 2], b[i + 2]) - max(a[i], b[i])) for i in (0, 1))
    area = [(x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in (a, b)]
    return w * h / (sum(area) - w * h)


def clip(data: Path, name: str, count: int) -> list[np.ndarray]:
    """The first ``count`` frames, there and back again where the clip has fewer."""
    with Video(data / f"clips/{name}.mkv", threads=1) as video:
        frames = [picture.rgb for picture in itertools.islice(video, count)]
    return (frames + frames[::-1])[:count]


def walking_by(frames: list[np.ndarray], data: Path, behind: bool) -> Iterator[np.ndarray]:
    """A validation photo's person, cut out by their labels, crosses the picture; behind, they are hidden by the shopper's own pixels."""
    stem = next(s for s in sorted(json.loads((data / "people/keypoints.json").read_text()))
                if is_validation(s) and (data / f"people/labels/{s}.png").exists())  # fmt: skip
    (passer,) = load_photos(data, only=lambda s: s == stem)
    assert passer.labels is not None
    scale = 0.8 if behind else 0.95
    size = (int(passer.picture.shape[1] * scale), int(passer.picture.shape[0] * scale))
    picture, mask = cv2.resize(passer.picture, size), cv2.resize((passer.labels > 0).astype(np.uint8), size)
    room = np.median(np.stack(frames), axis=0)
    for index, frame in enumerate(frames):
        x = round(-size[0] + (640 + size[0]) * index / (len(frames) - 1))
        left, right = max(x, 0), min(x + size[0], 640)
        out = frame.copy()
        if right > left:
            here = mask[: 480 - 20, left - x : right - x] > 0
            part = out[20 : 20 + here.shape[0], left:right]
            if behind:  # only over what is wall
                own = np.abs(part - room[20 : 20 + here.shape[0], left:right]).max(2) > 20
                inner = np.zeros((480, 640), np.uint8)
                cv2.rectangle(inner, (215, 40), (425, 480), 1, -1)
                here &= ~own & (inner[20 : 20 + here.shape[0], left:right] == 0)
            part[here] = picture[: here.shape[0], left - x : right - x][here]
        yield out


def test_someone_who_walks_by_behind_does_not_steal_the_garment(pipeline: Pipeline, shared_data: Path) -> None:
    frames = clip(shared_data, "student", 60)
    alone, together = boxes(pipeline, iter(frames)), boxes(pipeline, walking_by(frames, shared_data, behind=True))
    assert min(overlap(a, b) for a, b in zip(alone, together, strict=True)) > 0.5


def test_after_someone_in_front_the_shopper_is_the_shopper_again(pipeline: Pipeline, shared_data: Path) -> None:
    frames = clip(shared_data, "student", 60)
    alone, together = boxes(pipeline, iter(frames)), boxes(pipeline, walking_by(frames, shared_data, behind=False))
    overlaps = [overlap(a, b) for a, b in zip(alone, together, strict=True)]
    assert min(overlaps[:8] + overlaps[-2:]) > 0.7
    assert None not in together


def test_who_leaves_and_comes_back_is_found_within_half_a_second(pipeline: Pipeline, shared_data: Path) -> None:
    frames = clip(shared_data, "student", 30)
    empty = np.full_like(frames[0], 128)
    found = boxes(pipeline, iter([*frames[:10], *[empty] * 20, *frames[10:]]))
    assert all(box is None for box in found[12:30])
    assert found[30 + 14] is not None
    assert overlap(found[-1], boxes(pipeline, iter(frames))[-1]) > 0.8


def test_of_two_people_the_larger_in_the_middle_is_the_shopper(pipeline: Pipeline) -> None:
    from skimage.data import astronaut

    frame = np.full((480, 960, 3), 150, np.uint8)
    frame[:, 260:740] = cv2.resize(astronaut(), (480, 480), interpolation=cv2.INTER_AREA)
    frame[240:, :240] = cv2.resize(astronaut(), (240, 240), interpolation=cv2.INTER_AREA)
    (box,) = boxes(pipeline, iter([frame]))
    assert box is not None
    assert box[0] > 220
    assert 380 < (box[0] + box[2]) / 2 < 580
