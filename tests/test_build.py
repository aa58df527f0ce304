"""Building engines on a machine without a card, with the real TensorRT for RTX; and what is refused."""

import errno
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

import engines
from engines import build
from engines.build import compare
from engines.build.files import PRECISIONS, EngineFile, card_name, engine_file, source_of, write
from engines.contract import BODY, CONTRACTS, Tensor
from engines.errors import CardError, UserError
from engines.graphs.prepare import prepare, stays_float, to_half
from engines.hardware import Card
from engines.runtimes import tensorrt
from engines.runtimes.tensorrt import RTX_TARGETS, Library, find_library
from engines.samples import sample_inputs
from tests.test_engines import tiny_network

ROOT = Path(__file__).resolve().parent.parent
PRESENT = [name for name in CONTRACTS if engines.network_file(name).is_file()]
EVERY = [(n, p) for n in PRESENT for p in PRECISIONS if p != "int8" or engines.int8_file(n).is_file()]

rtx = pytest.importorskip("tensorrt_rtx", reason="TensorRT for RTX is not installed")


@pytest.fixture(scope="session")
def library():
    return find_library("sm86")


@pytest.mark.parametrize(("name", "precision"), EVERY)
def test_every_network_is_built_for_a_card_that_is_not_here(library, tmp_path, name, precision):
    file = build.build(CONTRACTS[name], engines.network_file(name), precision, library, "sm86", "sm86", tmp_path)
    plan = file.path.read_bytes()
    assert plan[:4] in {b"vtrt", b"ftrt"}
    for tensor in (*CONTRACTS[name].inputs, *CONTRACTS[name].outputs):
        assert tensor.name.encode() in plan
    assert f"-{library.tag}-sm86-{precision}" in file.path.stem
    assert "not compared" in file.trouble()  # so it is never loaded as it is
    assert sorted(p.name for p in tmp_path.iterdir()) == [file.path.name]


@pytest.mark.slow
@pytest.mark.parametrize("target", RTX_TARGETS)
@pytest.mark.parametrize(("name", "precision"), EVERY)
def test_every_network_is_built_for_every_card(tmp_path, name, precision, target):
    file = build.build(CONTRACTS[name], engines.network_file(name), precision, find_library(target), target, target, tmp_path)
    assert file.path.stat().st_size > 100_000


@pytest.mark.parametrize(("wrong", "said"), [
    ({"name": "image"}, "no input 'picture'"),
    ({"size": 512}, r"'picture' is uint8 \[None, 512, 192, 3\]"),
    ({"dtype": TensorProto.FLOAT}, "'picture' is float32"),
])  # fmt: skip
def test_a_network_that_breaks_the_contract_is_refused_by_the_tensors_name(library, tmp_path, wrong, said):
    with pytest.raises(UserError, match=said):
        build.build(BODY, tiny_network(tmp_path / "tiny.onnx", **wrong), "fp32", library, "sm86", "sm86", tmp_path)
    assert not list(tmp_path.glob("*.engine*"))


def test_an_operator_that_tensorrt_does_not_know_is_named(library, tmp_path):
    model = onnx.load(tiny_network(tmp_path / "tiny.onnx"))
    model.graph.node[1].op_type, model.graph.node[1].domain = "Sideways", "nobody.knows"
    model.opset_import.append(helper.make_opsetid("nobody.knows", 1))
    onnx.save(model, tmp_path / "tiny.onnx")
    with pytest.raises(UserError, match=r"TensorRT cannot read .*tiny\.onnx .*Sideways"):
        build.build(BODY, tmp_path / "tiny.onnx", "fp32", library, "sm86", "sm86", tmp_path)


def test_a_build_without_memory_is_the_cards_matter_so_that_the_cpu_can_go_on(library, tmp_path, monkeypatch):
    def make_logger(module):
        logger = tensorrt.make_logger(module)
        logger.errors.append("[virtualMemoryBuffer.cpp::resizePhysical::154] Error Code 2: OutOfMemory (Requested size was 3 GiB)")
        return logger

    monkeypatch.setattr(library.module.Builder, "build_serialized_network", lambda *args: None)
    monkeypatch.setattr("engines.build.plan.make_logger", make_logger)
    with pytest.raises(CardError, match=r"TensorRT cannot build .*body\.onnx for sm86 .*OutOfMemory"):
        build.build(BODY, engines.network_file("body"), "fp32", library, "sm86", "sm86", tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_card_that_is_not_here_needs_tensorrt_for_rtx(library, tmp_path):
    full = Library(library.module, "trt11.0.0", "the full one")
    with pytest.raises(UserError, match=r"a card that is not here \('sm86'\) can be built for sm75.*by TensorRT for RTX"):
        build.build(BODY, engines.network_file("body"), "fp32", full, "sm86", "sm86", tmp_path)


def test_a_second_build_takes_the_first_ones_file_and_a_stale_one_goes(library, tmp_path):
    network = tiny_network(tmp_path / "tiny.onnx")
    first = build.build(BODY, network, "fp32", library, "sm86", "sm86", tmp_path)
    time = first.path.stat().st_mtime_ns
    assert build.build(BODY, network, "fp32", library, "sm86", "sm86", tmp_path) == first
    assert first.path.stat().st_mtime_ns == time
    network.write_bytes(network.read_bytes() + b"\x72\x00")  # an empty docstring: other bytes, the same network
    second = build.build(BODY, network, "fp32", library, "sm86", "sm86", tmp_path)
    assert second != first
    assert not first.path.exists()


def test_the_name_says_all_that_an_engine_depends_on(tmp_path):
    network = tiny_network(tmp_path / "tiny.onnx")
    name = engine_file("body", network, "rtx1.7", "sm86", "fp16").path.name
    others = [
        engine_file("body", network, "rtx1.8", "sm86", "fp16"), engine_file("body", network, "rtx1.7", "sm89", "fp16"),
        engine_file("body", network, "rtx1.7", "sm86", "fp32"), engine_file("body", engines.network_file("body"), "rtx1.7", "sm86", "fp16"),
    ]  # fmt: skip
    assert len({name, *(other.path.name for other in others)}) == 5
    card = Card(0, "NVIDIA H200 NVL", (9, 0), 1)
    assert card_name(card, is_rtx=False) == "nvidia_h200_nvl_sm90"
    assert card_name(card, is_rtx=True) == "sm90"


def test_a_full_disk_leaves_no_half_engine(library, tmp_path, monkeypatch):
    def full(path, content):
        with path.open("wb") as file:
            file.write(content[:1000])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(UserError, match=r"cannot be written: No space left on device \(.* MiB are needed\)"):
        build.build(BODY, engines.network_file("body"), "fp32", library, "sm86", "sm86", tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UserError, match="cannot be written"):
        write(tmp_path / "file" / "e.engine", b"x")


def test_int8_needs_a_version_of_this_very_network(library, tmp_path):
    network = tiny_network(tmp_path / "tiny.onnx")
    with pytest.raises(UserError, match=r"no INT8 version of 'body' .*python -m calibration quantize --network body"):
        source_of("body", network, "int8")
    tiny_network(tmp_path / "tiny.int8.onnx")
    with pytest.raises(UserError, match=r"tiny\.int8\.onnx was made of another version"):
        build.build(BODY, network, "int8", library, "sm86", "sm86", tmp_path)
    with pytest.raises(UserError, match="has no Q/DQ nodes"):
        prepare(network, "int8")


@pytest.mark.parametrize(("name", "precision"), EVERY)
def test_what_an_engine_is_built_of_answers_like_the_committed_network(tmp_path, name, precision):
    """In ONNX Runtime on the CPU: float16 and Q/DQ as TensorRT gets them, on real crops. Loss: engines/README.md."""
    source = source_of(name, engines.network_file(name), precision)
    onnx.save(prepare(source, precision), tmp_path / "prepared.onnx")
    inputs = sample_inputs(CONTRACTS[name])
    wanted = engines.load(name, "onnxruntime", path=source)(**inputs)
    got = engines.load(name, "onnxruntime", path=tmp_path / "prepared.onnx")(**inputs)
    assert not compare.faults(compare.differences(wanted, got), "fp32" if precision == "int8" else precision)


def warping_network() -> onnx.ModelProto:
    """What a try-on network does: a convolution finds a grid, a picture is sampled with it, a second one's mask composes it."""
    nodes = [
        ("Conv", ["x", "w2"], "flow"), ("Tanh", ["flow"], "small"), ("Transpose", ["small"], "grid"),
        ("GridSample", ["x", "grid"], "warped"),
        ("Conv", ["x", "w3"], "drawn"), ("Sigmoid", ["drawn"], "mask"), ("Mul", ["warped", "mask"], "put"), ("Add", ["put", "x"], "y"),
    ]  # fmt: skip
    made = [
        helper.make_node(op, inputs, [out], name=out, **({"perm": [0, 2, 3, 1]} if op == "Transpose" else {})) for op, inputs, out in nodes
    ]
    weights = [helper.make_tensor(f"w{n}", TensorProto.FLOAT, [n, 3, 1, 1], np.full(3 * n, 0.1)) for n in (2, 3)]
    tensors = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 8, 8]) for name in "xy"]
    graph = helper.make_graph(made, "warp", tensors[:1], tensors[1:], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_sampling_its_grid_and_what_is_composed_of_it_stay_float32(tmp_path):
    model = warping_network()
    assert stays_float(model) == {"small", "grid", "warped", "put", "y"}
    half = to_half(model)
    onnx.checker.check_model(half, full_check=True)
    types = {v.name: v.type.tensor_type.elem_type for v in onnx.shape_inference.infer_shapes(half, strict_mode=True).graph.value_info}
    nodes = {node.name: node for node in half.graph.node}
    assert {types[name] for name in nodes["warped"].input if name in types} == {TensorProto.FLOAT}
    assert types[nodes["drawn"].output[0]] == types[nodes["flow"].output[0]] == TensorProto.FLOAT16
    picture = np.random.default_rng(0).random((1, 3, 8, 8), np.float32)
    wanted, got = (ReferenceEvaluator(m).run(None, {"x": picture})[0] for m in (warping_network(), half))
    assert got == pytest.approx(wanted, abs=2e-3)


def test_an_output_that_is_off_is_named_with_its_figures_and_one_that_is_no_number_too():
    wanted = {"a": np.full((2, 3), 2.0, np.float32), "b": np.ones((2, 3), np.float32)}
    got = {"a": wanted["a"] * 1.001, "b": wanted["b"] + [[0, 0, 0.3]]}
    figures = compare.differences(wanted, got)
    assert figures["b"] == pytest.approx({"max": 0.3, "mean": 0.1, "share": 0.1})
    assert [fault.split()[0] for fault in compare.faults(figures, "fp16")] == ["'b'"]
    got["a"] = np.full((2, 3), np.nan)
    assert len(compare.faults(compare.differences(wanted, got), "int8")) == 2


def test_a_batch_pays_where_a_picture_takes_a_tenth_less():
    assert compare.best_batch({"1": 2.0, "4": 3.0, "8": 5.9}) == 4
    assert compare.best_batch({"1": 2.0, "4": 7.5, "8": 15.0}) == 1
    assert compare.best_batch({"1": 2.0, "4": 4.0, "8": 6.0}) == 8
    assert compare.best_batch({}) == 1


def test_a_proof_that_cannot_be_read_is_none(tmp_path):
    file = EngineFile(tmp_path / "e.engine")
    file.path.write_bytes(b"engine")
    file.proof.write_text("{")
    assert file.trouble() == "its file is damaged"
    assert file.figures() == {}


def test_inputs_that_are_no_pictures_have_no_samples():
    from engines.contract import Contract

    with pytest.raises(UserError, match="'noise' is no picture"):
        sample_inputs(Contract("n", (Tensor("noise", (None, 8), "float32", ""),), ()))


def run(*args):
    return subprocess.run([sys.executable, "-m", "engines", *map(str, args)], cwd=ROOT, capture_output=True, text=True)


def test_build_in_a_terminal_says_what_was_not_compared_and_why(tmp_path):
    done = run("build", "--network", "body", "--device", "SM86", "--precision", "fp32", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "made for desktop cards" in done.stdout
    assert "built, not compared" in done.stdout
    row = json.loads(done.stdout.splitlines()[-1])["engines"][0]
    assert row["compared"] is False
    assert (tmp_path / row["engine"]).stat().st_size == row["bytes"]


@pytest.mark.parametrize(("args", "said"), [(["build"], "no card to build for"), (["build", "--device", "sm90"], "sm90 is not known")])
def test_a_card_that_cannot_be_built_for_is_refused(monkeypatch, capsys, args, said):
    from engines.__main__ import main
    from engines.build import command
    from engines.errors import exit_on_user_error
    from engines.hardware import Driver

    monkeypatch.setattr(command, "find_driver", lambda: Driver(problem="there is no NVIDIA driver"))
    monkeypatch.setattr(sys, "argv", ["engines", *args])
    assert exit_on_user_error(main) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_building_without_its_packages_says_what_to_install(library, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.delitem(sys.modules, "engines.graphs.prepare", raising=False)
    with pytest.raises(CardError, match=r"requirements-gpu\.txt"):
        build.build(BODY, engines.network_file("body"), "fp32", library, "sm86", "sm86", tmp_path)
