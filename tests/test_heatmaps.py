"""Heat maps: drawn and decoded to a fraction of a cell."""

import numpy as np
import pytest

from engines.body import heatmaps


def test_positions_come_back_to_a_fraction_of_a_pixel():
    random = np.random.default_rng(3)
    points = np.column_stack([random.uniform(10, 180, 18), random.uniform(10, 245, 18), np.ones(18)])
    decoded = heatmaps.decode(heatmaps.draw(points, 64, 48))
    assert np.abs(decoded[:, :2] - points[:, :2]).max() < 0.5
    assert (decoded[:, 2] > 0.9).all()


def test_a_landmark_outside_the_crop_leaves_no_score():
    points = np.full((18, 3), -60.0)
    assert (heatmaps.decode(heatmaps.draw(points, 64, 48))[:, 2] < 0.01).all()


def test_the_edge_of_the_map_is_no_special_case():
    points = np.array([[1.5, 1.5, 1], [189.5, 253.5, 1]] * 9)
    decoded = heatmaps.decode(heatmaps.draw(points, 64, 48))
    assert decoded[:, :2] == pytest.approx(points[:, :2], abs=2.5)


def test_noise_far_from_the_peak_does_not_pull():
    maps = heatmaps.draw(np.array([[100.0, 100.0, 1.0]] * 18), 64, 48)
    maps[:, 50:54, 5:9] = 0.5
    assert heatmaps.decode(maps)[:, :2] == pytest.approx(np.full((18, 2), 100.0), abs=0.5)
