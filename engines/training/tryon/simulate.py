"""Makes the networks' inputs of a pair: which old garment the person might have worn instead, and how wrong the landmark warp might be.

Who only ever saw the garment's own region free would learn to fill it with the garment. So bare arms and legs, the neck and what is
around are taken away as well, as if a longer and wider garment had been worn; what is there is known, and to be given back.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engines.contract import BODY_PLANES
from engines.training.tryon.pairs import BODY, GARMENT, OLD, PICTURE, TRUTH
from engines.tryon.agnostic import free_region, hide, skin_colour
from engines.tryon.gmm.network import laid, plate_basis

Random = np.random.Generator

_AT = {name: index for index, name in enumerate(BODY_PLANES)}
_BASIS = torch.from_numpy(plate_basis(32, 24))


def simulate(row: np.ndarray, random: Random | None) -> dict[str, np.ndarray]:
    """A pair (128, 96, 20) as inputs ``person``, ``body``, ``garment`` and, to compare with, ``picture``, ``truth``,
    ``bare``, where skin is, and ``other``, where nothing can be compared.

    Without ``random`` only the garment's own region is free.
    """
    if random is not None and random.random() < 0.5:
        row = row[:, ::-1]
    picture, body, garment = (np.ascontiguousarray(row[..., planes]) for planes in (PICTURE, BODY, GARMENT))
    free = free_region(row[..., OLD].astype(np.float32) * np.float32(1 / 255))
    if random is not None:
        free = _longer(free, body, garment, random)
    person, known = hide(picture, body, free, skin_colour(picture, body, free))
    truth = np.ascontiguousarray(row[..., TRUTH])
    cloth = np.maximum(body[..., _AT["top"]], body[..., _AT["bottom"]])
    bare = np.maximum.reduce([body[..., _AT[name]] for name in ("face", "arms", "legs")])
    # What else is worn there cannot be known, and under clothes it is skin that is to be invented: nothing is asked.
    other = np.where((cloth > 128) & (truth < 128) & (free > 0), 255, 0).astype(np.uint8)
    return {"person": person, "body": known, "garment": garment, "picture": picture, "truth": truth, "other": other, "bare": bare}


def _longer(free: np.ndarray, body: np.ndarray, garment: np.ndarray, random: Random) -> np.ndarray:
    """The free region of an old garment that was longer, wider, higher at the neck."""
    if random.random() < 0.5:
        free = _grow(free, int(random.integers(1, 4)))
    for names, chance in ((("upper-arm strokes", "forearm strokes"), 0.7), (("leg strokes",), 0.35)):
        if random.random() < chance:
            strokes = [body[..., _AT[name]] for name in names][: 1 + int(random.random() < 0.75)]
            limb = _grow(np.maximum.reduce(strokes), int(random.integers(0, 5)))
            limb = _part(limb, random)
            free = np.maximum(free, limb)
    skin = body[..., _AT["face"]]
    if random.random() < 0.4:
        free = np.maximum(free, np.minimum(skin, _grow(free, int(random.integers(2, 8)))))
    if random.random() < 0.3:  # where the garment will be, something else was
        free = np.maximum(free, np.minimum(garment[..., 3], 255 - np.maximum(skin, body[..., _AT["hair"]])))
    head = np.maximum(body[..., _AT["hair"]], np.where(_grow(free, 4) > 0, 0, skin).astype(np.uint8))
    return np.minimum(free, cv2.bitwise_not(head))


def _grow(plane: np.ndarray, cells: int) -> np.ndarray:
    return cv2.dilate(plane, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * cells + 1, 2 * cells + 1))) if cells else plane


def _part(limb: np.ndarray, random: Random) -> np.ndarray:
    """Both limbs, or one; sometimes only down to somewhere."""
    ys, xs = np.nonzero(limb)
    if not len(xs):
        return limb
    limb = limb.copy()
    side = random.random()
    middle = (int(xs.min()) + int(xs.max())) // 2
    if side < 0.25:
        limb[:, :middle] = 0
    elif side < 0.5:
        limb[:, middle:] = 0
    if random.random() < 0.4:
        limb[int(random.integers(ys.min(), ys.max() + 1)) :] = 0
    return limb


def push(garment: Tensor, random: Random) -> Tensor:
    """Garments (N,4,128,96) laid wrongly, as with wrong landmarks: smoothly moved by some crop pixels, most of them a little."""
    count = len(garment)
    size = torch.from_numpy(random.gamma(1.2, 2.2, (count, 1, 1)).astype(np.float32))
    points = torch.from_numpy(random.normal(0, 1, (count, 2, 25)).astype(np.float32))
    whole = torch.from_numpy(random.normal(0, 0.7, (count, 2, 1)).astype(np.float32))
    return laid(garment, ((points + whole) * size @ _BASIS).reshape(count, 2, 32, 24))


def stack(samples: list[dict[str, np.ndarray]]) -> dict[str, Tensor]:
    """A batch: float planes (N,C,128,96), 0..255."""
    joined = {name: np.stack([sample[name] for sample in samples]) for name in samples[0]}
    tensors = {name: torch.from_numpy(values if values.ndim == 4 else values[..., None]) for name, values in joined.items()}
    return {name: values.permute(0, 3, 1, 2).float() for name, values in tensors.items()}


def down(planes: Tensor, factor: int) -> Tensor:
    """Planes at 1/factor of the size."""
    return F.avg_pool2d(planes, factor)
