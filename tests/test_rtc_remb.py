"""What the path carries: a standing queue takes the rate down, a busy receiver does not."""

from __future__ import annotations

import random

import pytest

from streamer.rtc.remb import HIGHEST, LOSSY, PathEstimator

PACKET = 1000  # bytes


class Path:
    """Packets at a rate, through a queue of a capacity, to a receiver that looks now and then."""

    def __init__(self, start_s=0.0, **options):
        self.estimator = PathEstimator(**options)
        self.now = start_s
        self.free_at = 0.0
        self.rng = random.Random(1)
        self.rates = []

    def run(self, seconds, rate, capacity, pause=0.0, drift=0.0):
        """The last rate the sender was told."""
        end = self.now + seconds
        while self.now < end:
            self.now += PACKET * 8 / min(rate, self.rates[-1] if self.rates else rate)
            self.free_at = max(self.free_at, self.now) + PACKET * 8 / capacity
            arrival = self.free_at + 0.03 + self.rng.choice([0, 0, 0, pause]) + drift * self.now
            told = self.estimator.add(round(arrival * 1000) + 777_000, round(self.now * (1 << 18)) % (1 << 24), PACKET, 5)
            if told:
                assert told[1] == [5]
                self.rates.append(told[0])
        return self.rates[-1]


@pytest.mark.parametrize("start_s", [0.0, 62.5])  # the second one wraps on the way
def test_a_path_with_room_is_never_held_back(start_s):
    path = Path(start_s)
    assert path.run(10, 400_000, 50_000_000) == HIGHEST
    assert len(path.rates) >= 19


def test_a_busy_receiver_is_no_full_path():
    assert Path().run(10, 2_000_000, 50_000_000, pause=0.15) == HIGHEST


def test_clocks_that_drift_apart_are_no_full_path():
    assert Path().run(300, 300_000, 50_000_000, drift=2e-4) == HIGHEST


def test_a_standing_queue_takes_the_rate_below_the_capacity_and_it_comes_back_slowly():
    path = Path()
    path.run(5, 3_000_000, 50_000_000)
    path.run(15, 3_000_000, 1_000_000)
    assert min(path.rates) < 1_000_000
    assert path.free_at - path.now < 0.3  # the queue has gone
    before = path.rates[-1]
    path.run(3, 3_000_000, 50_000_000)
    assert before < path.rates[-1] < 2 * before


class Counted:
    """Packets as the requests for lost ones count them: ``share`` of each hundred are lost."""

    def __init__(self, share, long=True):
        self.share, self.long, self.lost, self.expected = share, long, 0.0, 0

    def __call__(self):
        self.lost, self.expected = self.lost + 100 * self.share, self.expected + 100
        return round(self.lost), self.expected, self.long


def test_packets_lost_on_a_long_path_hold_the_rate_at_few_packets_a_frame():
    counted = Counted(0.05)
    path = Path(counted=counted)
    assert path.run(10, 3_000_000, 20_000_000) == LOSSY
    counted.share = 0.0
    assert path.run(10, 3_000_000, 20_000_000) > 3_000_000


@pytest.mark.parametrize(("share", "long"), [(0.05, False), (0.01, True)])
def test_a_short_path_and_a_rare_loss_do_not(share, long):
    assert Path(counted=Counted(share, long)).run(10, 3_000_000, 20_000_000) == HIGHEST
