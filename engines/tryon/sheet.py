"""A fitted garment as a few small arrays, from which a card draws it onto the frame by itself (the graph ``frame.dress``).

What :mod:`engines.tryon.dress` decides on the crop is decided here in the same way; what it does at the frame's size is left to the card.
Outlines go as signed distances, which stay crisp when they are enlarged.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from engines.body import Reading
from engines.contract import LAYERS, NODES
from engines.crop import Crop
from engines.tryon import dress, invented, paint, shade, visible
from engines.tryon.bare import Bare, bare_sides, bare_skin, limits
from engines.tryon.cells import Cells, window
from engines.tryon.fit import Fit, Layer
from engines.tryon.matte import Guide
from engines.tryon.order import OLD_BOTTOM, OLD_TOP, above_chin, arm_skin, in_front
from engines.tryon.skin import surer
from engines.tryon.warp import Box, Warp

_SMALLEST, _SIDE = 16, 1920  # of all pieces together: what engines are built for


@dataclass(frozen=True)
class _Nodes:
    """The points of the frame at which layers are described: ``NODES`` by ``NODES``, ``step`` pixels apart, from ``x``, ``y`` on."""

    x: float
    y: float
    step: float

    def along(self, start: float) -> np.ndarray:
        """(NODES,) their x or y in the frame."""
        return start + np.arange(NODES) * self.step


def sheet(fit: Fit, reading: Reading, crop: Crop, size: tuple[int, int], made: invented.Legs | None = None) -> dict[str, np.ndarray] | None:
    """Inputs of ``frame.dress`` by name, but for the frame, whose ``size`` is (H, W); None where the garment misses it.

    ``crop`` and ``reading`` are what ``fit`` was made of, ``made`` what the try-on network makes of legs (:mod:`engines.tryon.invented`).
    """
    boxes = np.array([layer.box for group in fit.layers for layer in group])
    x0, y0 = np.maximum(boxes[:, :2].min(0), 0).tolist()
    x1, y1 = np.minimum(boxes[:, 2:].max(0), size[::-1]).tolist()
    if x1 - x0 < 2 or y1 - y0 < 2:
        return None
    step = max(x1 - x0, y1 - y0) / (NODES - 3)
    nodes = _Nodes(x0 - step, y0 - step, step)  # the outermost lie beyond, so that nothing is drawn there
    pictures, garment, corners = _pictures([layer for group in fit.layers for layer in group])
    planes, bounds = np.zeros((LAYERS, 4, NODES, NODES), np.float32), np.zeros((LAYERS, 4), np.float32)
    planes[:, 2:] = np.array([-1, 1], np.float32)[:, None, None]  # what is not there covers nothing and takes no light
    number, clear = 0, np.ones((NODES, NODES), np.float32)
    for group in fit.layers:
        alone = _clear(group, nodes)
        if number:
            planes[number, 3] = _shadow(alone, nodes, fit.pose.width / crop.scale)
        clear *= alone
        for layer in group:
            (x, y), (height, width) = corners[number], pictures[number].shape[:2]
            planes[number, :2] = _taken(layer, (width, height), nodes) + np.array([x, y], np.float32)[:, None, None]
            planes[number, 2] = _cover(layer, nodes)
            bounds[number] = x - 1, y - 1, x + width, y + height
            number += 1
    unit = 1 / step
    return {
        "garment": garment[None],
        "matrix": crop.matrix[None].astype(np.float32),
        "place": np.array([[[unit, 0, -nodes.x * unit], [0, unit, -nodes.y * unit]]], np.float32),
        "layers": planes.reshape(1, -1, NODES, NODES),
        "bounds": bounds[None],
        "cells": _cells(fit, reading, crop, (x0, y0, x1, y1), size, clear, nodes, made)[None],
    }


def _pictures(layers: list[Layer]) -> tuple[list[np.ndarray], np.ndarray, list[tuple[int, int]]]:
    """The layers' pictures in the size that is drawn, or smaller where together they would be too large; and :func:`_beside`."""
    coarser = 1.0
    while True:
        pictures = [layer.piece.for_scale(layer.warp.scale() * coarser) for layer in layers]
        garment, corners = _beside(pictures)
        if max(garment.shape) <= _SIDE:
            return pictures, garment, corners
        coarser *= 1.5


def _beside(pictures: list[np.ndarray]) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """All pictures in one, in rows, each with a clear pixel around it; and where each one's first pixel (x, y) is."""
    x, y, below, corners = 1, 1, 1, []
    for picture in pictures:
        height, width = picture.shape[:2]
        if x + width >= _SIDE:
            x, y = 1, below
        corners.append((x, y))
        x, below = x + width + 1, max(below, y + height + 1)
    right = max(x + p.shape[1] for (x, _), p in zip(corners, pictures, strict=True))
    whole = np.zeros((max(below, _SMALLEST), max(right + 1, _SMALLEST), 4), np.uint8)
    for (x, y), picture in zip(corners, pictures, strict=True):
        whole[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
    return whole, corners


def _taken(layer: Layer, size: tuple[int, int], nodes: _Nodes) -> np.ndarray:
    """(2, NODES, NODES) x and y that each node is taken from in the layer's picture, whose ``size`` is (w, h)."""
    ratio = np.array(size) / layer.piece.picture.shape[1::-1]
    warp = layer.warp.then(ratio, (0.5 - np.array(layer.piece.origin)) * ratio - 0.5)
    down, across = _between(warp, 1, nodes.along(nodes.y)), _between(warp, 0, nodes.along(nodes.x))
    return np.asarray(np.einsum("ar,rck,bc->kab", down, warp.nodes, across, optimize=True), np.float32)


def _between(warp: Warp, axis: int, at: np.ndarray) -> np.ndarray:
    """(len(at), n) how much each of the warp's n rows or columns counts at pixels ``at``: straight on between the middles of cells."""
    count = warp.nodes.shape[1 - axis]
    place = np.clip((at - warp.origin[axis] - (warp.step - 1) / 2) / warp.step, 0, count - 1)
    return np.maximum(1 - np.abs(place[:, None] - np.arange(count)), 0).astype(np.float32)


def _cover(layer: Layer, nodes: _Nodes) -> np.ndarray:
    """(NODES, NODES) how far inside of what the layer may touch, in pixels of the frame; a half at its edge."""
    x, y = nodes.along(nodes.x), nodes.along(nodes.y)
    x0, y0, x1, y1 = layer.warp.box
    inside = np.minimum.outer(np.minimum(y - y0, y1 - 1 - y), np.minimum(x - x0, x1 - 1 - x)) + 1.0
    if layer.clip is None:
        return inside
    low, high = layer.clip.min(0) - 2 * nodes.step, layer.clip.max(0) + 2 * nodes.step
    columns, rows = (slice(*np.searchsorted(at, (low[i], high[i]))) for i, at in ((0, x), (1, y)))
    cover = np.full((NODES, NODES), -nodes.step)
    cover[rows, columns] = np.minimum(inside[rows, columns], distance(layer.clip, x[columns], y[rows]) + 0.5)
    return cover


def distance(corners: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(len(y), len(x)) how far the points of a grid lie inside of a polygon (N, 2), below 0 outside of it."""
    (ax, ay), (bx, by) = corners.T[..., None, None], np.roll(corners, -1, 0).T[..., None, None]
    dx, dy = bx - ax, by - ay
    px, py = x[None, None, :] - ax, y[None, :, None] - ay
    along = np.clip((px * dx + py * dy) / np.maximum(dx * dx + dy * dy, 1e-9), 0, 1)
    away = np.sqrt(((px - along * dx) ** 2 + (py - along * dy) ** 2).min(0))
    crossed = ((py < 0) != (py < dy)) & (px < py * dx / np.where(dy == 0, 1e-9, dy))
    return np.where(crossed.sum(0) % 2, away, -away)


def _clear(group: tuple[Layer, ...], nodes: _Nodes) -> np.ndarray:
    """(NODES, NODES) how much is seen through a group around each node."""
    clear = np.ones((NODES, NODES), np.float32)
    for layer in group:
        picture = layer.piece.for_scale(layer.warp.scale() * nodes.step)
        u, v = _taken(layer, (picture.shape[1], picture.shape[0]), nodes)
        alpha = cv2.remap(picture[..., 3], u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
        inside = np.clip((_cover(layer, nodes) - 0.5) / nodes.step + 0.5, 0, 1).astype(np.float32)
        clear *= 1 - alpha * inside / np.float32(255)
    return clear


def _shadow(clear: np.ndarray, nodes: _Nodes, width: float) -> np.ndarray:
    """(NODES, NODES) how much light a group leaves on those behind it: see :mod:`engines.tryon.dress`, whose blur this is on the nodes."""
    size = 2 * round(width * 0.04) + 1
    spread = ((size * size - 1) / 12) ** 0.5 / nodes.step
    blurred = cv2.GaussianBlur(clear, (0, 0), spread) if spread > 0.1 else clear
    return 1 - dress.SHADOW * (1 - blurred)


def _cells(
    fit: Fit, reading: Reading, crop: Crop, region: Box, size: tuple[int, int], clear: np.ndarray, nodes: _Nodes, made: invented.Legs | None
) -> np.ndarray:
    """(CELLS, 128, 96) planes on the parsing's cells, in the order in which the graph takes them."""
    bottom = fit.category in ("trousers", "skirt")
    sides = [] if bottom else bare_sides(fit.reach, fit.worn.sleeves, fit.worn.behind)
    if not bottom or made is not None:
        x0, y0, x1, y1 = invented.limits(fit, crop) if bottom else limits(sides, fit, crop)
        region = max(min(region[0], x0), 0), max(min(region[1], y0), 0), min(max(region[2], x1), size[1]), min(max(region[3], y1), size[0])
    cells = window(reading.parsing, crop, region)
    guide = Guide(cells.picture)
    folds = shade.folds(cells.picture, cells.of(*(OLD_BOTTOM if bottom else OLD_TOP)), fit.pose.width / 2, 0.9 - 0.4 * fit.printed)
    covered = _on_cells(1 - clear, nodes, cells)
    arms = None if bottom else arm_skin(fit.pose, cells)
    bare = invented.bare_legs(made, fit, cells) if arms is None else bare_skin(sides, fit, cells, folds, covered, arms)
    seen, stays, sleeves = in_front(fit.reach, fit.pose, fit.outline, fit.worn, cells, arms)
    body = surer(1.0 - cells.of("background"), visible.OUTLINE)
    for outline in fit.wide:
        visible.widen(body, cells.from_crop(outline))
    functions = guide.explain(body * (1.0 - surer(seen) * stays))
    steep = cv2.blur(sleeves, (3, 3)) * -3.0 + 2.0 if bare is None else np.ones_like(folds)
    shaded = [folds * factor for factor in shade.scene(crop.picture)]
    may = 1.0 - 5.0 * cells.of("face") * above_chin(fit.pose, cells)
    planes = [*cv2.split(functions), steep, *shaded, may, *_painted(bare, guide, cells, crop.scale)]
    left, top = int(cells.x[0, 0]) // 2, int(cells.y[0, 0]) // 2
    height, width = folds.shape
    rows, columns = reading.parsing.shape[1:]
    around = (top, rows - top - height), (left, columns - left - width)
    return np.pad(np.stack(planes).astype(np.float32), ((0, 0), *around), mode="edge")


def _on_cells(plane: np.ndarray, nodes: _Nodes, cells: Cells) -> np.ndarray:
    """A plane of the nodes at the middles of cells."""
    scale = nodes.step * cells.matrix[0, 0]
    start = cells.matrix[0, 0] * np.array([nodes.x, nodes.y]) + cells.matrix[:, 2]
    size = cells.x.shape[1], cells.y.shape[0]
    return cv2.warpAffine(plane, np.array([[scale, 0, start[0]], [0, scale, start[1]]]), size, flags=cv2.INTER_LINEAR)


def _painted(bare: Bare | None, guide: Guide, cells: Cells, scale: float) -> list[np.ndarray]:
    """Where the old garment is painted over, and with what: see :mod:`engines.tryon.paint`."""
    shape = cells.parsing.shape[1:]
    if bare is None:
        return [*np.zeros((4, *shape)), *np.full((5, *shape), -1.0), *np.zeros((6, *shape))]
    square = np.ones((3, 3), np.uint8)
    others = np.clip(1.0 - cells.of("background") - bare.cloth, 0.0, 1.0)
    functions = guide.explain(surer(bare.cloth, paint.OUTLINE) * (1.0 - surer(others, 0.4)))
    inner = cv2.morphologyEx(bare.cloth, cv2.MORPH_CLOSE, square) * 3.0 - 1.2
    near = cv2.dilate((bare.cloth > 0.4).astype(np.float32), square) * 2.0 - 0.5
    edges = [plane * (0.7 / scale) + 0.5 for plane in (bare.beyond, bare.bare, bare.arm)]
    return [*cv2.split(functions), inner, near, *edges, *cv2.split(bare.skin), *cv2.split(bare.behind)]
