"""Garments drawn onto frames."""

from __future__ import annotations

from contextlib import contextmanager

import cv2
import numpy as np
import pytest

from engines.contract import CLASSES
from engines.tryon.dress import dress
from engines.tryon.fit import fit
from tests import bodies
from tests.bodies import Body

CROSSED = {"left-elbow": (335.0, 270.0), "left-wrist": (230.0, 280.0)}


def dressed(body: Body, garment: bodies.Garment) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The frame before and after, and the class of each pixel."""
    frame, cropped, reading = body.read()
    before = frame.copy()
    made = fit(garment, reading, cropped)
    assert made is not None
    dress(frame, made, reading, cropped)
    return before, frame, body.draw()[1]


def changed(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    return (before != after).any(2)


def is_garment(picture: np.ndarray) -> np.ndarray:
    """Red or white: no other part of the scene is."""
    r, g, b = (picture[..., i].astype(int) for i in range(3))
    return ((r > 110) & (g < 90) & (b < 90)) | ((r > 150) & (abs(r - g) < 25) & (abs(r - b) < 40))


def test_the_torso_wears_the_garment_and_its_stripes_are_sharp():
    _, after, _ = dressed(Body(), bodies.shirt())
    torso = (slice(240, 360), slice(200, 280))
    assert is_garment(after[torso]).mean() > 0.9
    column = after[240:360, 240, 1].astype(int)
    assert np.abs(np.diff(column)).max() > 60, "from red to white within a pixel or two"


def test_face_and_background_do_not_change_at_all():
    before, after, labels = dressed(Body(), bodies.shirt(long=True))
    touched = changed(before, after)
    face = labels == CLASSES.index("face")
    face[140:] = False  # below is the neck, where a collar may be
    assert not touched[face].any()
    far = cv2.dilate((labels != 0).astype(np.uint8), np.ones((13, 13))) == 0
    assert not touched[far].any()


def test_the_old_top_is_gone():
    _, after, labels = dressed(Body(sleeves=0.5), bodies.shirt(long=True))
    old = (labels == CLASSES.index("upper-clothes")) & (np.abs(after.astype(int) - bodies.OLD).max(2) < 12)
    assert old.sum() < 0.03 * (labels == CLASSES.index("upper-clothes")).sum()


@pytest.mark.parametrize("garment", [bodies.shirt(), bodies.shirt(sleeves=False)], ids=["short", "none"])
def test_a_bare_forearm_stays_in_front(garment: bodies.Garment):
    before, after, labels = dressed(Body(moved=CROSSED), garment)
    arm = cv2.erode((labels == CLASSES.index("left-arm")).astype(np.uint8), np.ones((5, 5))) > 0
    over = arm & (np.indices(arm.shape)[1] < 290)
    assert over.sum() > 500
    assert (changed(before, after) & over).sum() < 0.02 * over.sum()


def test_a_hand_stays_in_front_of_a_long_sleeve_and_is_opaque():
    before, after, _ = dressed(Body(moved=CROSSED), bodies.shirt(long=True))
    hand = (slice(272, 292), slice(205, 222))
    assert np.abs(before[hand].astype(int) - after[hand]).max() <= 2
    forearm = after[272:282, 260:290]
    assert is_garment(forearm).mean() > 0.8, "the sleeve is drawn on the arm"


def near(picture: np.ndarray, colour: tuple[int, int, int], by: int) -> np.ndarray:
    return np.abs(picture.astype(int) - colour).max(-1) <= by


@pytest.mark.parametrize("moved", [{}, CROSSED], ids=["hanging", "crossed"])
@pytest.mark.parametrize("garment", [bodies.shirt(), bodies.shirt(sleeves=False)], ids=["short", "none"])
def test_a_bare_arm_comes_out_of_a_shorter_sleeve(garment: bodies.Garment, moved: dict[str, tuple[float, float]]):
    body = Body(moved=moved, sleeves=2.0)
    before, after, labels = dressed(body, garment)
    at = bodies.STANDING | moved
    for joint, other in (("elbow", "wrist"), ("wrist", "elbow")):
        x, y = (np.array(at[f"left-{joint}"]) * 0.6 + np.array(at[f"left-{other}"]) * 0.4).astype(int)
        assert near(before[y, x], bodies.OLD, 0)
        assert near(after[y, x], bodies.SKIN, 30), "the person's own colour, shaded"
    hand = cv2.erode((labels == CLASSES.index("left-arm")).astype(np.uint8), np.ones((9, 9))) > 0
    assert (before[hand] == after[hand]).all()
    old = labels == CLASSES.index("upper-clothes")
    assert near(after[old], bodies.OLD, 12).mean() < 0.03


def test_where_an_old_sleeve_was_wider_than_an_arm_is_what_lies_behind():
    body = Body(sleeves=2.0)
    frame, labels = body.draw()
    for picture, value in ((frame, bodies.OLD), (labels, CLASSES.index("upper-clothes"))):
        cv2.line(picture, (315, 300), (320, 350), value, 52)
    cropped = bodies.crop(frame, (90, 40, 390, 640))
    reading = bodies.Reading(bodies.soften(labels, cropped), bodies.to_crop(body.points(), cropped))
    made = fit(bodies.shirt(), reading, cropped)
    assert made is not None
    assert near(frame[325, 338], bodies.OLD, 0)
    dress(frame, made, reading, cropped)
    assert near(frame[325, 338], bodies.WALL, 6)
    assert near(frame[325, 318], bodies.SKIN, 30)


def test_a_short_top_over_a_longer_one_leaves_the_belly_bare():
    shirt = bodies.shirt()
    picture = shirt.picture.copy()
    picture[400:] = 0
    marks = shirt.landmarks | {"top_hem_left": (240.0, 395.0), "top_hem_right": (560.0, 395.0)}
    crop_top = bodies.Garment("crop", "crop", "blouse", picture, marks)
    before, after, labels = dressed(Body(), crop_top)
    assert near(before[365, 240], bodies.OLD, 0)
    assert near(after[365, 240], bodies.SKIN, 30)
    old = labels == CLASSES.index("upper-clothes")
    assert near(after[old], bodies.OLD, 12).mean() < 0.03


def test_an_old_sleeve_stays_where_no_skin_is_known():
    body = Body(sleeves=2.0)
    frame, cropped, reading = body.read()
    parsing = reading.parsing.copy()
    for name in ("face", "left-arm", "right-arm"):
        parsing[CLASSES.index("hat")] += parsing[CLASSES.index(name)]
        parsing[CLASSES.index(name)] = 0
    made = fit(bodies.shirt(), bodies.Reading(parsing, reading.landmarks), cropped)
    assert made is not None
    dress(frame, made, bodies.Reading(parsing, reading.landmarks), cropped)
    assert near(frame[330, 318], bodies.OLD, 12)


def test_hair_in_front_of_the_shoulder_stays():
    body = Body()
    frame, labels = body.draw()
    cv2.rectangle(frame, (205, 120), (222, 260), (30, 20, 10), -1)
    cv2.rectangle(labels, (205, 120), (222, 260), CLASSES.index("hair"), -1)
    cropped = bodies.crop(frame, (90, 40, 390, 640))
    reading = bodies.Reading(bodies.soften(labels, cropped), bodies.to_crop(body.points(), cropped))
    made = fit(bodies.shirt(), reading, cropped)
    assert made is not None
    before = frame.copy()
    dress(frame, made, reading, cropped)
    assert np.abs(before[150:250, 208:219].astype(int) - frame[150:250, 208:219]).max() <= 3


@pytest.mark.parametrize("garment", [bodies.trousers(), bodies.skirt()], ids=["trousers", "skirt"])
def test_the_top_stays_over_what_is_worn_below(garment: bodies.Garment):
    before, after, labels = dressed(Body(), garment)
    inside = cv2.erode((labels == CLASSES.index("upper-clothes")).astype(np.uint8), np.ones((7, 7))) > 0
    assert (changed(before, after) & inside).sum() < 0.01 * inside.sum()
    assert is_garment(after[420:480, 190:220]).mean() > 0.8


def test_a_frame_that_the_garment_misses_is_left_alone():
    _, cropped, reading = Body().read()
    made = fit(bodies.shirt(), reading, cropped)
    assert made is not None
    small = np.zeros((60, 80, 3), np.uint8)  # the body lies beyond it
    dress(small, made, reading, cropped)
    assert not small.any()


def test_the_stages_are_timed():
    seen: list[str] = []

    @contextmanager
    def spans(name: str):
        seen.append(name)
        yield

    frame, cropped, reading = Body().read()
    made = fit(bodies.shirt(), reading, cropped)
    assert made is not None
    dress(frame, made, reading, cropped, spans)
    assert seen == ["dress", "paste"]
