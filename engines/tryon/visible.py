"""How much of the garment is to be seen in each pixel: not behind what is in front, not beside the body unless it is cut so wide."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from engines.tryon.cells import Cells
from engines.tryon.fit import Fit
from engines.tryon.matte import Guide, crisp
from engines.tryon.order import above_chin, in_front
from engines.tryon.pose import Pose
from engines.tryon.skin import surer
from engines.tryon.warp import Box

OUTLINE = 0.33  # the body's outline is taken a little further out: what is left of the old garment there would be a dark or pale rim


def visible(
    colours: Sequence[np.ndarray], guide: Guide, fit: Fit, cells: Cells, region: Box, arms: np.ndarray | None, old_sleeves: bool
) -> np.ndarray:
    """(h, w) float32 0..1 for ``region`` of the frame, whose pixels are ``colours`` (:func:`unit_colours`); ``guide`` is of the cells.

    ``arms``: :func:`engines.tryon.order.arm_skin`, None for what is not worn above the waist. ``old_sleeves``: whether old sleeves that
    come out of the new ones stay in front.
    """
    seen, stays, sleeves = in_front(fit.reach, fit.pose, fit.outline, fit.worn, cells, arms)
    body = surer(1.0 - cells.of("background"), OUTLINE)
    for outline in fit.wide:
        widen(body, cells.from_crop(outline))
    functions = guide.explain(body * (1.0 - surer(seen) * stays))
    shown = crisp(cells.enlarge_each(cv2.split(functions), region), colours)
    if old_sleeves and sleeves.max() > 0.0:
        # No edge of the picture shows where an old sleeve ends before an old chest: the edge is made as narrow as one.
        steep = cells.enlarge(cv2.blur(sleeves, (3, 3)) * -3.0 + 2.0, region)
        shown *= np.clip(steep, 0.0, 1.0)
    return shown


def off_face(pose: Pose, cells: Cells, region: Box) -> np.ndarray:
    """(h, w) float32 for ``region``: 0 on the face down to the chin, which nothing may be drawn on; softly 1 elsewhere."""
    face = cells.enlarge(1.0 - 5.0 * cells.of("face") * above_chin(pose, cells), region)
    return np.maximum(face, np.float32(0.0))


def widen(body: np.ndarray, corners: np.ndarray) -> None:
    """Take a polygon of cells into ``body``, in place, and one cell around it: inside, the garment's own edge is the one that shows."""
    at = [np.round(corners * 16).astype(np.int32)]
    cv2.fillPoly(body, at, 1.0, cv2.LINE_8, 4)
    cv2.polylines(body, at, True, 1.0, 2, cv2.LINE_8, 4)


def unit_colours(picture: np.ndarray) -> list[np.ndarray]:
    """R, G and B of (h, w, 3) uint8 as float32 planes, 0..1."""
    return [plane * np.float32(1 / 255) for plane in cv2.split(picture)]


def polygon(corners: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """255 inside a polygon, 0 outside, on pixels (h, w)."""
    inside = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.round(corners * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return inside
