"""The garment alone: what is drawn comes back exactly, what is not is left to the page."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from streamer import overlay

SIZES = [(640, 480), (480, 640), (1280, 720), (960, 540), (354, 630), (16, 16)]


def drawn(width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """A noisy picture before and after something was drawn on it."""
    before = np.random.default_rng(7).integers(0, 256, (height, width, 3), np.uint8)
    after = before.copy()
    cv2.circle(after, (width // 2, height // 2), min(width, height) // 5, (200, 40, 90), -1, cv2.LINE_AA)
    return before, after


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_all_that_differs_is_covered_and_what_is_far_from_it_is_not(width: int, height: int) -> None:
    before, after = drawn(width, height)
    covered = overlay.cover(before, after)
    assert covered.shape[::-1] == overlay.cover_size(width, height)
    enlarged = cv2.resize(covered, (width, height), interpolation=cv2.INTER_LINEAR)
    assert (enlarged[(before != after).any(axis=2)] > 250).all()
    away = cv2.dilate((before != after).any(axis=2).astype(np.uint8), np.ones((49, 49), np.uint8)) == 0
    assert (enlarged[away] == 0).all()


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_packed_picture_holds_the_dressed_one_where_it_is_covered(width: int, height: int) -> None:
    before, after = drawn(width, height)
    planes, covered = cv2.cvtColor(after, cv2.COLOR_RGB2YUV_I420), overlay.cover(before, after)
    packed = overlay.pack(planes, covered)
    across, down = overlay.cover_size(width, height)
    assert packed.shape == ((height + down) * 3 // 2, width)
    changed = (before != after).any(axis=2)
    assert (packed[:height][changed] == planes[:height][changed]).all()
    strip = packed[height : height + down, :across].astype(float)
    assert np.abs((strip - overlay.DARK) / (overlay.LIGHT - overlay.DARK) - covered / 255).max() < 0.01
    if width > 64:  # chroma, as a player sees it
        colours = cv2.cvtColor(packed, cv2.COLOR_YUV2RGB_I420)[:height]
        assert np.abs(colours[height // 2, width // 2].astype(int) - (200, 40, 90)).max() <= 3
        assert np.abs(colours[1, 1].astype(int) - 130).max() < 5  # grey where nothing was drawn


def test_nothing_drawn_covers_nothing() -> None:
    picture = drawn(64, 48)[0]
    assert overlay.cover(picture, picture).max() == 0
    planes = cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420)
    assert (overlay.pack(planes, overlay.cover(picture, picture)) == overlay.empty(64, 48)).all()
