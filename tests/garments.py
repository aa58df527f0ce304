"""Photos for the tests of the garment networks: drawn garments laid on floors, so that the truth is known."""

from functools import cache

import cv2
import numpy as np

from engines.garment.drawing import tees, trousers
from engines.garment.drawing.drawn import Drawn

DRAWERS = {"breton": tees.breton, "jeans": trousers.jeans}


@cache
def drawn(name: str) -> Drawn:
    return DRAWERS[name]()


def floor(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Painted boards, unevenly lit: uint8 (height,width,3)."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    board = x // max(8, width // 7)
    tone = random.normal(0, 9, board.max() + 1)[board] + 6 * np.sin(y / 37 + 5 * np.sin(board * 7.0)) - 22 * (x / width)
    grain = cv2.GaussianBlur(random.normal(0, 40, (height, width)), (0, 0), sigmaX=0.8, sigmaY=9)
    picture = np.array([150, 158, 140]) + (tone + grain)[..., None]
    return np.clip(picture, 0, 255).astype(np.uint8)


def laid(name: str, height: int = 640, at: tuple[float, float] = (0.5, 0.5), share: float = 0.8, seed: int = 0):
    """A drawn garment on a floor 3:4 wide: picture, alpha (H,W) 0..1, landmarks {NAME: (x, y)}."""
    garment = drawn(name)
    width = height * 3 // 4
    scale = share * min(height / garment.picture.shape[0], width / garment.picture.shape[1])
    onto = np.array([[scale, 0, at[0] * width - scale * garment.picture.shape[1] / 2],
                     [0, scale, at[1] * height - scale * garment.picture.shape[0] / 2]])  # fmt: skip
    premultiplied = garment.picture.astype(np.float32)
    premultiplied[..., :3] *= premultiplied[..., 3:] / 255
    small = cv2.GaussianBlur(premultiplied, (0, 0), max(0.1, 0.4 / scale))
    moved = cv2.warpAffine(small, onto, (width, height), flags=cv2.INTER_LINEAR)
    alpha = moved[..., 3:] / 255
    shadow = cv2.GaussianBlur(alpha, (0, 0), 5)[..., None]
    picture = floor(height, width, seed) * (1 - 0.12 * shadow) * (1 - alpha) + moved[..., :3]
    points = {n: (x * scale + onto[0, 2], y * scale + onto[1, 2]) for n, (x, y) in garment.landmarks.items()}
    return np.clip(picture, 0, 255).astype(np.uint8), alpha[..., 0], points
