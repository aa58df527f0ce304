"""The frame's arithmetic as graphs, beside the OpenCV and numpy that the CPU runs. Dressing is in test_stage.py."""

import numpy as np
import onnx
import pytest
from skimage.data import astronaut

import engines
from engines.body import heatmaps
from engines.build import compare
from engines.build.plan import build_plan
from engines.contract import GRAPHS
from engines.crop import crop, crop_matrix
from engines.graphs.frame import MAKERS
from engines.graphs.prepare import prepare
from engines.runtimes import tensorrt
from engines.samples import sample_inputs

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


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_has_samples_to_be_compared_on(name):
    inputs = sample_inputs(GRAPHS[name])
    outputs = compare.one_by_one(engines.load(name, "onnxruntime"), inputs)
    assert all(len(array) == len(next(iter(inputs.values()))) for array in outputs.values())


OTHERS = [pytest.param(target, marks=pytest.mark.slow) for target in tensorrt.RTX_TARGETS if target != "sm86"]


@pytest.mark.parametrize("target", ["sm86", *OTHERS])
@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_is_built_for_a_card_that_is_not_here(name, target):
    pytest.importorskip("tensorrt_rtx", reason="TensorRT for RTX is not installed")
    source = engines.network_file(name)
    plan = build_plan(tensorrt.find_library(target), GRAPHS[name], source, prepare(source, "fp32").SerializeToString(), target, None)
    assert all(tensor.name.encode() in plan for tensor in (*GRAPHS[name].inputs, *GRAPHS[name].outputs))
