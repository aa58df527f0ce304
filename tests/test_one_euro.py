"""The filter: steady when still, hardly behind when fast."""

import numpy as np

from streamer.one_euro import FRAME_SECONDS, one_euro

HEIGHT = 400.0
SURE = np.ones(1)


def run(track, sure=SURE):
    state, out = None, []
    for point in track:
        state = one_euro(np.array([point]), state, HEIGHT, sure)
        out.append(state.points[0])
    return np.array(out)


def test_noise_of_a_still_point_shrinks():
    random = np.random.default_rng(0)
    noisy = np.array([200.0, 100.0]) + random.normal(0, 2, (300, 2))
    smooth = run(noisy)[30:]
    assert smooth.std(0).max() < 0.5 * 2
    assert np.abs(smooth.mean(0) - [200, 100]).max() < 0.5


def test_a_fast_hand_is_less_than_a_frame_behind():
    seconds = np.arange(30) * FRAME_SECONDS
    speed = 1.5 * HEIGHT  # pixels a second
    track = np.column_stack([speed * seconds, np.zeros(30)])
    behind = track[-1, 0] - run(track)[-1, 0]
    assert behind < speed * FRAME_SECONDS


def test_a_point_that_is_not_seen_stays():
    state = one_euro(np.array([[10.0, 10.0]]), None, HEIGHT, SURE)
    state = one_euro(np.array([[300.0, 300.0]]), state, HEIGHT, np.zeros(1))
    assert (state.points == 10).all()
