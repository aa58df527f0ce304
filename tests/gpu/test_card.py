"""On a machine with an NVIDIA card: ``python -m pytest tests/gpu``. Everywhere else each test is skipped with the reason.

Copies, streams and threads through PyCUDA, every network and the frame's whole trip on ONNX Runtime's CUDA and on TensorRT, beside the CPU.
"""

import importlib.util
import threading

import numpy as np
import pytest
from skimage.data import astronaut

import engines
from engines import build
from engines.body import Body
from engines.build import compare
from engines.build.command import present
from engines.build.files import PRECISIONS
from engines.contract import CONTRACTS, GRAPHS
from engines.errors import CardError
from engines.hardware import find_driver
from engines.runtimes import tensorrt
from engines.samples import sample_inputs
from engines.stage import CardStage
from engines.tryon.garment import load_garment_file
from streamer.catalog import BUILT_IN
from streamer.pipeline import Pipeline
from streamer.timing import Spans

DRIVER = find_driver()
pytestmark = pytest.mark.skipif(bool(DRIVER.problem), reason=f"no NVIDIA card: {DRIVER.problem}")
EVERY = present()


@pytest.fixture
def device():
    if trouble := tensorrt.pycuda_trouble():
        pytest.skip(trouble)
    device = tensorrt.open_device(DRIVER.cards[0])
    yield device
    device.close()


@pytest.fixture
def library():
    try:
        return tensorrt.find_library(DRIVER.cards[0].target)
    except CardError as error:
        pytest.skip(str(error))


@pytest.fixture
def cuda():
    import onnxruntime

    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        pytest.skip("this ONNX Runtime has no CUDA: pip install onnxruntime-gpu in its place")


def test_bytes_go_to_the_card_and_back_in_the_stream_from_any_thread(device):
    with device:
        memory, there, back = device.allocate(1 << 20), device.pinned(1 << 20), device.pinned(1 << 20)
    there[:] = np.random.default_rng(0).integers(0, 256, 1 << 20)
    took = []

    def work():
        with device:
            device.mark_start()
            device.to_card(memory, there)
            device.to_host(back, memory)
            took.append(device.wait())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert np.array_equal(there, back)
    assert 0 < took[0] < 100


def test_what_is_taken_is_given_back(device):
    driver = device._driver
    with device:
        before = driver.mem_get_info()[0]
        for _ in range(4):
            device.allocate(64 << 20)
        assert driver.mem_get_info()[0] <= before - (200 << 20)
    device.close()
    again = tensorrt.open_device(DRIVER.cards[0])
    with again:
        assert driver.mem_get_info()[0] >= before - (64 << 20)
    again.close()


def test_more_memory_than_the_card_has_is_refused_by_its_size(device):
    with device, pytest.raises(CardError, match="no room for another"):
        device.allocate(DRIVER.cards[0].memory * 2)


@pytest.mark.parametrize("name", EVERY)
def test_onnxruntime_with_cuda_answers_like_the_reference(cuda, name):
    inputs = sample_inputs((CONTRACTS | GRAPHS)[name])
    wanted = compare.one_by_one(engines.load(name, "onnxruntime"), inputs)
    got = compare.one_by_one(engines.load(name, "onnxruntime-cuda"), inputs)
    assert not compare.faults(compare.differences(wanted, got), "fp32")


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_an_engine_is_built_compared_and_kept(device, library, tmp_path, name, precision):
    contract, network = (CONTRACTS | GRAPHS)[name], engines.network_file(name)
    if (precision == "int8" and not engines.int8_file(name).is_file()) or (precision != "fp32" and name in GRAPHS):
        pytest.skip(f"there is no {precision} version of {name}")
    file = build.build(contract, network, precision, library, build.card_name(DRIVER.cards[0], library.is_rtx), None, tmp_path)
    proof = build.prove(contract, build.source_of(name, network, precision), precision, file)
    assert file.trouble() == ""
    assert proof["p50_ms"]["1"] > 0


def check_trip(runtime):
    """Three frames are dressed on the card as on the CPU, alone and as one batch, and everything is given back."""
    pipeline, on_cpu = Pipeline.load(runtime), Pipeline(Body.load("onnxruntime"))
    assert isinstance(pipeline._stage, CardStage)
    shirt = load_garment_file(BUILT_IN / "breton.png")
    frames = [np.ascontiguousarray(frame) for frame in (astronaut(), astronaut()[:, ::-1], astronaut()[::2, ::2])]
    wanted = [on_cpu(frame.copy(), shirt, None, Spans()).frame for frame in frames]
    got = [pipeline(frame.copy(), shirt, None, Spans()).frame for frame in frames]
    size = min(pipeline.batch, len(frames))
    batch = dict(pipeline.together([(frame.copy(), shirt, None, Spans()) for frame in frames[:size]]))
    for number, picture in enumerate(wanted):
        assert np.abs(got[number].astype(int) - picture).mean() < 1
        assert np.abs(picture.astype(int) - frames[number]).mean() > 5
    for number, dressed in batch.items():
        assert np.abs(dressed.frame.astype(int) - got[number]).mean() < 0.5
    pipeline._stage.close()
    pipeline.body.engine.close()


def test_the_trip_on_cuda_is_the_cpus(cuda):
    check_trip("onnxruntime-cuda")


def test_the_trip_on_tensorrt_is_the_cpus(device, library):
    device.close()
    check_trip("tensorrt")


@pytest.mark.skipif(importlib.util.find_spec("pycuda") is None, reason="PyCUDA is not installed")
def test_a_second_trip_finds_the_memory_of_the_first(library):
    for _ in range(3):
        pipeline = Pipeline.load("tensorrt")
        pipeline._stage.close()
        pipeline.body.engine.close()
