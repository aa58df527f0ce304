"""The training data and its labels; only where the data is present."""

import itertools
import json

import cv2
import numpy as np
import pytest

from engines.contract import CLASSES
from engines.training import augment, people
from engines.training.clips import label_frame

C = {name: index for index, name in enumerate(CLASSES)}


def test_labels_of_a_photo_split_skin_and_shoes_by_side(shared_data):
    (person,) = people.load_photos(shared_data, only=lambda stem: stem == "0001")
    assert person.labels.shape == person.picture.shape[:2]
    assert {C["face"], C["left-shoe"], C["right-shoe"]} <= set(np.unique(person.labels))
    x = {side: np.nonzero(person.labels == C[f"{side}-shoe"])[1].mean() for side in ("left", "right")}
    assert x["right"] < x["left"]  # the person faces the camera


def test_training_and_validation_share_nobody():
    validation = [n for n in range(1700) if people.is_validation(f"{n:04d}")]
    assert 0.1 < len(validation) / 1700 < 0.15
    assert all(n // 10 == m // 10 or m - n > 10 for n, m in itertools.pairwise(validation))


@pytest.mark.parametrize(("clip", "number"), [("again", 30), ("thanks", 20), ("book", 60)])
def test_labels_made_for_a_clip_agree_with_what_is_to_be_seen(shared_data, clip, number):
    points = np.array(json.loads((shared_data / "clips/keypoints.json").read_text())[clip][number])
    capture = cv2.VideoCapture(str(shared_data / f"clips/{clip}.mkv"))
    for _ in range(number + 1):
        _, frame = capture.read()
    labels = label_frame(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), points)
    nose_x, nose_y = points[0, :2].astype(int)
    assert labels[nose_y, nose_x] == C["face"]
    assert (labels[:, :100] == 0).mean() > 0.99
    chest = points[[11, 12, 23, 24], :2].mean(0).astype(int)
    assert np.isin(labels[chest[1] + 20 : chest[1] + 60, chest[0] - 40 : chest[0] + 40], [C["upper-clothes"], 255, 14, 15]).all()
    known = labels[labels != people.IGNORE]
    assert 0.08 < (known > 0).mean() < 0.5


def test_a_mirrored_sample_swaps_left_and_right():
    labels = np.array([[C["left-arm"], C["right-shoe"], C["face"], people.IGNORE]], np.uint8)
    assert augment.mirror_labels(labels).tolist() == [[C["right-arm"], C["left-shoe"], C["face"], people.IGNORE]]


def test_samples_are_what_the_network_is_trained_on():
    random = np.random.default_rng(5)
    picture = random.integers(0, 256, (400, 260, 3), dtype=np.uint8)
    labels = np.zeros((400, 260), np.uint8)
    labels[40:380, 80:180] = C["dress"]
    labels[200:260, 60:80] = people.IGNORE
    landmarks = np.column_stack([np.linspace(90, 170, 18), np.linspace(50, 370, 18), np.ones(18)]).astype(np.float32)
    person = people.Person("0001", picture, labels, landmarks, np.zeros(22, bool))
    for _ in range(60):
        one = augment.sample(person, random, [picture])
        assert one.picture.shape == (256, 192, 3)
        assert one.picture.dtype == np.uint8
        assert one.labels.shape == (128, 96)
        assert set(np.unique(one.labels)) <= {0, C["dress"], people.IGNORE}
        inside = [(x, y) for x, y, _ in one.landmarks if 2 <= x < 190 and 2 <= y < 254]
        on_person = [one.labels[int(y) // 2, int(x) // 2] for x, y in inside]
        assert np.isin(on_person, [C["dress"], people.IGNORE]).mean() > 0.85 if on_person else True
