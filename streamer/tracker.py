"""Where the person is over time: the box to crop next, landmarks and parsing smoothed. State in, state out; no network in here."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from engines.body import Reading
from engines.contract import LANDMARKS
from engines.crop import Box, Crop
from streamer.one_euro import Filtered, one_euro

SEEN = 0.25
"""A landmark's score above which it counts as seen."""
_CORE = [LANDMARKS.index(n) for n in ("nose", "neck", "right-shoulder", "left-shoulder", "right-hip", "left-hip")]
_MIN_AREA = 0.008
"""Share of the crop that a person covers at least; less is a passer-by far away, or nobody."""


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


def find_person(reading: Reading, crop: Crop, frame_size: tuple[int, int], near: Box | None = None) -> Box | None:
    """The box (frame px) of the shopper on a crop, or None if there is nobody.

    Of several people it is the one at ``near`` (where the tracked one was), else the largest near the middle of the crop.
    """
    height, width = frame_size
    x, y = crop.to_frame(np.array([[0.5, 0.5], [190.5, 254.5]])).T
    columns, rows = np.linspace(*x, 96), np.linspace(*y, 128)
    inside = ((rows >= 0) & (rows < height))[:, None] & ((columns >= 0) & (columns < width))
    body = ((reading.parsing[0] < 0.5) & inside).astype(np.uint8)
    count, labels, stats, middles = cv2.connectedComponentsWithStats(body)
    if count < 2:
        return None
    area = stats[1:, cv2.CC_STAT_AREA]
    if near is not None:
        (left, top), (right, bottom) = crop.to_crop(np.array(near).reshape(2, 2)) / 2
        overlap_x = np.minimum(stats[1:, 0] + stats[1:, 2], right) - np.maximum(stats[1:, 0], left)
        overlap_y = np.minimum(stats[1:, 1] + stats[1:, 3], bottom) - np.maximum(stats[1:, 1], top)
        area = area * (0.05 + np.clip(overlap_x, 0, None) * np.clip(overlap_y, 0, None) / (stats[1:, 2] * stats[1:, 3]))
    else:
        area = area * np.exp(-(((middles[1:, 0] - 47.5) / 40) ** 2))
    main = 1 + int(area.argmax())
    points = reading.landmarks
    cells = np.clip((points[:, :2] / 2).round().astype(int), 0, [95, 127])
    left, top, w, h = stats[main, :4]
    pad = 0.1 * max(w, h)
    on_it = (cells[:, 0] >= left - pad) & (cells[:, 0] <= left + w + pad) & (cells[:, 1] >= top - pad) & (cells[:, 1] <= top + h + pad)
    seen = (points[:, 2] > SEEN) & on_it
    if stats[main, cv2.CC_STAT_AREA] < _MIN_AREA * body.size or seen[_CORE].sum() < 3 or seen.sum() < 5:
        return None
    # Arms cut off from the rest by a bag or a bad pixel belong to the person, too.
    others = [i for i in range(1, count) if i == main or (stats[i, 4] > 0.02 * stats[main, 4] and _near(stats[i], stats[main]))]
    x0, y0 = stats[others, :2].min(0)
    x1, y1 = (stats[others, :2] + stats[others, 2:4]).max(0)
    x0, y0 = np.minimum([x0, y0], points[seen, :2].min(0) / 2)
    x1, y1 = np.maximum([x1, y1], points[seen, :2].max(0) / 2)
    (x0, y0), (x1, y1) = crop.to_frame(np.array([[x0, y0], [x1, y1]]) * 2)
    return float(np.clip(x0, 0, width)), float(np.clip(y0, 0, height)), float(np.clip(x1, 0, width)), float(np.clip(y1, 0, height))


def _near(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether the boxes of two components lie within a tenth of the second's size."""
    gap = 0.1 * max(b[2], b[3])
    return bool(a[0] < b[0] + b[2] + gap and b[0] < a[0] + a[2] + gap and a[1] < b[1] + b[3] + gap and b[1] < a[1] + a[3] + gap)


def follow(box: Box, target: Box) -> Box:
    """The next crop's box: out at once, in slowly, and not at all for small changes, so that the crop of a still person stands still."""
    old, new = np.array(box), np.array(target)
    size = max(old[3] - old[1], old[2] - old[0], 1.0)
    outward = np.array([-1, -1, 1, 1]) * (new - old) / size
    if outward.max() < 0.03 and outward.min() > -0.12:
        return box
    old += np.where(outward > 0, 0.7, 0.1) * (new - old)
    return float(old[0]), float(old[1]), float(old[2]), float(old[3])


def update(track: Track | None, reading: Reading, crop: Crop, target: Box) -> tuple[Track, Reading]:
    """Take a frame's reading into the track; returns the track and the smoothed reading (still on this crop).

    ``target`` is where :func:`find_person` saw the person on this crop.
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
    return Track(box, landmarks, parsing, grey, crop.matrix), Reading(parsing, smooth)
