"""Folds and unevenness of cloth as height fields in centimetres."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Fold:
    """One ridge: starts at (x, y), runs ``length`` cm towards ``angle`` (degrees, 0 = right, 90 = down), fading out."""

    x: float
    y: float
    angle: float
    length: float
    width: float = 1.0
    height: float = 0.3
    bend: float = 0.0
    """Sideways departure at the end, in cm."""
    sharp: float = 2.2
    """How much softer one flank is than the other."""

    def __call__(self, x: Field, y: Field) -> Field:
        c, s = math.cos(math.radians(self.angle)), math.sin(math.radians(self.angle))
        dx, dy = x - self.x, y - self.y
        along = (dx * c + dy * s) / self.length
        across = dy * c - dx * s - self.bend * along * along
        width = self.width * (0.55 + 0.8 * np.clip(along, 0, 1))
        flank = np.where(across > 0, width * self.sharp, width)
        rise = np.clip(along / 0.2 + 0.25, 0, 1)
        fade = np.clip((1 - along) / 0.7, 0, 1)
        window = (rise * rise * (3 - 2 * rise)) * (fade * fade * (3 - 2 * fade))
        return np.asarray(self.height * window * np.exp(-((across / flank) ** 2)), np.float32)


def fan(rng: np.random.Generator, x: float, y: float, angle: float, spread: float, count: int, length: float, width: float = 0.9,
        height: float = 0.25, scatter: float = 1.0) -> list[Fold]:  # fmt: skip
    """Folds that leave one place in several directions, as at an armpit or an elbow."""
    return [
        Fold(
            x + rng.normal(0, scatter), y + rng.normal(0, scatter), angle + spread * (i / max(count - 1, 1) - 0.5) + rng.normal(0, 4),
            length * rng.uniform(0.6, 1.15), width * rng.uniform(0.7, 1.3), height * rng.uniform(0.6, 1.3),
            rng.normal(0, 0.12) * length, rng.uniform(1.2, 2.6),
        )
        for i in range(count)
    ]  # fmt: skip


def drape(rng: np.random.Generator, left: float, right: float, y: float, count: int, length: float, width: float = 1.6,
          height: float = 0.4, lean: float = 0.0) -> list[Fold]:  # fmt: skip
    """Folds that rise from a hem and lose themselves upwards; those at the sides lean outwards by ``lean`` degrees."""
    folds = []
    for i in range(count):
        t = (i + 0.5) / count + rng.normal(0, 0.12 / count)
        folds.append(Fold(left + (right - left) * t, y + rng.uniform(0, 1), -90 + lean * (1 - 2 * t) + rng.normal(0, 2),
                          length * rng.uniform(0.6, 1.1), width * rng.uniform(0.7, 1.3), height * rng.uniform(0.6, 1.3),
                          rng.normal(0, 0.05) * length, rng.uniform(1.2, 2.2)))  # fmt: skip
    return folds


def waves(rng: np.random.Generator, x: Field, y: Field, wavelength: float, stretch: float = 1.0, angle: float = 0.0) -> Field:
    """Smooth noise about -1..1; its waves are ``stretch`` times as long along ``angle`` as across."""
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    u, v = (x * c + y * s) / (wavelength * stretch), (y * c - x * s) / wavelength
    lattice = rng.normal(0, 0.8, (64, 64)).astype(np.float32)
    lattice = np.tile(lattice, (2, 2))
    u, v = u - np.floor(u.min()) + 2, v - np.floor(v.min()) + 2
    sampled = cv2.remap(lattice, (u % 64 + 2).astype(np.float32), (v % 64 + 2).astype(np.float32), cv2.INTER_CUBIC)
    return np.asarray(sampled, np.float32)


def creases(rng: np.random.Generator, x: Field, y: Field, wavelength: float, stretch: float = 2.5, angle: float = 0.0) -> Field:
    """Ridges about 0..1 as cloth has them that was worn or folded: sharp on top, wandering."""
    wander = waves(rng, x, y, wavelength * 2.5)
    bent = waves(rng, x + wavelength * 0.5 * wander, y - wavelength * 0.4 * wander, wavelength, stretch, angle)
    ridged = 1 - np.sqrt(bent * bent + 0.02)
    return np.asarray(np.clip(ridged, 0, 1) ** 2.5 * np.clip(0.5 + waves(rng, x, y, wavelength * 3), 0, 1), np.float32)
