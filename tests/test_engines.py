"""Loading networks: the contract, the runtimes against each other, and files that are not what they should be."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import engines
from engines import origin
from engines.body import Body
from engines.contract import CATEGORY_LANDMARKS, CLASSES, CONTRACTS, GARMENT_LANDMARKS, GROUPS, LANDMARKS
from engines.errors import UserError
from engines.pictures import read_rgb
from engines.samples import BUILT_IN, sample_inputs


def tiny_network(path: Path, name: str = "picture", size: int = 256, dtype: int = TensorProto.UINT8) -> Path:
    """A network with the body's outputs, made of casts and pooling: enough to be loaded and checked."""
    picture = helper.make_tensor_value_info(name, dtype, ["batch", size, 192, 3])
    shapes = {tensor.name: tensor.shape[1:] for tensor in CONTRACTS["body"].outputs}
    outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["batch", *shape]) for output, shape in shapes.items()]
    nodes = [
        helper.make_node("Cast", [name], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["f"], ["t"], perm=[0, 3, 1, 2]),
    ]
    weights = []
    for output, (channels, rows, columns) in shapes.items():
        strides = [size // rows, 192 // columns]
        nodes.append(helper.make_node("Conv", ["t", f"{output}.weights"], [output], strides=strides, kernel_shape=[1, 1]))
        weights.append(helper.make_tensor(f"{output}.weights", TensorProto.FLOAT, [channels, 3, 1, 1], np.full(channels * 3, 0.001)))
    graph = helper.make_graph(nodes, "tiny", [picture], outputs, weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


@pytest.mark.parametrize("runtime", engines.RUNTIMES)
def test_a_network_is_loaded_and_run(tmp_path, runtime):
    engine = engines.load("body", runtime, path=tiny_network(tmp_path / "tiny.onnx"))
    outputs = engine(picture=np.full((1, 256, 192, 3), 100, np.uint8))
    assert outputs["parsing"].shape == (1, 22, 128, 96)
    assert outputs["heatmaps"] == pytest.approx(0.3, rel=0.02)
    assert engine.runtime == runtime
    assert "CPU" in engine.reason


@pytest.mark.parametrize("runtime", engines.RUNTIMES)
@pytest.mark.parametrize(("wrong", "said"), [
    ({"name": "image"}, "no input 'picture'"),
    ({"size": 512}, r"input 'picture' is uint8 \[.*512, 192, 3\]"),
    ({"dtype": TensorProto.FLOAT}, "input 'picture' is float32"),
])  # fmt: skip
def test_a_file_that_breaks_the_contract_is_refused_by_name(tmp_path, runtime, wrong, said):
    with pytest.raises(UserError, match=said):
        engines.load("body", runtime, path=tiny_network(tmp_path / "tiny.onnx", **wrong))


@pytest.mark.parametrize("runtime", engines.RUNTIMES)
@pytest.mark.parametrize(("inputs", "said"), [
    ({"picture": np.zeros((1, 256, 192, 3), np.float32)}, r"'picture' of 'body' is float32 \[1, 256, 192, 3\], but uint8"),
    ({"picture": np.zeros((1, 192, 256, 3), np.uint8)}, r"'picture' of 'body' is uint8 \[1, 192, 256, 3\]"),
    ({"image": np.zeros((1, 256, 192, 3), np.uint8)}, "is not given its input 'picture'"),
    ({name: np.zeros((1, 256, 192, 3), np.uint8) for name in ("picture", "mask")}, "has no input 'mask'"),
])  # fmt: skip
def test_an_array_that_breaks_the_contract_is_refused_by_name(runtime, inputs, said):
    with pytest.raises(UserError, match=said):
        engines.load("body", runtime)(**inputs)


def test_values_that_are_no_numbers_are_refused_by_the_tensors_name_and_so_is_a_reading_that_holds_them():
    maps = np.zeros((1, 18, 64, 48), np.float32)
    maps[0, 3, 5, 5] = np.nan
    with pytest.raises(UserError, match=r"'heatmaps' of 'frame\.landmarks' has values that are no numbers"):
        engines.load("frame.landmarks", "onnxruntime")(heatmaps=maps)
    body = Body.load("onnxruntime")
    healthy = body.engine
    for name in ("heatmaps", "parsing"):

        def broken(picture, name=name):
            outputs = healthy(picture=picture)
            outputs[name][0, :, 5, 5] = np.nan
            return outputs

        broken.batch = 1
        body.engine = broken
        with pytest.raises(UserError, match=f"gave no numbers in '{name}'"):
            body(read_rgb(BUILT_IN / "upright.jpg"))


@pytest.mark.parametrize("runtime", engines.RUNTIMES)
def test_missing_and_damaged_files_say_how_to_get_them(tmp_path, runtime):
    with pytest.raises(UserError, match=r"is missing.*git checkout"):
        engines.load("body", runtime, path=tmp_path / "body.onnx")
    whole = tiny_network(tmp_path / "tiny.onnx").read_bytes()
    for damaged in (b"", b"not a network", whole[: len(whole) // 2]):
        (tmp_path / "body.onnx").write_bytes(damaged)
        with pytest.raises(UserError, match=r"body\.onnx"):
            engines.load("body", runtime, path=tmp_path / "body.onnx")


TWO_ENGINES = """
import faulthandler, signal, sys
from pathlib import Path
import engines
faulthandler.enable()
one, two = (engines.load("body", "openvino", path=Path(sys.argv[1])) for _ in range(2))
del one
del two
signal.signal(signal.SIGTERM, lambda *_: print("came"))
signal.raise_signal(signal.SIGTERM)
"""


def test_a_signal_still_comes_after_engines_have_gone(tmp_path):
    command = [sys.executable, "-c", TWO_ENGINES, str(tiny_network(tmp_path / "tiny.onnx"))]
    done = subprocess.run(command, cwd=Path(engines.__file__).parents[1], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "came\n"), done.stderr


def test_int8_is_taken_only_where_it_pays_and_belongs_to_the_network(tmp_path, monkeypatch):
    from engines.runtimes import onnxruntime, openvino

    network, int8 = tiny_network(tmp_path / "body.onnx"), tmp_path / "body.int8.onnx"
    monkeypatch.setattr(openvino, "_has_amx", lambda: False)
    assert openvino.choose(network, int8) == network
    int8.write_bytes(b"made of " + origin.mark(network).encode())
    assert openvino.choose(network, int8) == int8
    assert onnxruntime.choose(network, int8) == network
    network.write_bytes(network.read_bytes() + b"\0")
    assert openvino.choose(network, int8) == network
    int8.write_bytes(b"made of " + origin.mark(network).encode())
    monkeypatch.setattr(openvino, "_has_amx", lambda: True)
    assert openvino.choose(network, int8) == network


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_committed_int8_network_belongs_to_the_committed_float_one(name):
    assert not engines.int8_file(name).is_file() or origin.is_made_of(engines.int8_file(name), engines.network_file(name))


def test_an_unknown_runtime_is_refused_with_the_known_ones():
    with pytest.raises(UserError, match=r"'cuda' is not known.*openvino"):
        engines.load("body", "cuda")


@pytest.mark.parametrize("name", CONTRACTS)
def test_committed_networks_give_the_same_on_every_runtime(name):
    inputs = {key: batch[:1] for key, batch in sample_inputs(CONTRACTS[name], BUILT_IN).items()}
    reference = engines.load(name, "onnxruntime")(**inputs)
    for runtime in engines.RUNTIMES:
        outputs = engines.load(name, runtime)(**inputs)
        for key, wanted in reference.items():
            # bfloat16, OpenVINO's choice on some processors, has 8 bits of precision, INT8 no more; offsets are in pixels.
            limit = 0.01 if np.abs(wanted).max() <= 1.001 else 0.02 * np.ptp(wanted)
            assert np.abs(outputs[key] - wanted).mean() < limit, (runtime, key)


def test_the_contract_is_consistent():
    assert len(CLASSES) == 22
    assert len(LANDMARKS) == 18
    assert len(GARMENT_LANDMARKS) == 24
    assert sorted(c for g in GROUPS.values() for c in g) == sorted(CLASSES)
    counts = {category: len(names) for category, names in CATEGORY_LANDMARKS.items()}
    assert counts == {"blouse": 13, "outwear": 14, "dress": 15, "trousers": 7, "skirt": 4}
    assert {n for names in CATEGORY_LANDMARKS.values() for n in names} == set(GARMENT_LANDMARKS)
