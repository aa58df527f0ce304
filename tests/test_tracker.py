"""Finding and following the shopper on readings made by hand."""

import numpy as np
import pytest

from engines.body import Reading
from engines.body.person import find_person
from engines.contract import LANDMARKS
from engines.crop import crop
from streamer import tracker

FRAME = (480, 640)
UPPER, FACE = 5, 13


def person_at(cropped, boxes, landmarks_on=0):
    """A reading on a crop with a rectangle of clothes for every frame box, the landmarks spread over one of them."""
    parsing = np.zeros((22, 128, 96), np.float32)
    parsing[0] = 1
    for box in boxes:
        (x0, y0), (x1, y1) = (np.round(cropped.to_crop(np.array(p)) / 2).astype(int).clip(0) for p in (box[:2], box[2:]))
        parsing[0, y0:y1, x0:x1] = 0
        parsing[UPPER, y0:y1, x0:x1] = 1
        neck = y0 + (y1 - y0) // 5
        parsing[UPPER, y0:neck, x0:x1] = 0
        parsing[FACE, y0:neck, x0:x1] = 1
    x0, y0, x1, y1 = boxes[landmarks_on]
    spread = np.linspace(0.1, 0.9, len(LANDMARKS))
    points = cropped.to_crop(np.column_stack([x0 + (x1 - x0) * spread, y0 + (y1 - y0) * spread]))
    return Reading(parsing, np.column_stack([points, np.ones(18)]).astype(np.float32))


@pytest.fixture
def whole():
    return crop(np.zeros((*FRAME, 3), np.uint8), (0, 0, 640, 480))


def test_the_person_is_found_where_they_are(whole):
    box = (250.0, 60.0, 400.0, 470.0)
    assert find_person(person_at(whole, [box]), whole, FRAME) == pytest.approx(box, abs=8)


def test_nobody_is_nobody(whole):
    empty = Reading(np.eye(22, dtype=np.float32)[0][:, None, None] * np.ones((1, 128, 96), np.float32), np.zeros((18, 3), np.float32))
    assert find_person(empty, whole, FRAME) is None
    clothes_without_a_body = person_at(whole, [(250, 60, 400, 470)])
    clothes_without_a_body.landmarks[:, 2] = 0.05
    assert find_person(clothes_without_a_body, whole, FRAME) is None
    without_a_head = person_at(whole, [(250, 60, 400, 470)])
    without_a_head.parsing[UPPER] += without_a_head.parsing[FACE]
    without_a_head.parsing[FACE] = 0
    assert find_person(without_a_head, whole, FRAME) is None


def test_of_two_people_the_larger_near_the_middle_is_the_shopper(whole):
    shopper, passer_by = (260.0, 100.0, 400.0, 470.0), (560.0, 90.0, 638.0, 470.0)
    assert find_person(person_at(whole, [shopper, passer_by]), whole, FRAME) == pytest.approx(shopper, abs=8)


def test_the_tracked_one_stays_the_shopper(whole):
    left, right = (60.0, 200.0, 180.0, 470.0), (300.0, 60.0, 480.0, 470.0)
    found = find_person(person_at(whole, [left, right]), whole, FRAME, near=(58, 196, 184, 474))
    assert found == pytest.approx(left, abs=8)


def test_one_doubtful_frame_does_not_lose_the_tracked_one(whole):
    box = (250.0, 60.0, 400.0, 470.0)
    doubtful = person_at(whole, [box])
    doubtful.landmarks[[0, 8, 11, 9, 12, 10, 13], 2] = 0.1
    doubtful.landmarks[[1, 14, 15], 2] = 0.1
    assert find_person(doubtful, whole, FRAME) is None
    assert find_person(doubtful, whole, FRAME, near=box) is not None


def test_the_crop_of_a_still_person_stands_still():
    box = (100.0, 50.0, 300.0, 450.0)
    assert tracker.follow(box, (104.0, 47.0, 296.0, 455.0)) == box


def test_the_crop_grows_at_once_and_shrinks_slowly():
    box = (100.0, 50.0, 300.0, 450.0)
    grown = tracker.follow(box, (20.0, 50.0, 300.0, 450.0))
    assert grown[0] < 50
    shrunk = tracker.follow(box, (180.0, 50.0, 300.0, 450.0))
    assert 100 < shrunk[0] < 120


def test_pixels_that_do_not_change_keep_their_class(whole):
    box = (250.0, 60.0, 400.0, 470.0)
    track, _ = tracker.update(None, person_at(whole, [box]), whole, box)
    flicker = person_at(whole, [(250.0, 60.0, 406.0, 470.0)])
    _, smooth = tracker.update(track, flicker, whole, box)
    before = track.parsing.argmax(0)
    assert (smooth.parsing.argmax(0) == before).all()
    assert not (flicker.parsing.argmax(0) == before).all()


def test_two_sessions_share_nothing(whole):
    one, _ = tracker.update(None, person_at(whole, [(250, 60, 400, 470)]), whole, (250, 60, 400, 470))
    frozen = one.parsing.copy()
    tracker.update(one, person_at(whole, [(50, 60, 200, 470)]), whole, (50, 60, 200, 470))
    assert (one.parsing == frozen).all()
