"""Masks of the garment photos to train on: ``python -m engines.training.masks --data ../shared/data --out runs/masks``.

Three opinions a photo, GrabCut from other rectangles in other colours, as the bits of a small PNG: where they agree they are mostly right.
Continues where it stopped.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from engines.garment.cutting import rectangle
from engines.pictures import read_rgb

_SIDE = 224


def opinions(picture: np.ndarray) -> np.ndarray:
    """uint8 (h,w), longest side 224 px: bit 0 RGB, bit 1 CIELAB, bit 2 smoothed RGB; ``picture`` uint8 (H,W,3) RGB."""
    scale = _SIDE / max(picture.shape[:2])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    runs = rectangle(small, 8), rectangle(cv2.cvtColor(small, cv2.COLOR_RGB2LAB), 4), rectangle(cv2.medianBlur(small, 5), 14)
    return np.asarray(sum(run.astype(np.uint8) << bit for bit, run in enumerate(runs)), np.uint8)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with garments/")
    parser.add_argument("--out", type=Path, default=Path("runs/masks"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for path in tqdm(sorted((args.data / "garments").glob("*/*/*.jpg")), unit="photo"):
        target = args.out / f"{path.parts[-3]}_{path.parent.name}_{path.stem}.png"
        if not target.exists():
            cv2.imwrite(str(target), opinions(read_rgb(path)))


if __name__ == "__main__":
    main()
