"""Where garments go on bodies."""

from __future__ import annotations

import numpy as np
import pytest

from engines.body import Reading
from engines.crop import Crop
from engines.tryon.fit import Fit, Layer, fit
from tests import bodies
from tests.bodies import Body

RAISED = {"left-elbow": (360.0, 120.0), "left-wrist": (330.0, 40.0)}
CROSSED = {"left-elbow": (335.0, 270.0), "left-wrist": (230.0, 280.0)}
SHOULDERS = 120.0  # frame pixels between the shoulder joints


def fitted(body: Body, garment: bodies.Garment, previous: Fit | None = None) -> tuple[Fit, Crop, Reading]:
    _, cropped, reading = body.read()
    made = fit(garment, reading, cropped, previous)
    assert made is not None
    return made, cropped, reading


def layers(made: Fit) -> dict[str, Layer]:
    return {layer.piece.name: layer for group in made.layers for layer in group}


def source(layer: Layer, x: float, y: float) -> np.ndarray:
    """Where on the garment a pixel of the frame is taken from."""
    found = layer.warp.within((int(x), int(y), int(x) + 1, int(y) + 1))
    assert found is not None
    return found[1][0, 0]


def target(layer: Layer, point: tuple[float, float]) -> np.ndarray:
    """The pixel of the frame that is taken from a point of the garment."""
    found = layer.warp.within(layer.warp.box)
    assert found is not None
    away = np.hypot(found[1][..., 0] - point[0], found[1][..., 1] - point[1])
    y, x = np.unravel_index(away.argmin(), away.shape)
    assert away[y, x] < 10
    return np.array([x + found[0][0], y + found[0][1]])


def test_landmarks_land_where_they_belong():
    garment = bodies.shirt()
    made, _, _ = fitted(Body(), garment)
    torso = layers(made)["torso"]
    for side, joint, out in (("left", 180, -1), ("right", 300, 1)):
        x, y = target(torso, garment.landmarks[f"shoulder_{side}"])
        assert 0 <= (x - joint) * out <= 0.2 * SHOULDERS, "outside the joint"
        assert 0 < 190 - y < 0.3 * SHOULDERS, "above the joint"
        x, y = target(torso, garment.landmarks[f"neckline_{side}"])
        assert 0 < (x - 240) * out < 0.35 * SHOULDERS
        x, y = target(torso, garment.landmarks[f"armpit_{side}"])
        assert 0 < (joint - x) * out + 0.15 * SHOULDERS < 0.3 * SHOULDERS
        assert 210 < y < 275
        x, y = target(torso, garment.landmarks[f"top_hem_{side}"])
        assert abs(abs(x - 240) - 62) < 12, "on the body's outline"
    assert target(torso, garment.landmarks["center_front"])[0] == pytest.approx(240, abs=4)


def test_stripes_stay_straight_on_a_frontal_body():
    torso = layers(fitted(Body(), bodies.shirt())[0])["torso"]
    for y in (250, 290, 330, 370):
        heights = [source(torso, x, y)[1] for x in range(200, 281, 10)]
        assert np.ptp(heights) < 8, "0.4 of a stripe"


def test_the_seams_follow_the_outline_and_do_not_pinch():
    torso = layers(fitted(Body(), bodies.shirt())[0])["torso"]
    for y in (270, 300, 330, 360):
        left, right = source(torso, 178, y)[0], source(torso, 302, y)[0]
        assert 225 < left < 275
        assert 525 < right < 575


@pytest.mark.parametrize("moved", [RAISED, CROSSED], ids=["raised", "crossed"])
def test_an_arm_that_moves_does_not_move_the_chest_print(moved: dict[str, tuple[float, float]]):
    still = layers(fitted(Body(sleeves=2.0), bodies.shirt())[0])["torso"]
    other = layers(fitted(Body(moved=moved, sleeves=2.0), bodies.shirt())[0])["torso"]
    for x in (210, 240, 270):
        for y in (250, 290, 330):
            assert np.hypot(*(source(still, x, y) - source(other, x, y))) < 20, "a thirteenth of the chest's width"


@pytest.mark.parametrize("moved", [{}, RAISED, CROSSED], ids=["hanging", "raised", "crossed"])
def test_a_long_sleeve_follows_elbow_and_wrist(moved: dict[str, tuple[float, float]]):
    garment = bodies.shirt(long=True)
    made, _, _ = fitted(Body(moved=moved), garment)
    places = bodies.STANDING | moved
    elbow, wrist = np.array(places["left-elbow"]), np.array(places["left-wrist"])
    fore = layers(made)["right-forearm"]
    cuff = np.mean([garment.landmarks["cuff_right_in"], garment.landmarks["cuff_right_out"]], axis=0)
    assert np.hypot(*(target(fore, tuple(cuff)) - wrist)) < 0.2 * SHOULDERS
    upper, lower = source(layers(made)["right-sleeve"], *elbow), source(fore, *elbow)
    assert np.hypot(*(upper - lower)) < 40, "the two parts meet at the elbow"
    assert made.reach == (2.0, 2.0)


def test_a_short_sleeve_ends_on_the_upper_arm():
    garment = bodies.shirt()
    made, _, _ = fitted(Body(), garment)
    cuff = np.mean([garment.landmarks["cuff_left_in"], garment.landmarks["cuff_left_out"]], axis=0)
    _, y = target(layers(made)["left-sleeve"], tuple(cuff))
    assert 190 + 0.35 * 95 < y < 285
    assert "left-forearm" not in layers(made)


def test_a_body_that_leans_takes_the_garment_along():
    body = Body()
    _, cropped, reading = body.read()
    straight = fit(bodies.shirt(), reading, cropped)
    assert straight is not None
    points = body.points()
    angle = np.radians(12)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points[:, :2] = (points[:, :2] - [240, 380]) @ turn.T + [240, 380]
    leaning = fit(bodies.shirt(), Reading(reading.parsing, bodies.to_crop(points, cropped)), cropped)
    assert leaning is not None
    across = source(layers(leaning)["torso"], 270, 300) - source(layers(leaning)["torso"], 230, 300)
    assert np.degrees(np.arctan2(across[1], across[0])) == pytest.approx(-12, abs=4)


def test_a_wide_old_top_is_covered():
    slim, wide = Body(), Body()
    made = {}
    for name, body in (("slim", slim), ("wide", wide)):
        frame, labels = body.draw()
        if name == "wide":
            bodies.cv2.rectangle(labels, (165, 300), (315, 395), 5, -1)
        cropped = bodies.crop(frame, (90, 40, 390, 640))
        made[name] = fit(bodies.shirt(), Reading(bodies.soften(labels, cropped), bodies.to_crop(body.points(), cropped)), cropped)
    assert made["slim"] is not None
    assert made["wide"] is not None
    assert made["wide"].outline.at(0, 0.8) > made["slim"].outline.at(0, 0.8)


HIDDEN = [("right-hip", "left-hip", "right-knee", "left-knee"), ("right-elbow", "right-wrist"), ("left-shoulder",), ("nose", "left-eye")]


@pytest.mark.parametrize("unseen", HIDDEN, ids=["hips", "arm", "shoulder", "face"])
def test_unsure_landmarks_fall_back_gently(unseen: tuple[str, ...]):
    sure, _, _ = fitted(Body(), bodies.shirt(long=True))
    unsure, _, _ = fitted(Body(unseen=unseen), bodies.shirt(long=True))
    away = source(layers(sure)["torso"], 240, 300) - source(layers(unsure)["torso"], 240, 300)
    assert np.hypot(*away) < 60
    for layer in layers(unsure).values():
        assert np.isfinite(layer.warp.nodes).all()


def test_who_is_not_in_view_is_asked_to_step_back():
    _, cropped, reading = Body().read()
    nobody = Reading(reading.parsing, np.zeros((18, 3), np.float32))
    assert fit(bodies.shirt(), nobody, cropped) is None
    _, head_only, reading = Body().read((180, 60, 300, 215))
    points = reading.landmarks.copy()
    points[points[:, 1] > 250, 2] = 0
    assert fit(bodies.shirt(), Reading(reading.parsing, points), head_only) is None
    _, upper_half, reading = Body().read((120, 40, 360, 330))
    points = reading.landmarks.copy()
    points[points[:, 1] > 250, 2] = 0
    reading = Reading(reading.parsing, points)
    assert fit(bodies.trousers(), reading, upper_half) is None
    assert fit(bodies.shirt(), reading, upper_half) is not None


def test_trousers_and_skirt_hang_from_the_waist():
    made, _, _ = fitted(Body(), bodies.trousers())
    left = layers(made)["left-leg"]
    assert target(left, (285, 755))[1] > 560
    assert 310 < target(left, (265, 45))[1] < 390
    x, _ = target(left, (285, 500))
    assert abs(x - 205) < 20, "on the leg"
    made, _, _ = fitted(Body(), bodies.skirt())
    assert 300 < target(layers(made)["skirt"], (400, 45))[1] < 390


def test_the_outline_is_steadied_by_the_frame_before():
    first, _, _ = fitted(Body(), bodies.shirt())
    frame, labels = Body().draw()
    labels[300:340, 130:350] = 5  # one bad frame
    cropped = bodies.crop(frame, (90, 40, 390, 640))
    reading = Reading(bodies.soften(labels, cropped), bodies.to_crop(Body().points(), cropped))
    alone, steadied = fit(bodies.shirt(), reading, cropped), fit(bodies.shirt(), reading, cropped, first)
    assert alone is not None
    assert steadied is not None
    jump = np.abs(alone.outline.half - first.outline.half).max()
    assert np.abs(steadied.outline.half - first.outline.half).max() == pytest.approx(0.3 * jump, rel=0.05)
