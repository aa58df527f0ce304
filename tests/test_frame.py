"""The frame's arithmetic as graphs, beside the OpenCV and numpy that the CPU runs; and chains of them with the networks."""

import shutil
import sys
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import onnx
import pytest
from skimage.data import astronaut

import engines
from engines import hardware
from engines.body import Body, heatmaps
from engines.body.person import SEEN
from engines.build import compare
from engines.build.plan import build_plan
from engines.chain import Chain
from engines.contract import GRAPHS
from engines.crop import crop, crop_matrix
from engines.errors import UserError
from engines.graphs.frame import MAKERS
from engines.graphs.prepare import prepare
from engines.runtimes import tensorrt
from engines.samples import sample_inputs
from tests.fake_card import FakeCard

FRAME = astronaut()
BOXES = {
    "enlarged": (190, 60, 300, 200), "about as it is": (140, 40, 330, 290), "shrunk by 2.5": (60, 0, 440, 440),
    "shrunk by 2.9": (0, 0, 512, 512),
    "beyond the frame": (-200, -100, 300, 420), "a narrow one": (250, 0, 290, 500),
}  # fmt: skip


def on_cpu(name, **inputs):
    return next(iter(engines.load(name, "onnxruntime")(**inputs).values()))


@pytest.mark.parametrize("name", MAKERS)
def test_the_committed_graph_is_the_one_that_is_written(name):
    assert onnx.load(engines.network_file(name)) == MAKERS[name]()


@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES.keys())
def test_a_crop_is_what_opencv_cuts(box):
    picture = on_cpu("frame.crop", frame=FRAME[None], matrix=crop_matrix(box)[None].astype(np.float32))[0]
    cut = crop(FRAME, box)
    # Beyond the frame, OpenCV repeats means of pixels where the frame is shrunk, and the graph pixels.
    (x0, y0), (x1, y1) = np.clip(cut.to_crop(np.array([[0, 0], [511, 511]])), 0, [191, 255]).astype(int)
    off = np.abs(picture.astype(int) - cut.picture)[y0 : y1 + 1, x0 : x1 + 1]
    shrunk = cut.scale <= 0.5
    assert off.mean() < (2 if shrunk else 0.1)
    assert np.percentile(off, 99) <= (14 if shrunk else 1)


def test_a_crop_of_a_large_frame_does_not_alias():
    """Stripes of two pixels, shrunk by 6.3, are grey: as OpenCV has them after its area mean, not the pattern of four samples."""
    frame = np.repeat(np.where(np.arange(1080) // 2 % 2, 255, 0).astype(np.uint8)[:, None, None], 1920, 1).repeat(3, 2)
    box = (400, 0, 1500, 1080)
    picture = on_cpu("frame.crop", frame=frame[None], matrix=crop_matrix(box)[None].astype(np.float32))[0]
    inside = slice(60, -60), slice(20, -20)
    assert np.ptp(crop(frame, box).picture[inside].astype(int)) < 100
    assert np.ptp(picture[inside].astype(int)) < 100


def test_landmarks_are_those_that_numpy_finds():
    maps = engines.load("body", "onnxruntime")(**sample_inputs(engines.CONTRACTS["body"]))["heatmaps"]
    edge = np.zeros((1, 18, 64, 48), np.float32)
    for number, (row, column) in enumerate([(0, 0), (63, 47), (0, 20), (1, 46), (30, 1)]):
        edge[0, number] = heatmaps.draw(np.array([[column * 4 + 1.5, row * 4 + 1.5, 1]]), 64, 48)[0]
    for batch in (maps, edge):
        points = on_cpu("frame.landmarks", heatmaps=batch)
        wanted = np.stack([heatmaps.decode(one) for one in batch])
        assert np.abs(points - wanted)[wanted[..., 2] > 0.01].max() < 0.01


def test_pasting_is_premultiplied_blending():
    drawn = np.zeros((200, 150, 4), np.uint8)
    drawn[20:180, 30:120] = (100, 50, 20, 128)
    matrix = np.array([[0.7, 0, -60], [0, 0.7, -40.5]])
    dressed = on_cpu("frame.paste", frame=FRAME[None], drawn=drawn[None], matrix=matrix[None].astype(np.float32))[0]
    # float32 first: OpenCV places uint8 samples on 32nds of a pixel.
    put = cv2.warpAffine(drawn.astype(np.float32), matrix, (512, 512), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    wanted = FRAME * (1 - put[..., 3:] / 255) + put[..., :3]
    assert np.abs(dressed - wanted).mean() < 0.6
    assert np.percentile(np.abs(dressed - wanted), 99) < 3
    far = put[..., 3] == 0
    assert np.array_equal(dressed[far], FRAME[far])


CHAIN = ("frame.crop", "body", "frame.landmarks")


def check_chain(chain):
    box = BOXES["about as it is"]
    found = chain(("landmarks", "parsing"), frame=FRAME[None], matrix=crop_matrix(box)[None].astype(np.float32))
    wanted = Body(engines.load("body", "onnxruntime"))(crop(FRAME, box).picture)
    assert set(found) == {"landmarks", "parsing"}
    seen = wanted.landmarks[:, 2] > SEEN
    assert seen.sum() >= 4
    assert np.abs(found["landmarks"][0][seen] - wanted.landmarks[seen]).max() < 2
    assert (found["parsing"][0].argmax(0) == wanted.parsing.argmax(0)).mean() > 0.99


def test_a_chain_in_onnxruntime_answers_like_the_steps_on_the_cpu():
    chain = Chain.load(CHAIN, "onnxruntime")
    check_chain(chain)
    chain.close()


def test_a_chain_on_a_card_shares_one_device_and_copies_back_only_what_is_wanted(tmp_path, monkeypatch):
    card = FakeCard()
    pycuda = ModuleType("pycuda")
    pycuda.driver = card.driver
    monkeypatch.setitem(sys.modules, "pycuda", pycuda)
    monkeypatch.setitem(sys.modules, "pycuda.driver", card.driver)
    there = hardware.Driver((hardware.Card(0, "RTX", (8, 6), 1 << 33),), (13, 0))
    monkeypatch.setattr(tensorrt, "find_driver", lambda: there)
    monkeypatch.setattr(tensorrt, "find_library", lambda target: tensorrt.Library(card.tensorrt, "rtx11.0.0", "a fake"))
    monkeypatch.setattr("engines.build.take", lambda contract, path, *rest: Path(shutil.copy(path, tmp_path / f"{path.stem}.engine")))
    copies = []
    to_host = card.driver.memcpy_dtoh_async
    monkeypatch.setattr(card.driver, "memcpy_dtoh_async", lambda array, *rest: copies.append(array.nbytes) or to_host(array, *rest))
    chain = Chain.load(CHAIN, "tensorrt")
    check_chain(chain)
    assert sorted(copies) == [18 * 3 * 4, 22 * 128 * 96 * 4]
    chain.close()
    assert card.held == 0
    assert card.log.count("detach") == 1


def test_a_runtime_that_cannot_hand_arrays_on_is_refused():
    with pytest.raises(UserError, match="'openvino' runs networks one by one only"):
        Chain.load(["body"], "openvino")


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_has_samples_to_be_compared_on(name):
    inputs = sample_inputs(GRAPHS[name])
    outputs = compare.one_by_one(engines.load(name, "onnxruntime"), inputs)
    assert all(len(array) == len(next(iter(inputs.values()))) for array in outputs.values())


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_is_built_for_a_card_that_is_not_here(name):
    pytest.importorskip("tensorrt_rtx", reason="TensorRT for RTX is not installed")
    source = engines.network_file(name)
    plan = build_plan(tensorrt.find_library("sm86"), GRAPHS[name], source, prepare(source, "fp32").SerializeToString(), "sm86", None)
    assert all(tensor.name.encode() in plan for tensor in (*GRAPHS[name].inputs, *GRAPHS[name].outputs))
