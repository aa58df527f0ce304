"""Pieces of clothing one by one: who belongs to which middle, and what is cut out."""

from __future__ import annotations

import numpy as np
import pytest

from engines.body import Reading
from engines.body.instances import Instance, find_instances
from engines.body.instances_command import cut_out
from engines.body.metrics import average_precision, match_masks
from engines.contract import CLASSES
from engines.crop import Crop
from engines.training import pieces

WHOLE = Crop(np.zeros((256, 192, 3), np.uint8), np.eye(2, 3))


def reading(labels: np.ndarray, instances: np.ndarray) -> Reading:
    """What a perfect network says of half-crop (128,96) labels and instances."""
    parsing = np.where(np.arange(len(CLASSES))[:, None, None] == labels, 0.9, 0.1 / (len(CLASSES) - 1)).astype(np.float32)
    centres, offsets, _ = pieces.draw(instances)
    return Reading(parsing, np.zeros((18, 3), np.float32), centres, offsets)


def scene(**boxes: tuple[str, int, list[tuple[int, int, int, int]]]) -> Reading:
    """Boxes (y0, x0, y1, x1) in half-crop pixels: a class, the piece's number, where it is seen."""
    labels, instances = np.zeros((128, 96), np.uint8), np.zeros((128, 96), np.uint8)
    for name, number, parts in boxes.values():
        for y0, x0, y1, x1 in parts:
            labels[y0:y1, x0:x1] = CLASSES.index(name)
            instances[y0:y1, x0:x1] = number
    return reading(labels, instances)


def test_two_bags_are_two_and_a_coat_seen_in_two_parts_is_one() -> None:
    seen = scene(
        coat=("coat", 1, [(20, 20, 70, 40), (20, 56, 70, 76)]), shirt=("upper-clothes", 2, [(20, 40, 70, 56)]),
        left=("bag", 3, [(70, 4, 90, 20)]), right=("bag", 4, [(70, 76, 90, 92)]),
    )  # fmt: skip
    found = find_instances(seen, WHOLE, (256, 192))
    assert sorted(one.kind for one in found) == ["bag", "bag", "coat", "top"]
    (coat,) = (one for one in found if one.kind == "coat")
    assert np.allclose(coat.roi, (40, 40, 140, 152), atol=2)
    assert sorted(one.roi[1] for one in found if one.kind == "bag") == pytest.approx([8, 152], abs=2)


def test_two_layers_of_one_class_side_by_side_are_two() -> None:
    seen = scene(one=("upper-clothes", 1, [(20, 10, 60, 40)]), other=("upper-clothes", 2, [(20, 40, 60, 80)]))
    first, second = (one.alpha >= 0.5 for one in find_instances(seen, WHOLE, (256, 192)))
    assert not (first & second).any()
    assert abs(int((first | second).sum()) - 4 * 40 * 70) < 400


def test_each_shoe_is_its_own() -> None:
    seen = scene(left=("left-shoe", 1, [(110, 52, 120, 66)]), right=("right-shoe", 2, [(110, 30, 120, 44)]))
    assert [one.kind for one in find_instances(seen, WHOLE, (256, 192))] == ["boots", "boots"]


def test_without_middles_a_class_is_one_piece() -> None:
    labels = np.zeros((128, 96), np.uint8)
    labels[30:60, 30:60] = CLASSES.index("skirt")
    parsing = (np.arange(len(CLASSES))[:, None, None] == labels).astype(np.float32)
    (skirt,) = find_instances(Reading(parsing, np.zeros((18, 3), np.float32)), WHOLE, (256, 192))
    assert skirt.kind == "skirt"
    assert np.allclose(skirt.roi, (60, 60, 120, 120), atol=2)


def test_nothing_worn_nothing_found() -> None:
    assert find_instances(scene(), WHOLE, (256, 192)) == []


@pytest.mark.parametrize("trim", [False, True])
def test_black_clothes_stay_black(trim: bool) -> None:
    picture = np.full((40, 30, 3), 120, np.uint8)
    picture[10:20, 5:15] = 0
    alpha = np.zeros((40, 30), np.float32)
    alpha[10:20, 5:15] = 1
    one = Instance("top", 0.9, (10, 5, 20, 15), alpha)
    on_white, clear = cut_out(picture, one, white=True, trim=trim), cut_out(picture, one, trim=trim)
    inside = (slice(None), slice(None)) if trim else (slice(10, 20), slice(5, 15))
    assert on_white.shape[2] == 3
    assert clear.shape[2] == 4
    assert (on_white[inside] == 0).all()
    assert (clear[inside] == [0, 0, 0, 255]).all()
    if not trim:
        assert (on_white[0, 0] == 255).all()
        assert clear[0, 0, 3] == 0


def test_average_precision_by_hand() -> None:
    # Surest first: hit, miss, hit; two of three truths found. Precision 1, 1/2, 2/3 at recall 1/3, 1/3, 2/3.
    assert average_precision([0.5, 0.9, 0.7], [True, True, False], 3) == pytest.approx(1 / 3 * 1 + 1 / 3 * 2 / 3)
    assert average_precision([0.9, 0.8], [True, True], 2) == 1
    assert average_precision([], [], 4) == 0
    assert np.isnan(average_precision([0.3], [False], 0))


def test_a_truth_is_hit_once() -> None:
    truth = np.zeros((10, 10), bool)
    truth[:5] = True
    half = truth.copy()
    half[:3] = False
    assert match_masks([truth], [truth, truth, ~truth]) == [True, False, False]
    assert match_masks([truth], [half]) == [False]  # 20 of 50 pixels
