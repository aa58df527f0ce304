"""The light that carries over from the old garment."""

from __future__ import annotations

import numpy as np

from engines.tryon import shade

ROWS, COLUMNS, WIDTH = 80, 60, 30.0


def picture(lightness: np.ndarray) -> np.ndarray:
    return np.repeat(np.clip(lightness, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def worn() -> np.ndarray:
    cloth = np.zeros((ROWS, COLUMNS), np.float32)
    cloth[15:70, 12:48] = 1
    return cloth


def test_slow_light_is_taken_over():
    ramp = np.broadcast_to(np.linspace(110, 150, COLUMNS), (ROWS, COLUMNS))
    light = shade.folds(picture(ramp), worn(), WIDTH, 1.0)
    assert light.shape == (ROWS, COLUMNS)
    assert light[40, 42] > light[40, 30] + 0.03 > light[40, 18] + 0.06


def test_a_print_is_not():
    y, x = np.mgrid[:ROWS, :COLUMNS]
    fine = np.where((x + y) % 2, 90, 150)
    logo = np.full((ROWS, COLUMNS), 60)
    logo[30:45, 22:38] = 230
    for print_ in (fine, logo):
        inside = shade.folds(picture(print_), worn(), WIDTH, 1.0)[20:65, 16:44]
        assert np.ptp(inside) < 0.06


def test_it_stays_within_bounds_and_off_where_nothing_is_worn():
    steep = np.broadcast_to(np.linspace(10, 250, COLUMNS), (ROWS, COLUMNS))
    light = shade.folds(picture(steep), worn(), WIDTH, 1.0)
    assert light.min() >= shade.LOWEST
    assert light.max() <= shade.HIGHEST
    assert (shade.folds(picture(steep), np.zeros((ROWS, COLUMNS), np.float32), WIDTH, 1.0) == 1).all()


def test_the_scene_is_matched_mildly():
    bright, dim = np.full((256, 192, 3), 250, np.uint8), np.full((256, 192, 3), 90, np.uint8)
    warm = np.full((256, 192, 3), (230, 190, 150), np.uint8)
    assert np.allclose(shade.scene(bright), 1, atol=0.02)
    assert 0.5 < shade.scene(dim).mean() < 0.8
    factors = shade.scene(warm)
    assert factors[0] > factors[1] > factors[2]
    assert np.ptp(factors) < 0.13
