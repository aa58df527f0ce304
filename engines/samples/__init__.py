"""Real pictures that networks are compared on: crops a user collected, or four of one portrait that come with it (NASA, public domain)."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from engines.body import heatmaps
from engines.contract import CROP_HEIGHT, CROP_WIDTH, LANDMARKS, Contract, Tensor
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
    if tensor.name == "matrix":
        return np.array([[0.6, 0, 12.3], [0, 0.6, 20.7]], np.float32)
    if tensor.name == "heatmaps":
        points = np.random.default_rng(picture.size).uniform(0, (CROP_WIDTH, CROP_HEIGHT), (len(LANDMARKS), 2))
        return heatmaps.draw(points, CROP_HEIGHT // heatmaps.STRIDE, CROP_WIDTH // heatmaps.STRIDE)
    if tensor.dtype != "uint8" or len(tensor.shape) != 4 or tensor.shape[3] not in (3, 4):
        raise UserError(f"The input '{tensor.name}' is no picture ({tensor.dtype} {list(tensor.shape)}): there are no samples for it.")
    height, width = tensor.shape[1] or picture.shape[0], tensor.shape[2] or picture.shape[1]
    sized = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    if tensor.shape[3] <= sized.shape[2]:
        return np.ascontiguousarray(sized[..., : tensor.shape[3]])
    alpha = cv2.ellipse(np.zeros((height, width), np.uint8), ((width / 2, height / 2), (0.8 * width, 0.8 * height), 0), 255, -1)
    return np.dstack([np.where(alpha[..., None] > 0, sized, 127).astype(np.uint8), alpha])
