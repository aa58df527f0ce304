"""Soft probabilities to crisp masks."""

from __future__ import annotations

import cv2
import numpy as np

from engines.tryon.matte import Guide, matte
from engines.tryon.skin import surer

SCALE = 4  # pixels of the picture a cell


def rgb1(picture: np.ndarray) -> np.ndarray:
    """R, G, B in 0..1 and a 1."""
    return np.dstack([picture.astype(np.float32) / 255, np.ones(picture.shape[:2], np.float32)])


def half_and_half(edge: int, noise: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """A picture (160, 160, 3) whose colour changes at column ``edge``, and a soft mask of its right side on (40, 40) cells."""
    picture = np.full((160, 160, 3), (200, 160, 140), np.float32)
    picture[:, edge:] = (60, 70, 90)
    picture += np.random.default_rng(3).normal(0, noise, picture.shape)
    mask = np.zeros((160, 160), np.float32)
    mask[:, edge:] = 1
    small = cv2.GaussianBlur(cv2.resize(mask, (40, 40), interpolation=cv2.INTER_AREA), (0, 0), 1.2)
    return np.clip(picture, 0, 255).astype(np.uint8), small


def crisp(picture: np.ndarray, small: np.ndarray) -> np.ndarray:
    guide = Guide(cv2.resize(picture, (40, 40), interpolation=cv2.INTER_AREA))
    matrix = np.array([[1 / SCALE, 0, 0.5 / SCALE - 0.5], [0, 1 / SCALE, 0.5 / SCALE - 0.5]])
    return matte(guide.explain(surer(small)), rgb1(picture), matrix)


def test_the_edge_lies_on_the_pictures_edge_and_is_narrow():
    for edge in (78, 79, 81, 83):  # not only where cells end
        mask = crisp(*half_and_half(edge))
        rows = mask[20:140]
        assert rows[:, : edge - 3].max() < 0.1
        assert rows[:, edge + 3 :].min() > 0.9
        between = ((rows > 0.1) & (rows < 0.9)).sum(1)
        assert np.median(between) <= 2


def test_far_inside_nothing_is_half_transparent():
    mask = crisp(*half_and_half(80, noise=8))
    assert mask[:, 100:].min() > 0.98
    assert mask[:, :60].max() < 0.02


def test_without_an_edge_in_the_picture_the_probability_decides():
    picture, small = half_and_half(80)
    picture[:] = 128
    mask = crisp(picture, small)
    assert mask[:, :66].max() < 0.2
    assert mask[:, 94:].min() > 0.8


def test_surer_keeps_the_middle():
    values = np.array([0.0, 0.2, 0.5, 0.8, 1.0], np.float32)
    made = surer(values)
    assert np.allclose(made[[0, 2, 4]], [0, 0.5, 1])
    assert made[1] < 0.1
    assert made[3] > 0.9
