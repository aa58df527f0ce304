"""The TensorRT runtime without a card: which one is taken, what is said where something is missing, its memory on a card that is none."""

import dataclasses
import functools
import json
import sys
import threading
from types import ModuleType

import numpy as np
import pytest

import engines
from engines import build
from engines.build import compare, files
from engines.build.files import EngineFile, digest
from engines.contract import BODY, CONTRACTS, GRAPHS
from engines.errors import CardError, UserError
from engines.hardware import Card, Driver
from engines.runtimes import tensorrt
from engines.runtimes.device import Device
from engines.samples import sample_inputs
from tests.fake_card import FakeCard
from tests.test_engines import tiny_network

CARD = Card(0, "NVIDIA GeForce RTX 3060", (8, 6), 12 << 30)


@pytest.fixture
def card(monkeypatch):
    """A card with PyCUDA and TensorRT, as far as the runtime can see."""
    fake = FakeCard()
    pycuda = ModuleType("pycuda")
    pycuda.driver = fake.driver
    monkeypatch.setitem(sys.modules, "pycuda", pycuda)
    monkeypatch.setitem(sys.modules, "pycuda.driver", fake.driver)
    for module in (tensorrt, engines):
        monkeypatch.setattr(module, "find_driver", lambda: Driver((CARD,), (13, 0)))
    monkeypatch.setattr(tensorrt, "find_library", lambda target: tensorrt.Library(fake.tensorrt, "rtx11.0.0", "TensorRT, a fake"))
    return fake


def engine_at(path, network=None):
    """An engine's file and its proof."""
    content = (network or engines.network_file("body")).read_bytes()
    path.write_bytes(content)
    EngineFile(path).proof.write_text(json.dumps({"sha256": digest(content), "batch": 4}))
    return path


@pytest.mark.parametrize("name", [name for name in CONTRACTS if engines.network_file(name).is_file()])
def test_an_engine_answers_like_the_reference_alone_and_in_batches(card, tmp_path, name):
    inputs = sample_inputs(CONTRACTS[name])
    engine = tensorrt.Engine(engine_at(tmp_path / f"{name}-fp32.engine", engines.network_file(name)), CONTRACTS[name])
    reference = engines.load(name, "onnxruntime")
    for run, wanted in (
        (compare.one_by_one(engine, inputs), compare.one_by_one(reference, inputs)),
        (engine(**inputs), reference(**inputs)),
    ):
        assert not any(compare.faults(compare.differences(wanted, run), "fp32"))
    assert engine.ms == 1.5
    assert engine.batch == 4
    assert "fp32" in engine.reason
    engine.close()


def test_everything_is_given_back_in_order_and_the_compiled_kernels_are_kept(card, tmp_path):
    engine = tensorrt.Engine(engine_at(tmp_path / "e.engine"), BODY)
    assert card.held > 2
    engine.close()
    engine.close()
    assert card.held == 0
    assert card.log[:3] == ["context", "engine", "runtime"]
    assert card.log[-1] == "detach"
    assert card.log.count("detach") == 1
    assert not card.current
    assert (tmp_path / "e.jit").read_bytes() == b"kernels"


def test_a_worker_thread_uses_an_engine_that_another_thread_loaded(card, tmp_path):
    engine = tensorrt.Engine(engine_at(tmp_path / "e.engine"), BODY)
    inputs = sample_inputs(BODY)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(engine(picture=inputs["picture"][:1])))
    thread.start()
    thread.join()
    assert answers[0]["parsing"].shape == (1, 22, 128, 96)
    engine.close()


def test_results_stay_as_they_are_when_the_engine_runs_again(card, tmp_path):
    engine = tensorrt.Engine(engine_at(tmp_path / "e.engine"), BODY)
    pictures = sample_inputs(BODY)["picture"]
    first = engine(picture=pictures[:1])["parsing"]
    kept = first.copy()
    engine(picture=pictures[1:2])
    assert np.array_equal(first, kept)
    engine.close()


def test_inputs_and_results_in_slots_lie_one_after_the_other_as_a_batch(card, tmp_path):
    """As the frames of several sessions do: each is uploaded and run on its own, and what comes of them is read together."""
    contract = GRAPHS["frame.crop"]
    crop = tensorrt.Engine(engine_at(tmp_path / "c.engine", engines.network_file("frame.crop")), contract, slots=3)
    inputs = sample_inputs(contract)
    frames = [inputs["frame"][:1], inputs["frame"][1:2, :200], inputs["frame"][2:3]]
    wanted = [engines.load("frame.crop", "onnxruntime")(frame=frame, matrix=inputs["matrix"][:1])["picture"][0] for frame in frames]
    with crop.device:
        up = [crop.upload("frame", frame, slot) for slot, frame in enumerate(frames)]
        for slot, frame in enumerate(up):
            crop.run({"frame": frame, "matrix": crop.upload("matrix", inputs["matrix"][:1], slot)}, slot)
        pictures = crop.download({"picture": crop.gathered("picture", 3)})["picture"]
    assert np.array_equal(pictures, wanted)
    crop.close()
    assert card.held == 0


def test_a_batch_larger_than_the_engine_was_built_for_is_refused(card, tmp_path):
    engine = tensorrt.Engine(engine_at(tmp_path / "e.engine"), BODY)
    with pytest.raises(UserError, match=r"'picture' \[9, 256, 192, 3\] is larger than the engine was built for"):
        engine(picture=np.zeros((9, 256, 192, 3), np.uint8))
    assert not card.current
    engine.close()


def test_a_full_card_is_named_and_everything_given_back(card, tmp_path):
    card.room = 3 << 20
    with pytest.raises(CardError, match=r"no room for another .* MiB .*--runtime"):
        tensorrt.Engine(engine_at(tmp_path / "e.engine"), BODY)
    assert card.held == 0
    assert card.log[-1] == "detach"


def test_an_engine_of_another_network_is_refused_by_the_tensor_that_differs(card, tmp_path):
    with pytest.raises(UserError, match="no input 'picture'"):
        tensorrt.Engine(engine_at(tmp_path / "e.engine", tiny_network(tmp_path / "tiny.onnx", name="image")), BODY)
    assert card.held == 0


def test_a_run_that_fails_is_an_error_of_the_card(card, tmp_path):
    engine = tensorrt.Engine(engine_at(tmp_path / "e.engine"), BODY)
    card.fail_run = True
    with pytest.raises(CardError, match="failed on the card"):
        engine(**{name: array[:1] for name, array in sample_inputs(BODY).items()})
    engine.close()


def test_a_fault_of_the_driver_while_loading_is_told_as_one(card, tmp_path, monkeypatch):
    def fail(count):
        raise card.driver.Error("cuMemAlloc failed: unspecified launch failure")

    monkeypatch.setattr(card.driver, "mem_alloc", fail)
    with pytest.raises(CardError, match="card failed while the engine"):
        tensorrt.Engine(engine_at(tmp_path / "e.engine"), BODY)
    assert card.log[-1] == "detach"


def test_a_damaged_or_uncompared_engine_is_built_anew_and_said_why(card, tmp_path, monkeypatch, caplog):
    network = engines.network_file("body")
    file = build.engine_file("body", network, "rtx11.0.0", "sm86", "fp32", tmp_path)
    monkeypatch.setattr(build, "engine_file", lambda *a: file)
    monkeypatch.setattr(build, "build", lambda *a: engine_at(file.path) and file)
    monkeypatch.setattr(build.compare, "BATCHES", (1, 2))
    monkeypatch.setattr(build.compare, "p50_ms", lambda run, inputs, size: 2.0 + size)
    for spoil, why in (
        (lambda: None, "there is none"),
        (file.proof.unlink, "not compared"),
        (lambda: file.path.write_bytes(b"x"), "damaged"),
    ):
        spoil()
        caplog.clear()
        engine = engines.load("body", "tensorrt", precision="fp32")
        assert why in caplog.text
        assert file.trouble() == ""
        assert file.figures()["batch"] == 2
        engine.close()
    caplog.clear()
    engines.load("body", "tensorrt", precision="fp32").close()
    assert not caplog.text


def test_an_engine_that_is_missing_damaged_or_of_another_version_is_built_and_said_why(card, tmp_path, monkeypatch, caplog):
    built = []

    def build_plan(library, contract, source, model, target, cache):
        built.append(library.tag)
        return source.read_bytes()  # what the card that is none takes for an engine

    monkeypatch.setattr("engines.build.plan.build_plan", build_plan)
    monkeypatch.setattr("engines.build.files.FOLDER", tmp_path)
    monkeypatch.setattr(build, "engine_file", lambda *args: files.engine_file(*args[:5], tmp_path))
    take = functools.partial(build.take, BODY, engines.network_file("body"), "fp16")
    library = tensorrt.find_library("sm86")
    path = take(library, CARD)
    assert json.loads(path.with_suffix(".json").read_text())["figures"]["alone"]["parsing"]["max"] < 1e-3
    assert take(library, CARD) == path
    path.write_bytes(path.read_bytes()[:-1])
    assert take(library, CARD) == path
    newer = take(dataclasses.replace(library, tag="rtx12.0.0"), CARD)
    assert not path.exists()
    assert newer.exists()
    assert built == ["rtx11.0.0", "rtx11.0.0", "rtx12.0.0"]
    said = [record.getMessage().split(": ", 1)[1] for record in caplog.records]
    assert said == [
        "there is none for this network, TensorRT, card and precision; it is built and compared now.",
        "its file is damaged; it is built and compared now.",
        "there is none for this network, TensorRT, card and precision; it is built and compared now.",
    ]
    assert card.held == 0


def test_an_engine_that_is_off_is_refused_with_the_figures_and_deleted(card, tmp_path):
    file = build.engine_file("body", engines.network_file("body"), "rtx11.0.0", "sm86", "fp16", tmp_path)
    engine_at(file.path, tiny_network(tmp_path / "tiny.onnx"))
    with pytest.raises(UserError, match=r"refused and deleted.*'parsing' is off by [\d.]+ %"):
        build.prove(BODY, engines.network_file("body"), "fp16", file)
    assert not file.path.exists()
    assert card.held == 0


def test_the_card_is_taken_where_there_is_one_and_the_cpu_with_one_line_where_it_fails(card, tmp_path, monkeypatch, caplog):
    path = engine_at(tmp_path / "body-fp16.engine")
    monkeypatch.setattr(build, "take", lambda *a: path)
    engine = engines.load("body")
    assert engine.runtime == "tensorrt"
    engine.close()
    card.room = 1 << 20
    assert engines.load("body").runtime == "openvino"
    assert len(caplog.records) == 1
    assert "runs on the CPU though there is NVIDIA GeForce RTX 3060" in caplog.text
    assert "no room" in caplog.text
    with pytest.raises(CardError, match="no room"):
        engines.load("body", "tensorrt")


def test_without_a_card_nothing_is_said_and_tensorrt_refused(monkeypatch, caplog):
    for module in (tensorrt, engines):
        monkeypatch.setattr(module, "find_driver", lambda: Driver(problem="there is no NVIDIA driver"))
    assert engines.load("body").runtime == "openvino"
    assert not caplog.text
    with pytest.raises(CardError, match="TensorRT cannot be used here: there is no NVIDIA driver"):
        engines.load("body", "tensorrt")


def test_cuda_without_its_package_is_refused_with_the_way_out():
    with pytest.raises(CardError, match="pip install onnxruntime-gpu"):
        engines.load("body", "onnxruntime-cuda")


def test_pycuda_missing_or_without_its_driver_says_what_it_needs(monkeypatch):
    monkeypatch.setitem(sys.modules, "pycuda.driver", None)
    with pytest.raises(CardError, match=r"PyCUDA cannot be imported.*requirements-gpu\.txt.*nvcc"):
        tensorrt.open_device(CARD)


def installed(monkeypatch, *names):
    """Modules that can be imported; the others cannot."""
    monkeypatch.setattr(tensorrt.importlib.util, "find_spec", lambda name: name if name in names else None)
    for name in names:
        module = ModuleType(name)
        module.__version__ = "1.2.3"
        monkeypatch.setitem(sys.modules, name, module)


@pytest.mark.parametrize(
    ("target", "names", "tag", "why"),
    [
        ("sm86", ("tensorrt", "tensorrt_rtx"), "rtx1.2.3", "made for desktop cards"),
        ("sm86", ("tensorrt",), "trt1.2.3", "TensorRT for RTX is not installed"),
        ("sm90", ("tensorrt", "tensorrt_rtx"), "trt1.2.3", "supports every card"),
        ("sm80", ("tensorrt", "tensorrt_rtx"), "trt1.2.3", "supports every card"),
        ("sm80", ("tensorrt_rtx",), "rtx1.2.3", "TensorRT is not installed"),
        ("sm87", ("tensorrt",), "trt1.2.3", "supports every card"),
    ],
)
def test_the_tensorrt_that_supports_the_card_is_taken_and_said_why(monkeypatch, target, names, tag, why):
    installed(monkeypatch, *names)
    library = tensorrt.find_library(target)
    assert library.tag == tag
    assert why in library.reason


def test_no_tensorrt_for_a_card_says_why_for_each(monkeypatch):
    installed(monkeypatch, "tensorrt_rtx")
    with pytest.raises(CardError, match=r"no TensorRT for sm90: TensorRT is not installed; TensorRT for RTX does not support sm90"):
        tensorrt.find_library("sm90")
    installed(monkeypatch)
    with pytest.raises(CardError, match=r"requirements-gpu\.txt"):
        tensorrt.find_library("sm86")


def test_a_placeholder_that_cannot_be_imported_is_told(monkeypatch):
    installed(monkeypatch, "tensorrt")
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    with pytest.raises(CardError, match="TensorRT cannot be imported"):
        tensorrt.find_library("sm90")


def test_a_device_that_does_not_start_is_named():
    fake = FakeCard()

    def fail(index):
        raise fake.driver.Error("cuDevicePrimaryCtxRetain failed: exclusive")

    fake.driver.Device = fail
    with pytest.raises(CardError, match=r"card 0 cannot be used .*exclusive"):
        Device(fake.driver)


def test_the_card_that_is_none_has_the_names_of_the_real_library():
    rtx = pytest.importorskip("tensorrt_rtx", reason="TensorRT for RTX is not installed")
    fake = FakeCard().tensorrt
    engine = fake.Runtime(None).deserialize_cuda_engine(engines.network_file("body").read_bytes())
    for mine, real in (
        (fake.Runtime, rtx.Runtime),
        (type(engine), rtx.ICudaEngine),
        (type(engine.create_execution_context(None)), rtx.IExecutionContext),
    ):
        methods = {name for name, value in vars(mine).items() if callable(value) and not name.startswith("_")} - {"work"}
        assert methods
        assert not methods - set(dir(real))
    assert {"create_runtime_cache", "set_runtime_cache"} <= set(dir(rtx.IRuntimeConfig))
    assert {"serialize", "deserialize"} <= set(dir(rtx.IRuntimeCache))
    assert {mode.name for mode in fake.TensorIOMode} <= set(dir(rtx.TensorIOMode))
