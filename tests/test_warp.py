"""Thin-plate splines and their grids."""

from __future__ import annotations

import numpy as np
import pytest

from engines.tryon.warp import ThinPlate

CORNERS = np.array([[10.0, 20.0], [210.0, 25.0], [205.0, 320.0], [5.0, 300.0], [100.0, 150.0]])


def test_points_are_met():
    taken = np.random.default_rng(1).uniform(0, 500, CORNERS.shape)
    assert np.allclose(ThinPlate(CORNERS, taken)(CORNERS), taken, atol=1e-3)


def test_stiffness_bends_less():
    taken = CORNERS.copy()
    taken[4] += 40
    soft, stiff = ThinPlate(CORNERS, taken), ThinPlate(CORNERS, taken, 1.0)
    assert np.abs(stiff(CORNERS)[4] - CORNERS[4]).max() < np.abs(soft(CORNERS)[4] - CORNERS[4]).max() * 0.7


def test_straight_lines_stay_straight_under_a_straight_map():
    turn = np.array([[2.0, 0.3], [-0.2, 1.5]])
    plate = ThinPlate(CORNERS, CORNERS @ turn.T + [7, 9])
    line = np.linspace([20, 40], [180, 280], 50)
    assert np.allclose(plate(line), line @ turn.T + [7, 9], atol=1e-3)


def test_points_that_fall_together_are_no_error():
    drawn = np.concatenate([CORNERS, CORNERS[:1]])
    assert np.isfinite(ThinPlate(drawn, drawn * 2)(CORNERS)).all()


def test_the_enlarged_grid_is_the_spline():
    taken = CORNERS * 3 + np.random.default_rng(2).uniform(-15, 15, CORNERS.shape)
    plate = ThinPlate(CORNERS, taken)
    warp = plate.grid(margin=12, cells=36)
    found = warp.within((30, 40, 190, 300))
    assert found is not None
    box, source = found
    assert box == (30, 40, 190, 300)
    x, y = np.meshgrid(np.arange(30, 190), np.arange(40, 300))
    exact = plate(np.stack([x, y], -1).reshape(-1, 2).astype(float)).reshape(source.shape)
    assert np.abs(source - exact).max() < 1.0  # pixels of the garment, where 3 fall on one that is drawn
    assert warp.scale() == pytest.approx(3, rel=0.1)


def test_a_region_elsewhere_gets_nothing():
    warp = ThinPlate(CORNERS, CORNERS).grid(margin=5, cells=20)
    assert warp.within((1000, 0, 1100, 50)) is None
    part = warp.within((-50, -50, 40, 60))
    assert part is not None
    assert part[0][:2] == warp.box[:2]
