"""Metrics against cases worked out by hand."""

import numpy as np
import pytest

from engines.body.metrics import ParsingScore, correct_keypoints
from engines.contract import CLASSES


def test_iou_is_counted_in_groups():
    score = ParsingScore()
    arm, leg, pants = (CLASSES.index(c) for c in ("left-arm", "right-leg", "pants"))
    truth = np.array([[0, 0, arm, pants], [255, arm, pants, pants]], np.uint8)
    predicted = np.array([[0, leg, leg, pants], [arm, arm, arm, pants]], np.uint8)
    score.add(truth, predicted)
    # background 1 of 2, skin: 2 hits, union 4 (one background and one pants pixel taken for skin), pants 2 of 3; 255 does not count
    assert score.iou == pytest.approx({"background": 1 / 2, "skin": 2 / 4, "pants": 2 / 3})
    assert score.mean_iou == pytest.approx((1 / 2 + 1 / 2 + 2 / 3) / 3)
    assert score.accuracy == pytest.approx(5 / 7)


def test_iou_adds_up_over_pictures_before_it_divides():
    score = ParsingScore()
    score.add(np.array([[0, 0, 0, 9]], np.uint8), np.array([[0, 0, 0, 0]], np.uint8))
    score.add(np.array([[9, 9, 9, 9]], np.uint8), np.array([[9, 9, 9, 9]], np.uint8))
    assert score.iou == pytest.approx({"background": 3 / 4, "pants": 4 / 5})


def test_pck_counts_only_what_the_teacher_is_sure_of():
    truth = np.zeros((18, 3))
    truth[:4, 2] = 1
    predicted = np.zeros((18, 3))
    predicted[1, 0], predicted[2, 1], predicted[10] = 9.9, 10.1, 500
    assert correct_keypoints(truth, predicted, height=200) == (3, 4)
