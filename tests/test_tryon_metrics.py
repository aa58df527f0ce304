"""The measures of a try-on, against values worked out by hand and an independent implementation."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data
from skimage.metrics import structural_similarity

from engines.contract import CLASSES
from engines.tryon import metrics
from tests.bodies import Body


def pictures() -> tuple[np.ndarray, np.ndarray]:
    photo = np.ascontiguousarray(data.astronaut()[40:168, 150:310])
    noise = np.random.default_rng(3).normal(0, 12, photo.shape)
    return photo, np.clip(cv2.GaussianBlur(photo, (0, 0), 1.2) + noise, 0, 255).astype(np.uint8)


def test_ssim_is_that_of_scikit_image():
    a, b = pictures()
    other = structural_similarity(a, b, channel_axis=2, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255)
    assert metrics.ssim(a, b) == pytest.approx(other, abs=1e-6)
    assert 0.3 < other < 0.9


def test_ssim_of_even_pictures_is_its_first_factor():
    a, b = np.full((20, 20, 3), 100, np.uint8), np.full((20, 20, 3), 50, np.uint8)
    by_hand = (2 * 100 * 50 + 6.5025) / (100**2 + 50**2 + 6.5025)  # the variances are 0, so the second factor is 1
    assert metrics.ssim(a, b) == pytest.approx(by_hand, abs=1e-9)
    assert metrics.ssim(a, a) == 1


def test_ssim_of_a_region_looks_at_nothing_else():
    a, b = pictures()
    b[:, 80:] = 0
    left = np.zeros(a.shape[:2], bool)
    left[:, :60] = True
    assert metrics.ssim(a, b, left) > metrics.ssim(a, b) + 0.1


def test_what_stays_is_told_in_grey_levels():
    before = np.full((10, 10, 3), 100, np.uint8)
    after = before.copy()
    free, face = np.zeros((10, 10), bool), np.zeros((10, 10), bool)
    free[:5] = face[9] = True
    after[:5] = 0
    after[7, 0] = 110  # 3 of 150 values by 10
    assert metrics.kept(before, after, free, face) == metrics.Kept(0.2, 0.0)
    after[9, 4, 1] = 97
    assert metrics.kept(before, after, free, face).face == 3


def test_clothes_and_arms_are_free_to_change_and_legs_where_a_garment_is_worn_on_them():
    old, new = np.zeros((20, 30), np.uint8), np.zeros((20, 30), np.uint8)
    old[5, 5], new[5, 15], old[15, 5], new[15, 15] = (CLASSES.index(n) for n in ("coat", "left-arm", "face", "right-leg"))
    top, skirt = (metrics.free_to_change((old, new), category, 1) for category in ("blouse", "skirt"))
    assert top.sum() == 18
    assert skirt.sum() == 27


def test_a_face_ends_above_the_neck():
    frame, crop, reading = Body().read()
    face = metrics.face_of(reading, crop, frame.shape[:2])
    assert face[110, 240]
    assert face[135, 240]
    assert not face[165:].any()
    assert not face[:, :190].any()


def test_steadiness_is_the_ratio_of_changes():
    random = np.random.default_rng(0)
    frames = np.clip(120 + random.normal(0, 3, (12, 16, 16, 3)), 0, 255).astype(np.uint8)
    where = np.ones((16, 16), bool)
    assert metrics.steadiness(frames, frames, where) == 1
    assert metrics.steadiness(frames, np.full_like(frames, 9), where) == 0
    louder = np.clip(120 + 2 * (frames.astype(int) - 120), 0, 255).astype(np.uint8)
    assert metrics.steadiness(frames, louder, where) == pytest.approx(2, rel=0.01)
    assert np.isnan(metrics.steadiness(frames[:1].repeat(3, 0), frames[:3], where))


def test_cloth_that_stays_on_the_body_does_not_swim():
    taken = np.tile([[10.0, 20.0], [30.0, 40.0]], (6, 1, 1))
    assert metrics.swim(taken, 100) == metrics.Swim(0, 0)
    taken[::2, :, 0] += 3  # to and fro by three pixels: the usual place is half way
    taken[3, 1] = np.nan
    assert metrics.swim(taken[:4], 100).step == pytest.approx(0.03)
    assert metrics.swim(np.stack([taken[0], taken[1]]), 100).spread == pytest.approx(0.015)
