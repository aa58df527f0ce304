"""Where the person is over time: the box to crop next, landmarks and parsing smoothed. State in, state out; no network in here."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from engines.body import Reading
from engines.body.person import SEEN
from engines.crop import Box, Crop
from streamer.one_euro import Filtered, one_euro


@dataclass(frozen=True, eq=False)
class Track:
    """What is known of one shopper after a frame: all that the next frame needs."""

    box: Box
    """Frame pixels; the next crop."""
    landmarks: Filtered
    """In frame pixels."""
    parsing: np.ndarray
    """float32 (22,128,96), smoothed."""
    grey: np.ndarray
    """uint8 (128,96): the crop that belongs to ``parsing``, to tell moving pixels from still ones."""
    matrix: np.ndarray
    """Of that crop."""


def follow(box: Box, target: Box) -> Box:
    """The next crop's box: out at once, in slowly, and not at all for small changes, so that the crop of a still person stands still."""
    old, new = np.array(box, float), np.array(target, float)
    size = max(old[3] - old[1], old[2] - old[0], 1.0)
    outward = np.array([-1, -1, 1, 1]) * (new - old) / size
    if outward.max() < 0.03 and outward.min() > -0.12:
        return box
    old += np.where(outward > 0, 0.7, 0.1) * (new - old)
    return float(old[0]), float(old[1]), float(old[2]), float(old[3])


def update(track: Track | None, reading: Reading, crop: Crop, target: Box) -> tuple[Track, Reading]:
    """Take a frame's reading into the track; returns the track and the smoothed reading (still on this crop).

    ``target`` is where engines.body.person.find_person saw the person on this crop.
    """
    positions = crop.to_frame(reading.landmarks[:, :2].astype(float))
    sure = np.clip(reading.landmarks[:, 2] / SEEN, 0, 1)
    landmarks = one_euro(positions, track.landmarks if track else None, max(target[3] - target[1], 32.0), sure)
    grey = cv2.resize(cv2.cvtColor(crop.picture, cv2.COLOR_RGB2GRAY), (96, 128), interpolation=cv2.INTER_AREA)
    parsing = reading.parsing
    if track is not None and np.array_equal(track.matrix, crop.matrix):
        # Pixels that did not change keep their class: noise must not make a garment's edge shimmer.
        moved = cv2.blur(cv2.absdiff(grey, track.grey), (3, 3)).astype(np.float32)
        weight = np.clip((moved - 2) / 6, 0.25, 1)
        parsing = track.parsing + weight * (parsing - track.parsing)
    smooth = np.column_stack([crop.to_crop(landmarks.points), reading.landmarks[:, 2]]).astype(np.float32)
    box = follow(track.box, target) if track else target
    return Track(box, landmarks, parsing, grey, crop.matrix), replace(reading, parsing=parsing, landmarks=smooth)
