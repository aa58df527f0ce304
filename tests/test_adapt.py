"""Fewer pixels or frames when something is behind, more again later: the decisions, on a made-up clock."""

from __future__ import annotations

from itertools import pairwise

import pytest

from streamer.adapt import LOWEST, WAIT, Effort, Seen, update
from tests.shopper import Shopper
from tests.test_server import fitting_room, open_socket


class Camera:
    """A 30 frames a second camera before a machine that takes ``ms`` for a frame of full size, of which ``sized`` grows with the size."""

    def __init__(self, ms, sized=0.8, bitrate=None, size=(1280, 720)):
        self.ms, self.share, self.bitrate, self.size = ms, sized, bitrate, size
        self.effort, self.now, self.free, self.busy = Effort(), 0.0, 0.0, 0.0
        self.dropped, self.number, self.waiting = 0, 0, False

    def run(self, seconds):
        """Live on for so long; returns (time, steps) of each change."""
        changes, end = [], self.now + seconds
        while self.now < end:
            self.now += 1 / 30
            self.number += 1
            if not self.effort.takes(self.number):
                continue
            if self.waiting and self.free <= self.now:
                changes += self.serve(self.free)
            if self.free <= self.now:
                changes += self.serve(self.now)
            else:
                self.dropped += self.waiting
                self.waiting = True
        return changes

    def serve(self, at):
        """The worker takes the frame that waits, or the one that has come."""
        took = self.ms / 1000 * (1 - self.share + self.share * self.effort.scale**2)
        self.free, self.busy, self.waiting = at + took, self.busy + took, False
        seen = Seen(self.free, self.size, self.dropped, self.busy, self.bitrate, sized=self.share > 0.5)
        before, self.effort = self.effort.steps, update(self.effort, seen)
        return [(self.free, self.effort.steps)] if self.effort.steps != before else []


def test_a_machine_that_keeps_up_is_left_alone():
    camera = Camera(ms=30)
    assert camera.run(60) == []
    assert (camera.effort.scale, camera.effort.rate, camera.effort.reason) == (1.0, 1.0, None)
    assert camera.effort.fps == pytest.approx(30, abs=0.5)


def test_a_slow_machine_gets_fewer_pixels_until_it_keeps_up_and_stays_there():
    camera = Camera(ms=60)
    changes = camera.run(10)
    assert [steps for _, steps in changes][:1] == [("scale",)]
    assert changes[0][0] < 1.2
    assert camera.effort.reason == "pipeline"
    assert camera.effort.height(1280, 720) in (540, 360)
    assert camera.effort.fps > 20


def test_time_that_does_not_depend_on_the_size_is_saved_by_fewer_frames():
    camera = Camera(ms=55, sized=0.2)
    camera.run(5)
    assert "scale" not in camera.effort.steps
    assert camera.effort.height(1280, 720) == 720
    assert camera.effort.rate == pytest.approx(2 / 3)
    assert camera.effort.fps > 17  # of 18.2 that the machine can do


def test_the_frames_that_are_taken_are_spread_evenly():
    shares = []
    for steps in range(4):
        taken = [number for number in range(1, 61) if Effort(("rate",) * steps).takes(number)]
        gaps = {later - earlier for earlier, later in pairwise(taken)}
        shares.append((len(taken), gaps))
    assert shares == [(60, {1}), (40, {1, 2}), (30, {2}), (20, {3})]


def test_a_step_up_that_does_not_hold_is_tried_ever_more_rarely():
    camera = Camera(ms=55, sized=0.95)  # 18 frames a second at full size, all 30 with fewer pixels
    times = [at for at, _ in camera.run(300)]
    tries = times[1::2]
    gaps = [round(later - earlier) for earlier, later in pairwise(tries)]
    assert 5 < len(tries) < 10
    assert gaps == sorted(gaps)
    assert camera.effort.wait > 8 * WAIT


def test_when_the_cause_is_gone_everything_comes_back_step_by_step():
    camera = Camera(ms=200)
    camera.run(20)
    assert camera.effort.steps.count("scale") == 2
    assert camera.effort.steps.count("rate") >= 1
    camera.ms = 10
    lengths = [len(steps) for _, steps in camera.run(400)]
    assert lengths == sorted(lengths, reverse=True)
    assert camera.effort.steps == ()
    assert camera.effort.reason is None


def test_a_narrow_network_gets_fewer_pixels_and_a_wide_one_all_of_them():
    camera = Camera(ms=10, bitrate=500_000)
    camera.run(10)
    assert camera.effort.reason == "network"
    assert camera.effort.height(1280, 720) < 720
    camera.bitrate = 8_000_000
    camera.run(60)
    assert camera.effort.height(1280, 720) == 720


def test_a_rate_between_scarce_and_ample_changes_nothing():
    camera = Camera(ms=10, bitrate=int(0.05 * 1280 * 720 * 30))
    assert camera.run(60) == []
    camera.bitrate = 200_000
    camera.run(3)
    camera.bitrate = int(0.05 * 1280 * 720 * 30)
    camera.run(200)
    assert camera.effort.steps != ()  # enough to stay, not enough to go all the way up


@pytest.mark.parametrize(("size", "lines"), [((160, 120), 120), ((320, 240), 240), ((400, 300), LOWEST), ((360, 640), 427)])
def test_small_pictures_are_not_made_unrecognisable(size, lines):
    camera = Camera(ms=500, size=size)
    camera.run(60)
    assert camera.effort.height(*size) == lines
    assert camera.effort.rate == pytest.approx(1 / 3)


def test_frames_that_come_in_bursts_are_no_sign_that_the_machine_is_behind():
    camera = Camera(ms=10)
    camera.run(1)
    for _ in range(100):
        camera.dropped += 3  # a lost packet has come after all: five frames at once, and only the newest counts
        camera.run(0.2)
    assert camera.effort.steps == ()


def test_a_pause_is_no_sign_of_anything():
    camera = Camera(ms=10)
    camera.run(3)
    camera.now += 600  # the page was hidden
    assert camera.run(10) == []


async def test_a_page_is_told_the_quality_of_each_frame(tmp_path):
    async with fitting_room(tmp_path) as client:
        shopper = Shopper(await open_socket(client))
        shopper.camera.size = (640, 480)
        await shopper.connect()
        assert (await shopper.hear(type="frame"))["quality"]["height"] == 480
        shopper.say(type="quality", height=240)
        while (quality := (await shopper.hear(type="frame"))["quality"])["height"] != 240:
            pass
        assert set(quality) == {"height", "fps", "reason", "bitrate"}
        await shopper.leave()
