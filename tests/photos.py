"""Photos as staff take them: a garment of the project on a floor, in every format and state a phone or a camera may send."""

from __future__ import annotations

import io

import cv2
import numpy as np
from PIL import Image

from streamer.catalog import BUILT_IN


def floor(height: int, width: int, seed: int = 1) -> np.ndarray:
    """Grey boards with grain: uint8 (H,W,3)."""
    noise = np.random.default_rng(seed)
    grain = cv2.resize(noise.normal(0, 9, (height, max(2, width // 40))).astype(np.float32), (width, height))
    boards = 8.0 * (np.arange(width) // 90 % 3)
    light = grain + boards[None] + noise.normal(0, 3, (height, width))
    return np.clip(np.array([128, 118, 106]) + light[..., None], 0, 255).astype(np.uint8)


def lying(
    id: str = "tee-sunset", size: tuple[int, int] = (800, 600), scale: float = 0.8, shift: tuple[float, float] = (0, 0)
) -> np.ndarray:
    """A built-in garment on the floor: RGB uint8 (H,W,3) of ``size`` (height, width).

    ``scale``: how much of the photo it takes; ``shift``: right and down, in parts of the photo.
    """
    height, width = size
    garment = cv2.cvtColor(cv2.imread(str(BUILT_IN / f"{id}.png"), cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA).astype(np.float32)
    times = scale * min(height / garment.shape[0], width / garment.shape[1])
    x, y = (width - garment.shape[1] * times) / 2 + shift[0] * width, (height - garment.shape[0] * times) / 2 + shift[1] * height
    garment[..., :3] *= garment[..., 3:] / 255
    placed = cv2.warpAffine(garment, np.array([[times, 0, x], [0, times, y]]), (width, height), flags=cv2.INTER_AREA)
    return np.clip(placed[..., :3] + floor(height, width) * (1 - placed[..., 3:] / 255), 0, 255).astype(np.uint8)


def coded(picture: np.ndarray, kind: str = "JPEG", mode: str | None = None, **options: object) -> bytes:
    """A picture as a file of this kind."""
    file = io.BytesIO()
    image = Image.fromarray(picture)
    (image.convert(mode) if mode else image).save(file, kind, **options)
    return file.getvalue()


def turned(picture: np.ndarray) -> bytes:
    """A JPEG whose pixels lie on their side, and whose EXIF says so."""
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    return coded(np.ascontiguousarray(np.rot90(picture)), exif=exif)


def deep(picture: np.ndarray) -> bytes:
    """A PNG of 16 bits a channel."""
    return cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR).astype(np.uint16) * 257)[1].tobytes()
