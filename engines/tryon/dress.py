"""Draws a fitted garment onto the frame, at the frame's full size.

Everything small (the warp, what is in front, the light) was decided on the crop; here it is enlarged, put together and blended.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import cv2
import numpy as np

from engines.body import Reading
from engines.contract import CLASSES
from engines.crop import Crop
from engines.tryon import shade
from engines.tryon.fit import Fit, Layer
from engines.tryon.matte import Guide, matte
from engines.tryon.neck import neck_skin, old_collar
from engines.tryon.order import in_front
from engines.tryon.warp import Box

Spans = Callable[[str], AbstractContextManager[None]]

_SHADOW = 0.35  # how much darker a layer is beside the one over it

_WORN = {
    "top": [CLASSES.index(name) for name in ("upper-clothes", "coat", "dress", "jumpsuits")],
    "bottom": [CLASSES.index(name) for name in ("pants", "skirt", "dress", "jumpsuits", "left-leg", "right-leg")],
}


def dress(frame: np.ndarray, fit: Fit, reading: Reading, crop: Crop, spans: Spans | None = None) -> None:
    """Draw the garment of ``fit`` in place on ``frame`` (H, W, 3) RGB, from which ``crop`` and ``reading`` come."""
    region = _region(fit.layers, frame.shape)
    if region is None:
        return
    timed = spans or (lambda _: nullcontext())
    with timed("dress"):
        x0, y0, x1, y1 = region
        below = frame[y0:y1, x0:x1]
        drawn = _draw(fit.layers, fit.pose.width / crop.scale, region)
        small = cv2.resize(crop.picture, (96, 128), interpolation=cv2.INTER_AREA)
        guide = Guide(small)
        visible = _visible(below, fit, reading, crop, region, guide)
        if fit.opening is not None and fit.category != "outwear":  # under an open coat the old top is as it should be
            _clear_neck(below, fit, reading, crop, region, guide, small)
        worn = _WORN["bottom" if fit.category in ("trousers", "skirt") else "top"]
        light = shade.folds(crop.picture, reading.parsing[worn].sum(0), fit.pose.width, 0.9 - 0.4 * fit.printed)
        light = _enlarge(light, crop, region)
    with timed("paste"):
        _paste(below, drawn, visible, light, shade.scene(crop.picture))


def _region(layers: tuple[Layer, ...], shape: tuple[int, ...]) -> Box | None:
    """The part of the frame that the layers touch; None if they miss it."""
    boxes = np.array([layer.warp.box for layer in layers])
    x0, y0 = np.maximum(boxes[:, :2].min(0), 0).tolist()
    x1, y1 = np.minimum(boxes[:, 2:].max(0), shape[1::-1]).tolist()
    return (x0, y0, x1, y1) if x1 - x0 > 1 and y1 - y0 > 1 else None


def _draw(layers: tuple[Layer, ...], width: float, region: Box) -> np.ndarray:
    """(h, w, 4) premultiplied RGBA: the layers over one another, with the shadows they cast; ``width`` is the body's in pixels."""
    x0, y0, x1, y1 = region
    drawn = np.zeros((y1 - y0, x1 - x0, 4), np.uint8)
    around = 2 * round(width * 0.04) + 1
    for layer in layers:
        mapped = layer.warp.within(region)
        if mapped is None:
            continue
        (left, top, right, bottom), source = mapped
        picture = layer.piece.for_scale(layer.warp.scale())
        ratio = np.array(picture.shape[1::-1]) / layer.piece.picture.shape[1::-1]
        # From the garment's pixels to those of this size of the piece.
        x, y = 0.5 - np.array(layer.piece.origin)
        shrink = np.array([[ratio[0], 0, x * ratio[0] - 0.5], [0, ratio[1], y * ratio[1] - 0.5]])
        part = cv2.remap(picture, cv2.transform(source, shrink), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        if layer.clip is not None:
            inside = _polygon(layer.clip - [left, top], part.shape)
            part = cv2.multiply(part, cv2.merge([inside] * 4), scale=1 / 255)
        target = drawn[top - y0 : bottom - y0, left - x0 : right - x0]
        clear = cv2.bitwise_not(part[..., 3])
        shadow = clear
        if layer.raised:
            shadow = cv2.blur(clear, (around, around))
            shadow = cv2.multiply(cv2.addWeighted(shadow, _SHADOW, shadow, 0, 255 * (1 - _SHADOW)), clear, scale=1 / 255)
        cv2.add(part, cv2.multiply(target, cv2.merge([shadow, shadow, shadow, clear]), scale=1 / 255), dst=target)
    return drawn


def _visible(below: np.ndarray, fit: Fit, reading: Reading, crop: Crop, region: Box, guide: Guide) -> np.ndarray:
    """(h, w) how much of the garment is to be seen: not behind what is in front, not beside the body unless it is cut so wide."""
    colour = _colour(below)
    cells = _to_cells(crop, region)
    seen, stays, sleeves = in_front(fit.category, fit.reach, fit.pose, fit.outline, reading.parsing)
    visible = matte(guide.explain(1.0 - reading.parsing[0]), colour, cells)
    for polygon in fit.wide:
        inside = _polygon(crop.to_frame(polygon) - region[:2], visible.shape)
        np.maximum(visible, inside * np.float32(1 / 255), out=visible)
    stays, sleeves = cv2.split(_steep(_enlarge(cv2.blur(cv2.merge([stays, sleeves]), (3, 3)), crop, region)))
    visible *= 1.0 - matte(guide.explain(seen), colour, cells) * stays
    visible *= 1.0 - sleeves
    return visible


def _polygon(corners: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """255 inside a polygon, on pixels (h, w)."""
    inside = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.round(corners * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return inside


def _steep(mask: np.ndarray) -> np.ndarray:
    """Make the soft edge of an enlarged mask as narrow as an edge of the picture."""
    return np.clip(mask * 3.0 - 1.0, 0.0, 1.0)


def _colour(picture: np.ndarray) -> np.ndarray:
    """(h, w, 4) R, G, B in 0..1 and a 1."""
    return cv2.multiply(cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA), (1.0, 1.0, 1.0, 1.0), scale=1 / 255, dtype=cv2.CV_32F)


def _clear_neck(
    below: np.ndarray, fit: Fit, reading: Reading, crop: Crop, region: Box, guide: Guide, small: np.ndarray
) -> None:
    """Paint the neck's own colour over the old collar inside the new neckline, in place."""
    assert fit.opening is not None
    skin = neck_skin(small, reading.parsing, fit.pose)
    if skin is None:
        return
    cloth, outline = old_collar(fit.opening, fit.pose, reading.parsing)
    corners = crop.to_frame(outline) - region[:2]
    x0, y0 = np.maximum(np.floor(corners.min(0)).astype(int) - 1, 0)
    x1, y1 = np.minimum(np.ceil(corners.max(0)).astype(int) + 2, [below.shape[1], below.shape[0]])
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    part, box = below[y0:y1, x0:x1], (region[0] + int(x0), region[1] + int(y0), region[0] + int(x1), region[1] + int(y1))
    inside = _polygon(corners - [x0, y0], part.shape)
    share = matte(guide.explain(cloth), _colour(part), _to_cells(crop, box)) * (inside * np.float32(1 / 255))
    paint = cv2.multiply(_enlarge(skin, crop, box), cv2.merge([share] * 3))
    cv2.add(cv2.multiply(part, cv2.merge([1 - share] * 3), dtype=cv2.CV_32F), paint, dst=part, dtype=cv2.CV_8U)


def _to_cells(crop: Crop, region: Box) -> np.ndarray:
    """(2, 3) from pixels of the region to the parsing's cells."""
    matrix = crop.matrix.copy()
    matrix[:, 2] += matrix[:, :2] @ region[:2] - 0.5
    return matrix / 2


def _enlarge(small: np.ndarray, crop: Crop, region: Box) -> np.ndarray:
    """A plane on the parsing's cells at the size of the region."""
    size = region[2] - region[0], region[3] - region[1]
    return cv2.warpAffine(
        small, _to_cells(crop, region), size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )


def _paste(below: np.ndarray, drawn: np.ndarray, visible: np.ndarray, light: np.ndarray,
           tint: np.ndarray) -> None:  # fmt: skip
    """Blend the drawn garment over ``below``, in place; where nothing is drawn nothing changes."""
    stay = 1.0 - visible * (drawn[..., 3] * np.float32(1 / 255))
    light = light * visible
    cloth = cv2.multiply(cv2.cvtColor(drawn, cv2.COLOR_RGBA2RGB), cv2.merge([light * factor for factor in tint]), dtype=cv2.CV_32F)
    cv2.add(cv2.multiply(below, cv2.merge([stay] * 3), dtype=cv2.CV_32F), cloth, dst=below, dtype=cv2.CV_8U)
