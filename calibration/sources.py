"""Pictures and videos that crops are collected from, and which of their frames are looked at. Knows nothing of networks."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from engines.errors import UserError
from engines.pictures import SUFFIXES, read_rgb

VIDEO_SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi"})
STEP = 10
"""Frames to the next try where nobody was found."""


def list_files(path: Path) -> list[Path]:
    """The file itself, or a folder's pictures and videos by name. Raises UserError where there is none."""
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES | VIDEO_SUFFIXES and p.is_file())
        if not files:
            raise UserError(f"The folder {path} has no pictures and no videos ({', '.join(sorted(SUFFIXES | VIDEO_SUFFIXES))}).")
        return files
    if not path.is_file():
        raise UserError(f"{path} does not exist; give a video, a picture, or a folder of them.")
    if path.suffix.lower() not in SUFFIXES | VIDEO_SUFFIXES:
        raise UserError(f"{path} is neither a picture nor a video ({', '.join(sorted(SUFFIXES | VIDEO_SUFFIXES))}).")
    return [path]


def frames(path: Path, count: int, random: np.random.Generator) -> Iterator[list[np.ndarray]]:
    """``count`` chances to find somebody, each a list of frames (uint8 (H,W,3) RGB) to try in turn; a picture has one chance.

    A video is cut into ``count`` equal parts; a part's frames start at a random one and go on every :data:`STEP` frames.
    Raises UserError where the file cannot be read.
    """
    if path.suffix.lower() in SUFFIXES:
        yield [read_rgb(path)]
        return
    length = _length(path)
    ends = np.linspace(0, length, min(count, length) + 1).astype(int)
    tries = [range(int(random.integers(start, end)), int(end), STEP) for start, end in itertools.pairwise(ends)]
    capture = cv2.VideoCapture(str(path))
    number = 0
    try:
        for part in tries:
            found: list[np.ndarray] = []
            # Three frames of a part are enough: who is not on them is not in it.
            for wanted in part[:3]:
                while number < wanted and capture.grab():
                    number += 1
                good, frame = capture.read()
                number += 1
                if good:
                    found.append(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))
            yield found
    finally:
        capture.release()


def _length(path: Path) -> int:
    """Frames of a video, counted: files without an index do not say, and damaged ones say more than they hold."""
    capture = cv2.VideoCapture(str(path))
    count = 0
    while capture.grab():
        count += 1
    capture.release()
    if not count:
        raise UserError(f"{path} is not a video that can be read, or it is damaged.")
    return count
