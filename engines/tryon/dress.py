"""Draws a fitted garment onto the frame, at the frame's full size.

Everything small (the warp, what is in front, the light) was decided on the crop; here it is enlarged, put together and blended.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import cv2
import numpy as np

from engines.body import Reading
from engines.crop import Crop
from engines.tryon import invented, shade
from engines.tryon.bare import bare_sides, bare_skin, limits, to_paint
from engines.tryon.cells import window
from engines.tryon.fit import Fit, Layer
from engines.tryon.matte import Guide
from engines.tryon.order import OLD_BOTTOM, OLD_TOP, arm_skin
from engines.tryon.paint import paint
from engines.tryon.visible import off_face, polygon, unit_colours, visible
from engines.tryon.warp import Box

Spans = Callable[[str], AbstractContextManager[None]]

SHADOW = 0.35  # how much darker a layer is beside the one over it
_BOTTOMS = ("trousers", "skirt")


def dress(
    frame: np.ndarray, fit: Fit, reading: Reading, crop: Crop, spans: Spans | None = None, invent: invented.Invent | None = None
) -> None:
    """Draw the garment of ``fit`` in place on ``frame`` (H, W, 3) uint8 RGB, from which ``crop`` and ``reading`` come.

    ``spans`` times the stages: ``with spans("dress")``, ``with spans("paste")``. ``invent`` is the try-on network: with it legs are bare
    below a skirt, or trousers, shorter than what is worn.
    """
    bottom = fit.category in _BOTTOMS
    sides = [] if bottom else bare_sides(fit.reach, fit.worn.sleeves, fit.worn.behind)
    within = (0, 0, frame.shape[1], frame.shape[0])
    region = _region(fit.layers, within)
    if region is None:
        return
    timed = spans or (lambda _: nullcontext())
    made = None
    if not bottom:
        region = _around(region, limits(sides, fit, crop), within)
    elif invent is not None:
        with timed("dress"):
            made = invented.legs(invent, fit, reading, crop)
        region = region if made is None else _around(region, invented.limits(fit, crop), within)
    with timed("dress"):
        x0, y0, x1, y1 = region
        below = frame[y0:y1, x0:x1]
        drawn = _draw(fit.layers, fit.pose.width / crop.scale, region)
        cells = window(reading.parsing, crop, region)
        folds = shade.folds(cells.picture, cells.of(*(OLD_BOTTOM if bottom else OLD_TOP)), fit.pose.width / 2, 0.9 - 0.4 * fit.printed)
        guide, colours = Guide(cells.picture), unit_colours(below)
        covered = cells.shrink(drawn[..., 3], region)
        arms = None if bottom else arm_skin(fit.pose, cells)
        bare = invented.bare_legs(made, fit, cells) if arms is None else bare_skin(sides, fit, cells, folds, covered, arms)
        shown = visible(colours, guide, fit, cells, region, arms, old_sleeves=bare is None)
        may = off_face(fit.pose, cells, region)
        if bare is not None:
            paint(below, bare, cells, crop, region, guide, colours, may, drawn, shown, to_paint(bare, covered))
        shown = cv2.multiply(shown, may)
        light = cells.enlarge(folds, region)
    with timed("paste"):
        _paste(below, drawn, shown, light, shade.scene(crop.picture))


def _region(groups: tuple[tuple[Layer, ...], ...], within: Box) -> Box | None:
    """The part of ``within`` that the layers touch; None if they miss it."""
    boxes = np.array([layer.box for layers in groups for layer in layers])
    x0, y0 = np.maximum(boxes[:, :2].min(0), within[:2]).tolist()
    x1, y1 = np.minimum(boxes[:, 2:].max(0), within[2:]).tolist()
    return (x0, y0, x1, y1) if x1 - x0 > 1 and y1 - y0 > 1 else None


def _around(region: Box, other: Box, within: Box) -> Box:
    """The smallest box with both, cut to ``within``."""
    return (max(min(region[0], other[0]), within[0]), max(min(region[1], other[1]), within[1]),
            min(max(region[2], other[2]), within[2]), min(max(region[3], other[3]), within[3]))  # fmt: skip


def _draw(groups: tuple[tuple[Layer, ...], ...], width: float, region: Box) -> np.ndarray:
    """(h, w, 4) premultiplied RGBA: the layers over one another, with the shadows they cast; ``width`` is the body's in pixels."""
    drawn = np.zeros((region[3] - region[1], region[2] - region[0], 4), np.uint8)
    for layers in groups:
        box = _region((layers,), region)
        if box is None:
            continue
        x0, y0, x1, y1 = box
        target = drawn[y0 - region[1] : y1 - region[1], x0 - region[0] : x1 - region[0]]
        if layers is groups[0]:
            _draw_layers(layers, box, target)
            continue
        group = np.zeros((y1 - y0, x1 - x0, 4), np.uint8)
        _draw_layers(layers, box, group)
        _over(group, target, 2 * round(width * 0.04) + 1)
    return drawn


def _draw_layers(layers: tuple[Layer, ...], region: Box, onto: np.ndarray) -> None:
    """Draw the layers of one group over one another onto an empty (h, w, 4) picture of ``region``."""
    for layer in layers:
        box = _region(((layer,),), region)
        if box is None:
            continue
        picture = layer.piece.for_scale(layer.warp.scale())
        ratio = np.array(picture.shape[1::-1]) / layer.piece.picture.shape[1::-1]
        # From the garment's pixels to those of this size of the piece.
        mapped = layer.warp.then(ratio, (0.5 - np.array(layer.piece.origin)) * ratio - 0.5).within(box)
        if mapped is None:
            continue
        (x0, y0, x1, y1), source = mapped
        part = cv2.remap(picture, source, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)  # type: ignore[call-overload]
        if layer.clip is not None:
            part = cv2.bitwise_and(part, part, mask=polygon(layer.clip - [x0, y0], part.shape))
        target = onto[y0 - region[1] : y1 - region[1], x0 - region[0] : x1 - region[0]]
        if layer is layers[0]:
            target[:] = part
        else:
            _over(part, target, 0)


def _over(part: np.ndarray, target: np.ndarray, around: int) -> None:
    """Put a premultiplied part over ``target``, in place, with a shadow that reaches ``around`` pixels (0: none)."""
    clear = shadow = cv2.bitwise_not(cv2.extractChannel(part, 3))
    if around:
        shadow = cv2.blur(clear, (around, around))
        shadow = cv2.multiply(cv2.addWeighted(shadow, SHADOW, shadow, 0, 255 * (1 - SHADOW)), clear, scale=1 / 255)
    cv2.add(part, cv2.multiply(target, cv2.merge([shadow, shadow, shadow, clear]), scale=1 / 255), dst=target)


def _paste(below: np.ndarray, drawn: np.ndarray, shown: np.ndarray, light: np.ndarray, tint: np.ndarray) -> None:
    """Blend the drawn garment over ``below``, in place; where nothing is drawn nothing changes.

    In whole numbers, three times as fast as in floats: 255 times 255 over 255 is what it was.
    """
    stay = cv2.bitwise_not(cv2.multiply(drawn[..., 3], cv2.convertScaleAbs(shown, alpha=255), scale=1 / 255))
    brightest = float(light.max() * tint.max())
    light = cv2.multiply(light, shown)
    factors = cv2.merge([cv2.convertScaleAbs(light, alpha=255 * factor / brightest) for factor in tint.tolist()])
    cloth = cv2.multiply(cv2.cvtColor(drawn, cv2.COLOR_RGBA2RGB), factors, scale=brightest / 255)
    cv2.add(cv2.multiply(below, cv2.merge([stay] * 3), scale=1 / 255), cloth, dst=below)
