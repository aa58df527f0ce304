"""CP-VTON's person representation, beside Pillow and by its own rules."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from engines.tryon.representation import HEAD, body_shape, represent, resize
from tests.bodies import Body


@pytest.mark.parametrize(("height", "width"), [(256, 192), (512, 320), (240, 176)])
def test_the_blurred_shape_is_pillows(height, width):
    random = np.random.default_rng(height)
    mask = np.zeros((height, width), np.uint8)
    for _ in range(6):  # a trunk and thin limbs
        y, x = random.integers(0, height - 20), random.integers(0, width - 8)
        mask[y : y + random.integers(8, height), x : x + random.integers(3, 40)] = 255
    small = Image.fromarray(mask).resize((width // 16, height // 16), Image.Resampling.BILINEAR)
    wanted = np.asarray(small.resize((width, height), Image.Resampling.BILINEAR))
    assert np.abs(resize(mask, height // 16, width // 16).astype(int) - np.asarray(small)).max() <= 1
    assert np.abs(body_shape(mask).astype(int) - wanted).max() <= 1
    assert 0 < wanted.mean() < 255


def test_a_thin_arm_is_not_lost():
    arm = np.zeros((256, 192), np.uint8)
    arm[60:180, 96:101] = 255
    assert body_shape(arm)[120, 98] > 30


def test_planes_hold_shape_head_and_joints():
    _, crop, reading = Body(unseen=("left-ankle",)).read()
    planes = represent(crop.picture, reading)
    assert planes.shape == (22, 256, 192)
    assert planes.dtype == np.float32
    assert planes.min() >= -1
    assert planes.max() <= 1
    x, y, _ = reading.landmarks[0]
    row, column = round(float(y)), round(float(x))
    assert planes[0, row, column] > 0 > planes[0, 2, 2]
    assert np.allclose(planes[1:4, row, column], crop.picture[row, column] / 127.5 - 1), "the face is in the picture's colours"
    hips = reading.landmarks[8]
    assert (planes[1:4, round(float(hips[1])), round(float(hips[0]))] == -1).all(), "what is no head is not told"
    assert (planes[4] == 1).sum() == 121, "a square of 11 pixels"
    assert (planes[4 + 13] == -1).all(), "an unseen landmark has none"
    assert len(HEAD) == 4


def test_landmarks_at_the_border_keep_the_part_that_is_seen():
    _, crop, reading = Body().read()
    landmarks = reading.landmarks.copy()
    landmarks[0] = [1, 2, 1]
    landmarks[1] = [400, -30, 1]
    planes = represent(crop.picture, type(reading)(reading.parsing, landmarks))
    assert (planes[4] == 1).sum() == 7 * 8
    assert (planes[5] == -1).all()
