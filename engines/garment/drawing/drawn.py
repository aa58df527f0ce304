"""What drawing a garment yields."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.contract import CATEGORY_LANDMARKS
from engines.garment.drawing.canvas import Canvas
from engines.garment.drawing.geometry import XY, Path, resample


@dataclass(frozen=True)
class Drawn:
    """A finished garment: ``picture`` (H, W, 4) RGBA; points in pixels of it."""

    id: str
    name: str
    category: str
    picture: NDArray[np.uint8]
    landmarks: dict[str, XY]
    opening: list[XY]
    """Outline of the neck opening, where the inside of the back shows; empty where there is none."""


def finish(canvas: Canvas, id: str, name: str, category: str, landmarks: dict[str, XY], opening: Path | None = None) -> Drawn:
    """Bring the canvas to a picture and keep the landmarks that the category has (an outer garment may keep its centre front)."""
    wanted = {key: landmarks[key] for key in CATEGORY_LANDMARKS[category]}
    outline = [] if opening is None else [(float(x), float(y)) for x, y in resample(opening, 1.5)]
    picture, points = canvas.finish({**wanted, **{str(i): point for i, point in enumerate(outline)}})
    return Drawn(id, name, category, picture, {key: points[key] for key in wanted}, [points[str(i)] for i in range(len(outline))])
