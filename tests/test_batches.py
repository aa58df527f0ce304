"""Frames of several sessions in one batch: with the committed network on ONNX Runtime, said to be faster with several pictures."""

import queue
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from skimage import data

import engines
from engines.body import Body
from engines.tryon.garment import load_garment_file
from streamer.catalog import BUILT_IN
from streamer.pipeline import Pipeline
from streamer.rtc.decoder import Decoded
from streamer.timing import Spans
from streamer.turn import Seat
from streamer.worker import Worker
from tests.fakes import video_frame

SHIRT = load_garment_file(BUILT_IN / "tee-sunset.png")


class Counted:
    """The network on a runtime that takes batches; ``sizes`` says of how many pictures each call was."""

    runtime, reason, batch = "onnxruntime", "as if a card", 8

    def __init__(self):
        self.engine, self.sizes = engines.load("body", "onnxruntime"), []

    def __call__(self, picture):
        self.sizes.append(len(picture))
        return self.engine(picture=picture)


@pytest.fixture(scope="module")
def pipeline():
    return Pipeline(Body(Counted()))


@pytest.fixture(scope="module")
def frames():
    """Three shoppers' pictures: the astronaut, the same mirrored and smaller, and nobody."""
    portrait = np.full((480, 640, 3), 120, np.uint8)
    portrait[:, 80:560] = cv2.resize(data.astronaut(), (480, 480), interpolation=cv2.INTER_AREA)
    small = np.ascontiguousarray(cv2.resize(portrait, (480, 360), interpolation=cv2.INTER_AREA)[:, ::-1])
    return [portrait, small, np.full((480, 640, 3), 120, np.uint8)]


def test_one_call_reads_them_all_and_each_gets_what_it_would_have_got_alone(pipeline, frames):
    states, alone = [None] * 3, [None] * 3
    for _ in range(2):
        sizes = pipeline.body.engine.sizes = []
        spans = [Spans() for _ in frames]
        jobs = [(frame.copy(), SHIRT, state, one) for frame, state, one in zip(frames, states, spans, strict=True)]
        results = dict(pipeline.together(jobs))
        states = [results[number].state for number in range(3)]
        together = list(sizes)
        alone = [
            pipeline(frame.copy(), SHIRT, before.state if before else None, Spans()) for frame, before in zip(frames, alone, strict=True)
        ]
    # Two of them are where they were on the frame before; the third is looked for on the whole of it.
    assert together == [3]
    assert [results[number].status for number in range(3)] == ["ok", "ok", "nobody"]
    assert set(spans[0].ms) == {"crop", "body", "find", "fit", "dress", "paste"}
    for number in range(3):
        assert np.abs(results[number].frame.astype(int) - alone[number].frame).max() <= 2


def test_who_fails_fails_alone(pipeline, frames):
    results = dict(
        pipeline.together([(frame.copy(), garment, None, Spans()) for frame, garment in zip(frames, (SHIRT, 3, SHIRT), strict=True)])
    )
    assert isinstance(results[1], Exception)
    assert [results[number].status for number in (0, 2)] == ["ok", "nobody"]
    wrong = [(frames[0].copy(), SHIRT, None, Spans()), (frames[1].astype(np.float64), SHIRT, None, Spans())]
    results = dict(pipeline.together(wrong))
    assert results[0].status == "ok"
    assert isinstance(results[1], Exception)


class Recorder:
    """A pipeline that likes two frames at a time; it dresses frames white, and raises for a garment that is an exception."""

    batch = 2

    def __init__(self):
        self.calls = []

    def __call__(self, *job):
        ((_, done),) = self.together([job])
        if isinstance(done, Exception):
            raise done
        return done

    def together(self, jobs):
        self.calls.append([garment for _, garment, _, _ in jobs])
        for number, (frame, garment, state, _) in enumerate(jobs):
            frame[:] = 255
            failed = isinstance(garment, Exception)
            yield number, garment if failed else SimpleNamespace(frame=frame, state=(state or 0) + 1, status="ok")


def seats(worker, *garments):
    made = []
    for garment in garments:
        out = queue.Queue()
        seat = Seat(deliver=out.put)
        seat.worn = (str(garment), garment)
        worker.add(seat)
        made.append((seat, out))
    return made


def put(seat, *numbers):
    for pts in numbers:
        seat.inbox.put(Decoded(video_frame(pts=pts), 0.0, 1.0))


def test_a_batch_is_the_newest_frames_of_the_next_seats_in_turn():
    worker = Worker(Recorder())
    (a, out_a), (b, out_b), (c, out_c) = seats(worker, "a", "b", "c")
    for seat in (a, b, c):
        put(seat, 1, 2)
    worker.start()
    assert [out.get(timeout=10).frame.pts for out in (out_a, out_b, out_c)] == [2, 2, 2]
    worker.stop()
    assert worker.pipeline.calls == [["a", "b"], ["c"]]
    assert (a.inbox.dropped, b.inbox.dropped, c.inbox.dropped) == (1, 1, 1)
    assert a.state == b.state == c.state == 1


def test_nobody_waits_for_those_who_always_have_a_frame():
    worker = Worker(Recorder())
    (a, _), (b, _), (c, _) = seats(worker, "a", "b", "c")
    taken = []
    for _ in range(3):  # a and b have a new frame whenever they are asked, and c one
        put(a, 1)
        put(b, 1)
        if not taken:
            put(c, 1)
        taken.append([seat.worn[1] for seat, _ in worker._next()])
    assert taken == [["a", "b"], ["c", "a"], ["b", "a"]]


def test_a_session_that_fails_in_a_batch_gets_its_frame_back_and_the_other_its_garment(caplog):
    worker = Worker(Recorder())
    (good, out), (bad, plain) = seats(worker, "good", RuntimeError("no luck"))
    put(good, 1)
    put(bad, 2)
    worker.start()
    assert out.get(timeout=10).status == "ok"
    returned = plain.get(timeout=10)
    assert (returned.status, returned.frame.pts, bad.errors, bad.state) == ("plain", 2, 1, None)
    assert "no luck" in caplog.text
    put(good, 3)
    returned = out.get(timeout=10)
    assert returned.garment == "good"
    assert good.state == 2
    worker.stop()


def test_a_frame_that_cannot_be_converted_takes_no_place_in_the_batch(caplog):
    worker = Worker(Recorder())
    (good, out), (bad, plain) = seats(worker, "good", "bad")
    put(good, 1)
    put(bad, 2)
    bad.pixels = -1  # there is no such size
    worker.start()
    assert out.get(timeout=10).status == "ok"
    assert plain.get(timeout=10).status == "plain"
    worker.stop()
    assert worker.pipeline.calls == [["good"]]
