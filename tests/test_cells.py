"""The window of the parsing: enlarged onto the frame, shrunk back."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engines.tryon.cells import Cells, apart


def cells(plane: np.ndarray, matrix: np.ndarray) -> Cells:
    rows, columns = plane.shape
    return Cells(plane[None], np.zeros((rows, columns, 3), np.uint8), np.zeros((1, columns)), np.zeros((rows, 1)), matrix)


@pytest.mark.parametrize("seed", range(40))
def test_enlarging_is_within_half_a_pixel_of_the_exact_map(seed: int):
    random = np.random.default_rng(seed)
    height, width = random.integers(20, 128), random.integers(20, 96)
    scale = random.uniform(0.1, 1.4)
    plane = cv2.GaussianBlur(random.random((height, width)).astype(np.float32), (0, 0), 3)
    window = cells(plane, np.array([[scale, 0, random.uniform(-20, 20)], [0, scale, random.uniform(-20, 20)]]))
    x0, y0 = random.integers(-30, 60, 2).tolist()
    region = x0, y0, x0 + int(random.integers(2, 400)), y0 + int(random.integers(2, 400))
    large = window.enlarge(plane, region)
    exact = cv2.warpAffine(plane, window.to(region), (region[2] - x0, region[3] - y0), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                           borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
    assert large.shape == exact.shape
    steepest = max(np.abs(np.diff(plane, axis=axis)).max() for axis in (0, 1)) * scale
    assert np.abs(large - exact).max() < 2 * 0.5 * steepest + 1e-5, "half a pixel across and half a pixel down"


def test_boxes_are_around_connected_cells_and_do_not_overlap():
    plane = np.zeros((40, 40), np.float32)
    window = cells(plane, np.array([[0.25, 0, 0.0], [0, 0.25, 0.0]]))
    found = plane > 0
    found[2:8, 2:8] = found[20:30, 20:30] = found[35, 35] = True
    assert window.boxes(found, (0, 0, 160, 160)) == [(2, 2, 34, 34), (74, 74, 122, 122)]
    assert window.boxes(found, (0, 0, 20, 20)) == [(2, 2, 20, 20)]
    assert apart([(0, 0, 4, 4), (10, 0, 14, 4), (3, 1, 11, 2)]) == [(0, 0, 14, 4)]
