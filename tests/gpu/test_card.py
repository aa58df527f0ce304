"""On a machine with an NVIDIA card: ``python -m pytest tests/gpu``. Everywhere else each test is skipped with the reason.

Copies, streams and threads through PyCUDA, every network and the whole chain on ONNX Runtime's CUDA and on TensorRT, beside the reference.
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
from engines.chain import Chain
from engines.contract import CONTRACTS, GRAPHS
from engines.crop import crop, crop_matrix
from engines.errors import CardError
from engines.hardware import find_driver
from engines.runtimes import tensorrt
from engines.samples import sample_inputs

DRIVER = find_driver()
pytestmark = pytest.mark.skipif(bool(DRIVER.problem), reason=f"no NVIDIA card: {DRIVER.problem}")
EVERY = present()
CHAIN = ("frame.crop", "body", "frame.landmarks")


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


def check_chain(chain):
    frame, box = astronaut(), (140, 40, 330, 290)
    found = chain(("landmarks", "parsing"), frame=frame[None], matrix=crop_matrix(box)[None].astype(np.float32))
    wanted = Body(engines.load("body", "onnxruntime"))(crop(frame, box).picture)
    seen = wanted.landmarks[:, 2] > 0.5
    assert np.abs(found["landmarks"][0][seen] - wanted.landmarks[seen]).max() < 2
    assert (found["parsing"][0].argmax(0) == wanted.parsing.argmax(0)).mean() > 0.98
    chain.close()


def test_the_chain_on_cuda_answers_like_the_cpu(cuda):
    check_chain(Chain.load(CHAIN, "onnxruntime-cuda"))


def test_the_chain_on_tensorrt_answers_like_the_cpu(device, library):
    device.close()
    check_chain(Chain.load(CHAIN, "tensorrt"))


@pytest.mark.skipif(importlib.util.find_spec("pycuda") is None, reason="PyCUDA is not installed")
def test_a_second_chain_finds_the_memory_of_the_first(library):
    for _ in range(3):
        Chain.load(CHAIN, "tensorrt").close()
