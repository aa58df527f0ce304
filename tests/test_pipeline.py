"""The whole pipeline with the committed network: on a real portrait, and on the clips where they are present."""

import itertools
import json

import cv2
import numpy as np
import pytest
from skimage import data

from engines.body import Body
from engines.tryon.garment import load_garment_file
from streamer.catalog import BUILT_IN
from streamer.pipeline import Pipeline
from streamer.timing import Spans


@pytest.fixture(scope="module")
def pipeline():
    return Pipeline(Body.load())


@pytest.fixture(scope="module")
def portrait():
    """The astronaut on a 640x480 picture: face around (293, 108), chest around (255, 330)."""
    frame = np.full((480, 640, 3), 120, np.uint8)
    frame[:, 80:560] = cv2.resize(data.astronaut(), (480, 480), interpolation=cv2.INTER_AREA)
    return frame


def garment(name):
    return load_garment_file(BUILT_IN / f"{name}.png")


def worn(pipeline, frame, name, frames=3):
    """What the shopper sees after a few still frames, and the last result."""
    state = None
    for _ in range(frames):
        result = pipeline(frame.copy(), garment(name), state, Spans())
        state = result.state
    return result.frame, result


def changed(before, after):
    return cv2.absdiff(before, after).max(2) > 12


def test_the_garment_is_on_the_torso_and_nowhere_else(pipeline, portrait):
    after, result = worn(pipeline, portrait, "tee-sunset")
    assert result.status == "ok"
    where = changed(portrait, after)
    chest = np.s_[280:390, 190:320]
    assert where[chest].mean() > 0.8
    # The T-shirt is dark green-blue, the suit orange: red goes down, and the shirt's own hue comes in.
    assert np.median(after[chest][..., 0]) < np.median(portrait[chest][..., 0].astype(int)) - 60
    face = np.s_[70:140, 262:325]
    assert (after[face] == portrait[face]).all()
    assert (after[:200, 480:] == portrait[:200, 480:]).all()
    assert (after[:, :70] == portrait[:, :70]).all()


def test_without_a_garment_nothing_is_touched(pipeline, portrait):
    result = pipeline(portrait.copy(), None, None, Spans())
    assert result.status == "ok"
    assert (result.frame == portrait).all()


@pytest.mark.parametrize("picture", ["plain", "noise", "coffee", "garment"])
def test_nobody_in_view_is_said_and_nothing_is_drawn(pipeline, picture):
    random = np.random.default_rng(0)
    frame = {
        "plain": np.full((480, 640, 3), 150, np.uint8),
        "noise": random.integers(0, 256, (480, 640, 3), dtype=np.uint8),
        "coffee": cv2.resize(data.coffee(), (640, 480)),
        "garment": cv2.resize(np.maximum(garment("breton").picture[..., :3], 255 - garment("breton").picture[..., 3:]), (640, 480)),
    }[picture]
    after, result = worn(pipeline, frame, "breton")
    assert result.status == "nobody"
    assert (after == frame).all()


def test_stages_are_timed_under_their_names(pipeline, portrait):
    spans = Spans()
    pipeline(portrait.copy(), garment("breton"), None, spans)
    assert set(spans.ms) == {"find", "crop", "body", "fit", "dress", "paste"}


def test_the_frames_of_two_shoppers_do_not_mix(pipeline, portrait):
    mirrored = np.ascontiguousarray(portrait[:, ::-1])
    alone, _ = worn(pipeline, portrait, "breton", 4)
    one = two = None
    for _ in range(4):
        first = pipeline(portrait.copy(), garment("breton"), one, Spans())
        second = pipeline(mirrored.copy(), garment("tee-sunset"), two, Spans())
        one, two = first.state, second.state
    assert (first.frame == alone).all()
    assert second.status == "ok"


@pytest.mark.parametrize("size", [(480, 640), (640, 480), (720, 1280), (1280, 720), (240, 320)])
def test_any_size_and_orientation_is_dressed(pipeline, portrait, size):
    height, width = size
    scale = min(height / 480, width / 480)
    person = cv2.resize(portrait[:, 80:560], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    frame = np.full((height, width, 3), 120, np.uint8)
    top, left = height - person.shape[0], (width - person.shape[1]) // 2
    frame[top:, left : left + person.shape[1]] = person
    after, result = worn(pipeline, frame, "tee-sunset")
    assert result.status == "ok"
    assert changed(frame, after).mean() > 0.03


def test_several_pieces_are_worn_over_one_another(pipeline, portrait):
    """The portrait ends at the waist: a coat over a top."""
    outfit = (garment("tee-sunset"), garment("blazer"))
    both = pipeline(portrait.copy(), outfit, None, Spans()).frame
    top, _ = worn(pipeline, portrait, "tee-sunset", 1)
    coat, _ = worn(pipeline, portrait, "blazer", 1)
    assert not changed(both[240:300, 245:262], top[240:300, 245:262]).all(), "the blazer's lapels are over it"
    sleeve = np.s_[330:380, 140:170]
    assert changed(both[sleeve], coat[sleeve]).mean() < 0.1, "the blazer's sleeve"
    assert changed(both[sleeve], top[sleeve]).mean() > 0.5


def test_it_fades_while_the_shopper_turns_away(pipeline, portrait, monkeypatch):
    shirt, state, said, shares = garment("tee-sunset"), None, [], []
    monkeypatch.setattr("streamer.fading.turned_away", lambda fit, reading: 2 <= len(said) < 10)
    for _ in range(15):
        result = pipeline(portrait.copy(), shirt, state, Spans())
        state = result.state
        said.append(result.status)
        shares.append(float(np.abs(result.frame[280:390, 190:320].astype(int) - portrait[280:390, 190:320]).mean()))
    assert said == ["ok"] * 6 + ["turn"] * 4 + ["ok"] * 5
    assert shares[6:10] == [0] * 4
    assert all(a > b for a, b in itertools.pairwise(shares[1:7]))
    assert all(a < b for a, b in itertools.pairwise(shares[9:13]))


def test_someone_who_leaves_and_comes_back_is_dressed_at_once(pipeline, portrait):
    empty = np.full_like(portrait, 120)
    state = None
    said = []
    for frame in (portrait, portrait, empty, empty, portrait):
        result = pipeline(frame.copy(), garment("breton"), state, Spans())
        state = result.state
        said.append(result.status)
    assert said == ["ok", "ok", "nobody", "nobody", "ok"]


@pytest.mark.parametrize("clip", ["again", "bird", "learn", "please"])
def test_arms_in_front_stay_in_front_on_the_clips(pipeline, shared_data, clip):
    """Hands before the body, by the teacher's landmarks, are hardly drawn over, while the chest is."""
    points = json.loads((shared_data / "clips/keypoints.json").read_text())[clip]
    capture = cv2.VideoCapture(str(shared_data / f"clips/{clip}.mkv"))
    state, over_hands, over_chest = None, [], []
    shirt = garment("tee-lettering")
    for number, blazepose in enumerate(points):
        _, picture = capture.read()
        frame = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        result = pipeline(frame.copy(), shirt, state, Spans())
        state = result.state
        assert result.status == "ok", number
        if number < 5:
            continue
        where = changed(frame, result.frame)
        body = np.array(blazepose)[:, :2]
        chest = cv2.fillPoly(np.zeros(where.shape, np.uint8), [body[[11, 12, 24, 23]].astype(np.int32)], 1) > 0
        arms = np.zeros(where.shape, np.uint8)
        for wrist, tip in ((15, 19), (16, 20)):
            # From the wrist to the knuckles: thin enough to lie on the hand.
            ends = body[[wrist, tip]].astype(int)
            cv2.line(arms, ends[0].tolist(), ends[1].tolist(), 1, 9)
        hands = (arms > 0) & chest
        if hands.sum() > 60:
            over_hands.append(where[hands].mean())
        over_chest.append(where[chest & (cv2.dilate(arms, np.ones((61, 61), np.uint8)) == 0)].mean())
    assert np.mean(over_chest) > 0.75
    assert np.mean(over_hands) < 0.25
