"""The frame's trip on a card beside the CPU's: in ONNX Runtime, which runs the same graphs here, and on the card that is none."""

import json
import shutil
import sys
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
from skimage import data

import engines
from engines import hardware
from engines.body import Body
from engines.build.files import EngineFile
from engines.errors import CardError, UserError
from engines.runtimes import tensorrt
from engines.stage import CardStage, CpuStage
from engines.tryon.garment import load_garment_file
from engines.tryon.sheet import distance
from streamer.catalog import BUILT_IN
from streamer.pipeline import Pipeline
from streamer.timing import Spans
from tests.fake_card import FakeCard


def garment(name):
    return load_garment_file(BUILT_IN / f"{name}.png")


@pytest.fixture(scope="module")
def portrait():
    """The astronaut on a 480x360 picture: arms beside the body, long sleeves worn."""
    frame = np.full((360, 480, 3), 120, np.uint8)
    frame[:, 60:420] = cv2.resize(data.astronaut(), (360, 360), interpolation=cv2.INTER_AREA)
    return frame


class Counted:
    """A loaded graph; ``up`` and ``down`` name what went there and came back."""

    def __init__(self, engine, up, down):
        self.engine, self.up, self.down = engine, up, down

    def __getattr__(self, name):
        return getattr(self.engine, name)

    def __call__(self, **inputs):
        return self.engine(**inputs)

    def upload(self, name, array, slot=0):
        self.up.append(name)
        return self.engine.upload(name, array, slot)

    def download(self, outputs):
        self.down += outputs
        return self.engine.download(outputs)


@pytest.fixture(scope="module")
def card():
    """A stage for three frames at a time whose runtime is ONNX Runtime on the CPU."""
    up, down = [], []
    body = Counted(engines.load("body", "onnxruntime"), up, down)
    body.batch = 3
    stage = CardStage(body, lambda name, slots: Counted(engines.load(name, "onnxruntime", slots=slots), up, down))
    stage.up, stage.down = up, down
    return stage


@pytest.fixture(scope="module")
def body():
    return Body.load("onnxruntime")


def same(a, b):
    """The mean difference of two pictures, over all, and over what is the 99th percentile of it."""
    off = np.abs(a.astype(int) - b)
    return off.mean(), np.percentile(off, 99)


@pytest.mark.parametrize("name", ["tee-sunset", "breton", "dress-summer"])
def test_a_card_draws_the_picture_that_the_cpu_draws(card, body, portrait, name):
    wanted = Pipeline(body)(portrait.copy(), garment(name), None, Spans())
    got = Pipeline(body, card)(portrait.copy(), garment(name), None, Spans())
    assert got.status == wanted.status == "ok"
    mean, most = same(got.frame, wanted.frame)
    assert mean < 0.5
    assert most < 12
    assert same(wanted.frame, portrait)[0] > 10  # there is something to compare
    assert np.abs(got.person.astype(int) - wanted.person).mean() < 2


def test_trousers_are_drawn_alike_too_and_nobody_is_nobody(card, body, portrait, shared_data):
    capture = cv2.VideoCapture(str(shared_data / "clips/walk.mkv"))
    frame = cv2.cvtColor(capture.read()[1], cv2.COLOR_BGR2RGB)
    wanted, got = (Pipeline(body, stage)(frame.copy(), garment("jeans"), None, Spans()) for stage in (None, card))
    assert got.status == wanted.status
    assert same(got.frame, wanted.frame)[0] < 0.3
    assert Pipeline(body, card)(np.full((360, 480, 3), 90, np.uint8), garment("breton"), None, Spans()).status == "nobody"


def test_a_frame_goes_up_once_and_comes_down_once_with_only_small_things_between(card, body, portrait):
    card.up.clear()
    card.down.clear()
    pipeline = Pipeline(body, card)
    spans = Spans()
    state = pipeline(portrait.copy(), garment("tee-sunset"), None, spans).state  # looked for on the whole frame, then at the person
    assert card.up.count("frame") == 1
    assert card.up.count("matrix") == 3
    assert card.down == ["picture", "parsing", "landmarks"] * 2 + ["dressed"]
    assert set(spans.ms) == {"body", "find", "fit", "dress", "paste"}
    card.down.clear()
    pipeline(portrait.copy(), garment("tee-sunset"), state, Spans())
    assert card.down == ["picture", "parsing", "landmarks", "dressed"]


def test_frames_of_several_sessions_and_sizes_are_read_as_one_batch(card, body, portrait):
    small = np.ascontiguousarray(cv2.resize(portrait, (320, 240), interpolation=cv2.INTER_AREA)[:, ::-1])
    frames = [portrait, np.full((240, 320, 3), 90, np.uint8), small]
    pipeline = Pipeline(body, card)
    assert pipeline.batch == 3
    shirt = garment("tee-sunset")
    alone = [pipeline(frame.copy(), shirt, None, Spans()) for frame in frames]
    card.down.clear()
    together = dict(pipeline.together([(frame.copy(), shirt, None, Spans()) for frame in frames]))
    assert card.down.count("parsing") == 2  # the whole frames at once, then those with somebody at once
    assert [together[number].status for number in range(3)] == ["ok", "nobody", "ok"]
    for one, other in zip(alone, (together[number] for number in range(3)), strict=True):
        assert same(one.frame, other.frame)[0] < 0.05


def test_one_frame_that_the_card_does_not_take_fails_alone_and_is_named(card, body, portrait):
    jobs = [(portrait.copy(), garment("breton"), None, Spans()), (portrait.astype(np.float32), garment("breton"), None, Spans())]
    results = dict(Pipeline(body, card).together(jobs))
    assert results[0].status == "ok"
    assert "'frame' of 'frame.crop' is float32" in str(results[1])


def test_distances_from_a_polygons_edge():
    """Inside positive, outside negative, also of one that is not convex."""
    corner = np.array([[0.0, 0.0], [10, 0], [10, 10], [6, 10], [6, 4], [0, 4]])
    x, y = np.array([2.0, 8.0, 12.0]), np.array([2.0, 7.0])
    assert distance(corner, x, y) == pytest.approx(np.array([[2, 2, -2], [-3, 2, -2]]))


@pytest.fixture
def imitated(monkeypatch, tmp_path):
    """A card with PyCUDA and TensorRT that are none, whose body network reads two pictures at a time."""
    fake = FakeCard()
    pycuda = ModuleType("pycuda")
    pycuda.driver = fake.driver
    monkeypatch.setitem(sys.modules, "pycuda", pycuda)
    monkeypatch.setitem(sys.modules, "pycuda.driver", fake.driver)
    there = hardware.Driver((hardware.Card(0, "RTX", (8, 6), 1 << 33),), (13, 0))
    for module in (tensorrt, engines):
        monkeypatch.setattr(module, "find_driver", lambda: there)
    monkeypatch.setattr(tensorrt, "find_library", lambda target: tensorrt.Library(fake.tensorrt, "rtx11.0.0", "a fake"))

    def take(contract, path, *rest):
        engine = Path(shutil.copy(path, tmp_path / f"{path.stem}.engine"))
        EngineFile(engine).proof.write_text(json.dumps({"batch": 2}))
        return engine

    monkeypatch.setattr("engines.build.take", take)
    return fake


def test_on_tensorrt_everything_shares_one_device_and_the_frames_bytes_are_copied_once_each_way(imitated, portrait, monkeypatch):
    pipeline = Pipeline.load()
    assert "TensorRT" in pipeline.reason or "a fake" in pipeline.reason
    assert "cropped and dressed on the card" in pipeline.reason
    assert pipeline.batch == 2
    copies = {"up": [], "down": []}
    to_card, to_host = imitated.driver.memcpy_htod_async, imitated.driver.memcpy_dtoh_async
    monkeypatch.setattr(imitated.driver, "memcpy_htod_async", lambda m, array, s: copies["up"].append(array.nbytes) or to_card(m, array, s))
    monkeypatch.setattr(
        imitated.driver, "memcpy_dtoh_async", lambda array, m, s: copies["down"].append(array.nbytes) or to_host(array, m, s)
    )
    small = np.ascontiguousarray(portrait[:, ::-1])
    jobs = [(frame.copy(), garment("tee-sunset"), None, Spans()) for frame in (portrait, small)]
    results = dict(pipeline.together(jobs))
    on_cpu = Pipeline(Body.load("onnxruntime"))
    for number, frame in enumerate((portrait, small)):
        assert same(results[number].frame, on_cpu(frame.copy(), garment("tee-sunset"), None, Spans()).frame)[0] < 0.5
    assert copies["up"].count(portrait.nbytes) == 2  # two frames, each once
    assert copies["down"].count(portrait.nbytes) == 2
    assert copies["down"].count(2 * 22 * 128 * 96 * 4) == 2
    device = pipeline.body.engine.device
    pipeline._stage.close()
    pipeline.body.engine.close()
    assert device is not None
    assert imitated.held == 0
    assert imitated.log.count("detach") == 1


def test_where_the_card_takes_the_network_but_not_the_frames_they_stay_on_the_cpu_with_one_line(imitated, monkeypatch, caplog):
    load = engines.load

    def refuse(name, *args, **options):
        if name == "frame.dress":
            raise CardError("The NVIDIA card has no room for another 900 MiB.")
        return load(name, *args, **options)

    monkeypatch.setattr(engines, "load", refuse)
    pipeline = Pipeline.load()
    assert isinstance(pipeline._stage, CpuStage)
    assert pipeline.body.engine.runtime == "tensorrt"
    assert [record.getMessage() for record in caplog.records] == [
        "Frames are cropped and dressed on the CPU, though the network runs on the card: The NVIDIA card has no room for another 900 MiB."
    ]
    pipeline.body.engine.close()
    with pytest.raises(UserError, match="no room for another 900 MiB"):
        Pipeline.load("tensorrt")


def test_a_card_that_fails_under_way_leaves_its_sessions_to_the_cpu_with_one_line(imitated, portrait, caplog):
    pipeline, named = Pipeline.load(), Pipeline.load("tensorrt")
    shirt = garment("tee-sunset")
    state = pipeline(portrait.copy(), shirt, None, Spans()).state
    imitated.fail_run = True
    results = dict(pipeline.together([(portrait.copy(), shirt, state, Spans()) for _ in range(2)]))
    assert [results[number].status for number in range(2)] == ["ok", "ok"]
    assert same(results[0].frame, results[1].frame)[0] == 0
    assert pipeline(portrait.copy(), shirt, results[0].state, Spans()).status == "ok"
    assert pipeline.body.engine.runtime == "openvino"
    assert pipeline.batch == 1
    assert [record.getMessage()[:54] for record in caplog.records] == ["The networks go on on the CPU. The engine 'frame.crop'"]
    with pytest.raises(CardError, match=r"The engine 'frame\.crop' failed on the card"):
        named(portrait.copy(), shirt, None, Spans())


def test_on_a_cpu_there_is_no_card_stage(body):
    assert CardStage.beside(body, refuse=True) is None
    assert isinstance(Pipeline(body)._stage, CpuStage)
