"""The worker: turns, states, failures, sizes."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from streamer import overlay
from streamer.adapt import Effort
from streamer.mailbox import Mailbox
from streamer.rtc.decoder import Decoded
from streamer.turn import Seat, serve, target_size
from streamer.worker import Worker
from tests.fakes import FakePipeline, video_frame

RED = SimpleNamespace(id="red", colour=(220, 30, 30))


def decoded(*size, **more):
    return Decoded(video_frame(*size, **more), time.perf_counter(), 1.5)


@pytest.fixture
def served():
    """A seat that keeps what was delivered, and a way to serve it a frame without a thread."""
    out = []
    seat = Seat(deliver=out.append)
    seat.inbox = Mailbox()

    def one(frame, pipeline):
        serve([(seat, frame)], pipeline)
        return out[-1]

    return seat, one


def middle(frame):
    picture = frame.to_ndarray(format="rgb24")
    return picture[picture.shape[0] // 2, picture.shape[1] // 2].astype(int)


def test_a_dressed_frame_keeps_its_time_and_tells_its_stages(served):
    seat, one = served
    seat.worn = ("red", RED)
    returned = one(decoded(pts=4711), FakePipeline())
    assert np.abs(middle(returned.frame) - (220, 30, 30)).max() < 12
    assert (returned.frame.pts, returned.frame.format.name, returned.status, returned.garment) == (4711, "yuv420p", "ok", "red")
    assert list(returned.ms) == ["decode", "wait", "to_rgb", "find", "dress", "to_yuv"]
    assert returned.ms["decode"] == 1.5


def test_what_the_pipeline_does_not_touch_comes_back_as_it_was(served):
    seat, one = served
    seat.worn = ("red", RED)
    source = video_frame(64, 48, colour=(60, 150, 90))
    returned = one(Decoded(source, 0.0, 0.0), FakePipeline())
    before, after = source.to_ndarray().astype(int), returned.frame.to_ndarray().astype(int)
    assert np.abs(before - after)[:10].max() <= 1  # the luma above the garment


def test_a_height_that_is_even_only_keeps_its_last_rows(served):
    seat, one = served
    seat.worn = ("red", RED)
    for seat.overlay, height in ((False, 54), (True, 54 + overlay.cover_size(32, 54)[1])):
        returned = one(decoded(32, 54), FakePipeline())
        assert (returned.frame.width, returned.frame.height) == (32, height)


def test_without_a_garment_the_decoded_frame_itself_goes_back_and_tracking_still_runs(served):
    _, one = served
    pipeline = FakePipeline()
    frame = decoded()
    returned = one(frame, pipeline)
    assert returned.frame is frame.frame
    assert (returned.status, returned.garment) == ("plain", None)
    assert pipeline.calls == [(None, None)]


def test_the_state_comes_out_and_goes_in_again_until_the_size_changes(served):
    _, one = served
    pipeline = FakePipeline()
    for size in ((64, 48), (64, 48), (48, 64), (48, 64)):
        one(decoded(*size), pipeline)
    assert [state for _, state in pipeline.calls] == [None, 1, None, 1]


def test_a_pipeline_that_says_nobody_returns_the_frame_undressed(served):
    seat, one = served
    seat.worn = ("red", RED)
    frame = decoded()
    returned = one(frame, lambda picture, garment, state, spans: SimpleNamespace(frame=picture, state=state, status="nobody"))
    assert returned.frame is frame.frame
    assert (returned.status, returned.garment) == ("nobody", None)


def test_a_pipeline_that_raises_costs_one_frame_and_is_logged_once(served, caplog):
    seat, one = served
    seat.worn = ("red", RED)

    def broken(picture, garment, state, spans):
        picture[:] = 0
        raise RuntimeError("no luck")

    frame = decoded()
    assert one(frame, broken).frame is frame.frame
    assert one(decoded(), broken).status == "plain"
    assert seat.errors == 2
    assert [record.getMessage()[:7] for record in caplog.records] == ["a frame"]
    assert one(decoded(), FakePipeline()).status == "ok"


def test_large_and_odd_frames_are_scaled_before_anything_else(served):
    seat, one = served
    seat.worn, seat.height = ("red", RED), 24
    returned = one(decoded(64, 48), FakePipeline())
    assert (returned.frame.width, returned.frame.height) == (32, 24)
    assert target_size(641, 481, 10**6, None) == (640, 480)
    assert target_size(3840, 2160, 1920 * 1080, None) == (1920, 1080)
    assert target_size(720, 1280, 10**6, 640) == (360, 640)
    assert target_size(640, 480, 10**6, 720) == (640, 480)


def test_a_session_that_is_behind_works_on_fewer_pixels_and_fewer_frames(served):
    seat, one = served
    seat.effort = Effort(steps=("scale", "rate", "rate"))
    assert (one(decoded(1280, 720), FakePipeline()).frame.width, one(decoded(64, 48), FakePipeline()).frame.width) == (960, 64)
    seat.height = 360  # the page asks for even less
    assert one(decoded(1280, 720), FakePipeline()).frame.height == 360
    taken = []
    for pts in range(6):
        seat.offer(decoded(pts=pts))
        taken += [got.frame.pts] if (got := seat.inbox.take()) else []
    assert taken == [1, 3, 5]


def test_frames_dropped_for_a_second_make_the_effort_smaller(served):
    seat, one = served
    for _ in range(8):
        seat.inbox.put(decoded())
    seat.effort = Effort(began=time.perf_counter() - 2, busy=-2)
    one(decoded(640, 480), FakePipeline())
    assert seat.effort.steps == ("scale",)
    assert one(decoded(640, 480), FakePipeline()).frame.height == 360


def test_full_range_pictures_come_back_in_the_usual_range(served):
    _, one = served
    full = video_frame(colour=(255, 255, 255)).reformat(format="yuvj420p", dst_color_range="JPEG")
    full.pts = 0
    returned = one(Decoded(full, 0.0, 0.0), FakePipeline())
    assert returned.frame.format.name == "yuv420p"
    assert returned.frame.to_ndarray()[0, 0] in range(233, 237)


@pytest.fixture
def gate():
    """A pipeline that waits at a gate, and the worker that runs it."""
    entered, leave = queue.Queue(), threading.Semaphore(0)

    def pipeline(picture, garment, state, spans):
        entered.put(garment)
        leave.acquire()
        return SimpleNamespace(frame=picture, state=state, status="ok")

    worker = Worker(pipeline)
    worker.start()
    yield worker, entered, leave
    leave.release(1000)
    worker.stop()


def seat_of(worker, name):
    out = queue.Queue()
    seat = Seat(deliver=out.put)
    seat.worn = (name, name)
    worker.add(seat)
    return seat, out


def test_sessions_take_turns_and_each_gets_its_newest_frame(gate):
    worker, entered, leave = gate
    (a, out_a), (b, out_b), (c, out_c) = (seat_of(worker, name) for name in "abc")
    a.inbox.put(decoded(pts=1))
    assert entered.get(timeout=10) == "a"
    for pts in (2, 3, 4):  # a is greedy
        a.inbox.put(decoded(pts=pts))
    b.inbox.put(decoded(pts=10))
    b.inbox.put(decoded(pts=11))
    c.inbox.put(decoded(pts=20))
    leave.release(4)
    assert [entered.get(timeout=10) for _ in range(3)] == ["b", "c", "a"]
    assert [out_a.get(timeout=10).frame.pts for _ in range(2)] == [1, 4]
    assert out_b.get(timeout=10).frame.pts == 11
    assert out_c.get(timeout=10).frame.pts == 20
    assert (a.inbox.dropped, b.inbox.dropped, c.inbox.dropped) == (2, 1, 0)


def test_a_seat_that_leaves_is_served_no_more_and_the_others_go_on(gate):
    worker, entered, leave = gate
    (a, out_a), (b, out_b) = (seat_of(worker, name) for name in "ab")
    a.inbox.put(decoded())
    assert entered.get(timeout=10) == "a"
    a.inbox.put(decoded())
    worker.remove(a)
    b.inbox.put(decoded())
    leave.release(2)
    assert entered.get(timeout=10) == "b"
    assert out_b.get(timeout=10).status == "ok"
    assert out_a.qsize() == 1


def test_a_worker_that_was_never_started_can_be_stopped():
    Worker(FakePipeline()).stop()


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted in /proc, which this system has not")
def test_matrix_products_start_no_threads_that_would_spin_between_frames():
    code = "import streamer.worker, os, numpy as np; a = np.ones((600, 600)); b = a @ a; print(len(os.listdir('/proc/self/task')))"
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"


def test_an_overlay_holds_what_was_drawn_and_the_whole_picture_is_there_for_others(served):
    seat, one = served
    seat.worn, seat.overlay = ("red", RED), True
    returned = one(decoded(64, 48, pts=4711), FakePipeline())
    across, down = overlay.cover_size(64, 48)
    assert (returned.frame.width, returned.frame.height, returned.frame.pts) == (64, 48 + down, 4711)
    luma = returned.frame.to_ndarray()[: 48 + down]
    assert luma[48 + down // 2, across // 2] == overlay.LIGHT
    assert luma[48, 0] == overlay.DARK
    assert (returned.whole.width, returned.whole.height) == (64, 48)
    assert np.abs(middle(returned.whole) - (220, 30, 30)).max() < 12
    assert "pack" in returned.ms

    def broken(picture, garment, state, spans):
        picture[:] = 0
        raise RuntimeError("no luck")

    for pipeline in (broken, lambda picture, *_: SimpleNamespace(frame=picture, state=None, status="nobody")):
        nothing = one(decoded(64, 48), pipeline)
        assert (nothing.frame.to_ndarray() == overlay.empty(64, 48)).all()
        assert (nothing.whole.width, nothing.whole.height) == (64, 48)
