"""Real pictures that networks are compared on: crops a user collected, or four of one portrait that come with it (NASA, public domain)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from engines.body import heatmaps
from engines.contract import CROP_HEIGHT, CROP_WIDTH, LANDMARKS, LAYERS, NODES, Contract, Tensor
from engines.errors import UserError
from engines.pictures import list_pictures, read_rgb

BUILT_IN = Path(__file__).parent
COLLECTED = BUILT_IN.parent.parent / "var" / "calibration"
"""Where ``python -m calibration collect`` keeps crops."""
MOST = 16
"""So many are enough to see whether a network is computed right."""


def sample_inputs(contract: Contract, folder: Path | None = None) -> dict[str, np.ndarray]:
    """Inputs of a network, by name, made of the first pictures of ``folder`` (default: the collected crops, else the built-in ones).

    Each is a batch of as many. Raises UserError for a folder without pictures, and for a network that takes something else.
    """
    if folder is None:
        folder = COLLECTED if COLLECTED.is_dir() and any(COLLECTED.glob("*.png")) else BUILT_IN
    pictures = [read_rgb(path) for path in list_pictures(folder)[:MOST]]
    return {tensor.name: np.stack([fitted(tensor, picture) for picture in pictures]) for tensor in contract.inputs}


def fitted(tensor: Tensor, picture: np.ndarray) -> np.ndarray:
    """The picture in the size of the tensor; where it has alpha, a disc is cut out on grey. What is no picture gets what it stands for."""
    if make := _MADE.get(tensor.name):
        return np.asarray(make(tensor, picture), tensor.dtype)
    if tensor.dtype != "uint8" or len(tensor.shape) != 4 or tensor.shape[3] not in (3, 4):
        raise UserError(f"The input '{tensor.name}' is no picture ({tensor.dtype} {list(tensor.shape)}): there are no samples for it.")
    height, width = tensor.shape[1] or picture.shape[0], tensor.shape[2] or picture.shape[1]
    sized = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    if tensor.shape[3] <= sized.shape[2]:
        return np.ascontiguousarray(sized[..., : tensor.shape[3]])
    alpha = cv2.ellipse(np.zeros((height, width), np.uint8), ((width / 2, height / 2), (0.8 * width, 0.8 * height), 0), 255, -1)
    return np.dstack([np.where(alpha[..., None] > 0, sized, 127).astype(np.uint8), alpha])


def _maps(tensor: Tensor, picture: np.ndarray) -> np.ndarray:
    points = np.random.default_rng(picture.size).uniform(0, (CROP_WIDTH, CROP_HEIGHT), (len(LANDMARKS), 2))
    return heatmaps.draw(points, CROP_HEIGHT // heatmaps.STRIDE, CROP_WIDTH // heatmaps.STRIDE)


def _planes(tensor: Tensor, picture: np.ndarray) -> np.ndarray:
    """What is bright, a little brighter, and so on."""
    grey = cv2.cvtColor(cv2.resize(picture, tensor.shape[2:0:-1], interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)  # type: ignore[arg-type]
    return np.dstack([np.where(grey > level, 255, 0) for level in np.linspace(40, 220, tensor.shape[3] or 1)])


def _waves(tensor: Tensor) -> np.ndarray:
    """Planes of -1..1, each with another wave across it."""
    plane, y, x = np.ogrid[tuple(slice(size) for size in tensor.shape[1:])]
    return np.sin(plane * 1.7 + y * (0.05 + 0.01 * (plane % 5)) + x * (0.11 - 0.02 * (plane % 4)))


def _layers(tensor: Tensor, picture: np.ndarray) -> np.ndarray:
    """A garment's layers, each a slope across its part of the picture."""
    waves, nodes = _waves(tensor).reshape(LAYERS, 4, NODES, NODES), np.arange(NODES)
    along = np.stack([np.broadcast_to(nodes * 1.3, (NODES, NODES)), np.broadcast_to(nodes[:, None] * 2.1, (NODES, NODES))])
    place = along + np.arange(LAYERS)[:, None, None, None] * 20.0 + 6 * waves[:, :2]
    return np.concatenate([place, 3 * waves[:, 2:3] + 1, 0.85 + 0.15 * waves[:, 3:]], 1).reshape(-1, NODES, NODES)


def _bounds(tensor: Tensor, picture: np.ndarray) -> np.ndarray:
    return np.arange(LAYERS)[:, None] * np.array([20, 10, 20, 10]) + np.array([-1, -1, 90, 140])


def _cells(tensor: Tensor, picture: np.ndarray) -> np.ndarray:
    """Planes around a half, the last six of them colours."""
    waves = _waves(tensor)
    return np.concatenate([0.5 + 0.6 * waves[:-6], 128 + 100 * waves[-6:]])


_MADE: dict[str, Callable[[Tensor, np.ndarray], Any]] = {
    "heatmaps": _maps,
    "matrix": lambda tensor, picture: [[0.6, 0, 12.3], [0, 0.6, 20.7]],
    "place": lambda tensor, picture: [[0.25, 0, 2.3], [0, 0.25, 1.1]],
    "layers": _layers,
    "bounds": _bounds,
    "cells": _cells,
    "body": _planes,
}
"""What is no picture, by the tensor's name."""
