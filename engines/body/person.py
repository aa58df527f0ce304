"""Where the person is on a picture: from the network's own reading, first of the whole picture, then of the crop."""

from __future__ import annotations

import cv2
import numpy as np

from engines.body import Body, Reading
from engines.contract import CLASSES, LANDMARKS
from engines.crop import Box, Crop, crop

SEEN = 0.25
"""A landmark's score above which it counts as seen."""
_CORE = [LANDMARKS.index(n) for n in ("nose", "neck", "right-shoulder", "left-shoulder", "right-hip", "left-hip")]
_HEAD = [CLASSES.index(n) for n in ("face", "hair", "hat")]
_MIN_AREA = 0.008
"""Share of the crop that a person covers at least; less is a passer-by far away, or nobody."""


def read_person(body: Body, picture: np.ndarray) -> tuple[Reading, Crop, bool]:
    """The reading of the person on ``picture`` (H,W,3 uint8 RGB), its crop, and whether anybody was found.

    The box is measured on the whole picture, where the person may be small, and once more on the crop, which is sharper.
    """
    height, width = picture.shape[:2]
    cropped = crop(picture, (0, 0, width, height))
    reading = body(cropped.picture)
    found = False
    for _ in range(2):
        box = find_person(reading, cropped, (height, width))
        if box is None:
            break
        found = True
        cropped = crop(picture, box)
        reading = body(cropped.picture)
    return reading, cropped, found


def find_person(reading: Reading, crop: Crop, frame_size: tuple[int, int], near: Box | None = None) -> Box | None:
    """The box (frame px) of the shopper on a crop, or None if there is nobody.

    Of several people it is the one at ``near`` (where the tracked one was), else the largest near the middle of the crop.
    """
    height, width = frame_size
    (left, top), (right, bottom) = crop.to_frame(np.array([[0.5, 0.5], [190.5, 254.5]]))
    columns, rows = np.linspace(left, right, 96), np.linspace(top, bottom, 128)
    inside = ((rows >= 0) & (rows < height))[:, None] & ((columns >= 0) & (columns < width))
    body = ((reading.parsing[0] < 0.5) & inside).astype(np.uint8)
    count, _, stats, middles = cv2.connectedComponentsWithStats(body)
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
    # A shirt on a hanger has shoulders and sleeves, too, but no head.
    head = (reading.parsing[_HEAD].sum(0)[top : top + h, left : left + w] > 0.5).sum()
    if near is None and head < max(6, 0.015 * stats[main, cv2.CC_STAT_AREA]):
        return None
    # Someone who was there a moment ago is believed on less: one doubtful frame must not undress them.
    core, all_ = (3, 5) if near is None else (2, 3)
    if stats[main, cv2.CC_STAT_AREA] < _MIN_AREA * body.size or seen[_CORE].sum() < core or seen.sum() < all_:
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
