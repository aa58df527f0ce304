"""What the try-on networks see: the person without what is to be changed, the garment as it was laid on, both on the parsing's cells.

The region that is free to change, where the old garment is, is filled with the person's own skin colour.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from engines.body import Reading
from engines.contract import BODY_PLANES, CLASSES
from engines.crop import Crop
from engines.tryon.fit import Fit, Layer
from engines.tryon.pose import Pose
from engines.tryon.skin import surer
from engines.tryon.visible import polygon

_OLD = 0.33
"""The old garment is taken a little larger than the parsing says: what is left of its rim would show what it was."""
_USUAL_SKIN = (205.0, 165.0, 145.0)
_ENOUGH = 6.0  # cells of skin
_PLANES = list(BODY_PLANES)
_THICK = (0.19, 0.15, 0.24)  # of upper arms, forearms and legs, in shoulder widths


@dataclass(frozen=True, eq=False)
class Agnostic:
    """The networks' inputs, without the batch."""

    person: np.ndarray
    """(128, 96, 4) uint8: RGB, the mean skin colour where the fourth plane, what is free to change, is 255."""
    body: np.ndarray
    """(128, 96, 11) uint8: the parsing in groups outside the free region, and the limbs as strokes; see ``contract.BODY_PLANES``."""
    garment: np.ndarray
    """(128, 96, 4) uint8: premultiplied RGBA of the garment on the body."""


def look(fit: Fit, reading: Reading, crop: Crop, old: np.ndarray) -> Agnostic:
    """The networks' inputs for a garment that was fitted to the body read on ``crop``; ``old`` (128, 96): where the old one is, 0..1."""
    picture = cv2.resize(crop.picture, (96, 128), interpolation=cv2.INTER_AREA)
    body = cv2.merge([*cv2.split(groups(reading.parsing)), *cv2.split(limbs(fit.pose))])
    free = free_region(old)
    person, body = hide(picture, body, free, skin_colour(picture, body, free))
    return Agnostic(person, body, draw_small(fit.layers, crop))


def groups(parsing: np.ndarray) -> np.ndarray:
    """(128, 96, 8) uint8 from (22, 128, 96) class probabilities: the first planes of ``contract.BODY_PLANES``."""
    planes = [np.sum([parsing[CLASSES.index(name)] for name in names], axis=0) for names in BODY_PLANES.values() if names]
    return cv2.convertScaleAbs(cv2.merge(planes), alpha=255)


def limbs(pose: Pose) -> np.ndarray:
    """(128, 96, 3) uint8: upper arms, forearms, legs as thick strokes from joint to joint; they tell where skin belongs."""
    drawn = np.zeros((3, 128, 96), np.uint8)
    for side in (0, 1):
        for plane, joints in enumerate((
            (pose.shoulders[side], pose.elbows[side]),
            (pose.elbows[side], pose.wrists[side]),
            (pose.hip_joints[side], pose.knees[side], pose.ankles[side]),
        )):  # fmt: skip
            line = np.round((np.clip(np.array(joints), -400, 600) - 0.5) * 8).astype(np.int32)  # in sixteenths of a cell
            cv2.polylines(drawn[plane], [line], False, 255, max(round(_THICK[plane] * pose.width / 2), 1), cv2.LINE_AA, 4)
    return np.ascontiguousarray(drawn.transpose(1, 2, 0))


def skin_colour(picture: np.ndarray, body: np.ndarray, free: np.ndarray) -> np.ndarray:
    """(3,) the mean colour of the person's arms and face outside the ``free`` region; arms count most.

    ``picture`` (128, 96, 3) and the planes ``body`` are uint8.
    """
    weight = np.zeros(free.shape, np.float32)
    for name, share in (("arms", 4.0), ("face", 1.0)):
        plane = body[..., _PLANES.index(name)]
        weight += np.where((plane > 217) & (free < 128), np.float32(share), np.float32(0))
    total = float(weight.sum())
    mean = weight.ravel() @ picture.reshape(-1, 3).astype(np.float32) / max(total, 1e-6)
    sure = min(total / _ENOUGH, 1.0)
    return np.asarray(sure * mean + (1 - sure) * np.array(_USUAL_SKIN), np.float32)


def old_cloth(category: str, parsing: np.ndarray) -> np.ndarray:
    """(128, 96) float32: the probability that a garment of ``category`` takes the place of what is worn here."""
    names = ("pants", "skirt") if category in ("trousers", "skirt") else ("upper-clothes", "coat", "dress", "jumpsuits")
    return np.asarray(np.sum([parsing[CLASSES.index(name)] for name in names], axis=0))


def free_region(old: np.ndarray) -> np.ndarray:
    """(128, 96) uint8, 255 where the picture is free to change, from the probability of the old garment."""
    return cv2.dilate(cv2.convertScaleAbs(surer(old, _OLD), alpha=255), np.ones((5, 5), np.uint8))


def hide(picture: np.ndarray, body: np.ndarray, free: np.ndarray, skin: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """``person`` and ``body`` of :class:`Agnostic`: the free region (128, 96) painted over, and nothing said of what is in it."""
    keep = cv2.bitwise_not(free)
    paint = cv2.merge([cv2.convertScaleAbs(free, alpha=float(value) / 255) for value in skin])
    person = cv2.add(cv2.multiply(picture, cv2.merge([keep] * 3), scale=1 / 255), paint)
    known = len([names for names in BODY_PLANES.values() if names])
    planes = cv2.split(body)
    planes = [cv2.multiply(plane, keep, scale=1 / 255) if i < known else plane for i, plane in enumerate(planes)]
    return cv2.merge([person, free]), cv2.merge(planes)


def draw_small(groups: tuple[tuple[Layer, ...], ...], crop: Crop) -> np.ndarray:
    """(128, 96, 4) uint8: the layers of a fit on the cells of the parsing, premultiplied RGBA, without shadows."""
    drawn = np.zeros((128, 96, 4), np.uint8)
    for layers in groups:
        for layer in layers:
            part = _layer(layer, crop)
            clear = cv2.bitwise_not(cv2.extractChannel(part, 3))
            cv2.add(part, cv2.multiply(drawn, cv2.merge([clear] * 4), scale=1 / 255), dst=drawn)
    return drawn


def _layer(layer: Layer, crop: Crop) -> np.ndarray:
    warp, piece = layer.warp, layer.piece
    size = 2 / crop.scale  # frame pixels a cell
    # From cells to the warp's nodes: column c is centred on crop px 2c + 0.5, node n on frame px origin + n step + (step - 1) / 2.
    first = crop.to_frame(np.array([0.5, 0.5]))
    matrix = np.array([[size / warp.step, 0, (first[0] - warp.origin[0] - (warp.step - 1) / 2) / warp.step],
                       [0, size / warp.step, (first[1] - warp.origin[1] - (warp.step - 1) / 2) / warp.step]])  # fmt: skip
    picture = piece.for_scale(warp.scale() * size)
    ratio = np.array(picture.shape[1::-1]) / piece.picture.shape[1::-1]
    nodes = (warp.nodes + np.float32(0.5) - np.array(piece.origin, np.float32)) * ratio.astype(np.float32) - np.float32(0.5)
    source = cv2.warpAffine(nodes.astype(np.float32), matrix, (96, 128), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                            borderMode=cv2.BORDER_CONSTANT, borderValue=(-1e4, -1e4))  # fmt: skip
    part = cv2.remap(picture, source, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)  # type: ignore[call-overload]
    if layer.clip is not None:
        part = cv2.bitwise_and(part, part, mask=polygon((crop.to_crop(layer.clip) - 0.5) / 2, part.shape))
    return np.asarray(part)
