"""The crop keeps proportions, follows fractions of a pixel and fills what lies beyond the frame."""

import numpy as np
import pytest

from engines.crop import crop, crop_matrix


def gradient(height, width):
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 255 / (width - 1), y * 255 / (height - 1), np.full(x.shape, 128)], -1).astype(np.uint8)


@pytest.mark.parametrize("box", [(100, 50, 300, 450), (0, 0, 640, 480), (-80, 100, 120, 700), (10, 10, 630, 60), (5, 5, 6, 6)])
def test_the_person_is_never_squeezed(box):
    matrix = crop_matrix(box)
    assert matrix[0, 0] == matrix[1, 1]
    corners = np.array([box[:2], box[2:]], float) @ matrix[:, :2].T + matrix[:, 2]
    assert (corners > -1).all()
    assert (corners < [193, 257]).all()
    assert (corners[0] + corners[1]) / 2 == pytest.approx([95.5 + matrix[0, 0] / 2, 127.5 + matrix[0, 0] / 2])


@pytest.mark.parametrize("size", [(480, 640), (1280, 720), (2160, 3840)])
def test_points_go_there_and_back_and_the_picture_agrees(size):
    frame = gradient(*size)
    height, width = size
    result = crop(frame, (0.3 * width, 0.2 * height, 0.62 * width, 0.9 * height))
    points = np.array([[0.4 * width, 0.5 * height], [0.5 * width, 0.8 * height]])
    assert result.to_frame(result.to_crop(points)) == pytest.approx(points)
    for point in points:
        x, y = result.to_crop(point).round().astype(int)
        fx, fy = result.to_frame(np.array([x, y]))
        expected = [fx * 255 / (width - 1), fy * 255 / (height - 1)]
        assert result.picture[y, x, :2] == pytest.approx(expected, abs=2.0)


def test_beyond_the_frame_the_border_is_repeated_and_nothing_is_shifted():
    frame = gradient(480, 640)
    result = crop(frame, (500, 200, 800, 600))
    x, y = result.to_crop(np.array([639.0, 479.0])).round().astype(int)
    assert (result.picture[y + 5 :, x + 5 :] == result.picture[-1, -1]).all()
    inside = result.to_crop(np.array([560.0, 300.0])).round().astype(int)
    assert result.picture[inside[1], inside[0], 0] == pytest.approx(560 * 255 / 639, abs=2.5)


def test_fine_stripes_do_not_alias_when_a_large_frame_shrinks():
    frame = np.zeros((2048, 1536, 3), np.uint8)
    frame[:, ::2] = 255
    picture = crop(frame, (0, 0, 1536, 2048)).picture.astype(int)
    assert picture[20:-20, 20:-20].std() < 3
    assert picture[128, 96, 0] == pytest.approx(127, abs=3)
