"""The One-Euro filter (Casiez, Roussel and Vogel, CHI 2012): steady when still, quick when moving."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

FRAME_SECONDS = 1 / 30
"""Time between two frames. Under overload frames are dropped and this is longer; the filter then only follows faster."""
NOISE_SPEED = 0.08
"""Speed that the noise of a still landmark looks like, sizes a second; slower is no movement."""


@dataclass(frozen=True, eq=False)
class Filtered:
    """The filter's state for N points: ``points`` and ``speeds`` float64 (N,2); speeds in sizes a second."""

    points: np.ndarray
    speeds: np.ndarray


def one_euro(
    points: np.ndarray, previous: Filtered | None, size: float, sure: np.ndarray, still_hz: float = 1.2, quickness: float = 14.0
) -> Filtered:
    """Smooth (N,2) pixel positions.

    ``size`` (pixels, the person's height) makes speeds independent of how large the person is; ``still_hz`` is the cut-off
    frequency at rest and ``quickness`` what one size a second adds to it, Hz. ``sure`` (N,) 0..1 slows points that are
    hardly seen: 0 keeps the previous position.
    """
    if previous is None:
        return Filtered(points.astype(float), np.zeros(points.shape))
    speeds = (points - previous.points) / size / FRAME_SECONDS
    speeds = previous.speeds + _weight(np.array(3.0)) * (speeds - previous.speeds)
    cutoff = still_hz + quickness * np.maximum(np.linalg.norm(speeds, axis=1) - NOISE_SPEED, 0)
    weight = (_weight(cutoff) * sure)[:, None]
    return Filtered(previous.points + weight * (points - previous.points), speeds)


def _weight(cutoff: np.ndarray) -> np.ndarray:
    """Share of the new value in a first-order low-pass of ``cutoff`` Hz."""
    rate = 2 * math.pi * cutoff * FRAME_SECONDS
    return rate / (rate + 1)
