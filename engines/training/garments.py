"""The garment photos (see the data's README) in memory, their split, and the masks made of them by engines.training.masks."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from engines.contract import KINDS
from engines.pictures import read_rgb


@dataclass(frozen=True, eq=False)
class Photo:
    """One photo of a piece: ``picture`` (H,W,3) uint8 RGB, and where its masks lie."""

    stem: str
    """FOLDER_KIND_NAME, as in the masks' file names."""
    kind: int
    """Index into :data:`engines.contract.KINDS`."""
    picture: np.ndarray
    mask_file: Path

    @cached_property
    def opinions(self) -> np.ndarray | None:
        """(H,W) uint8, bit i set where opinion i takes a pixel for the garment's; None where no masks were made."""
        packed = cv2.imread(str(self.mask_file), cv2.IMREAD_GRAYSCALE) if self.mask_file.exists() else None
        if packed is None:
            return None
        return np.asarray(cv2.resize(packed, self.picture.shape[1::-1], interpolation=cv2.INTER_NEAREST))

    @cached_property
    def coarse(self) -> bool:
        """Whether the masks are too small to teach an outline."""
        packed = cv2.imread(str(self.mask_file), cv2.IMREAD_GRAYSCALE)
        return packed is None or max(packed.shape) < 150

    def mask(self, number: int) -> np.ndarray | None:
        """uint8 (H,W), 255 where opinion ``number`` (0..2) sees the garment; None where there is none or it is useless."""
        if self.opinions is None:
            return None
        mask = (self.opinions >> number & 1) * np.uint8(255)
        return mask if 0.05 < cv2.mean(mask)[0] / 255 < 0.95 else None


def load(data: Path, masks: Path, split: str, longest: int, only: Callable[[Path], bool] = lambda path: True) -> list[Photo]:
    """The photos of ``split`` (train or validation), their longest side ``longest`` px."""

    def read(path: Path) -> Photo:
        picture = read_rgb(path)
        scale = longest / max(picture.shape[:2])
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        stem = f"{split}_{path.parent.name}_{path.stem}"
        return Photo(stem, KINDS.index(path.parent.name), picture, masks / f"{stem}.png")

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(read, sorted(filter(only, (data / "garments" / split).glob("*/*.jpg")))))
