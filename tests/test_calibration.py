"""``python -m calibration``: collecting crops, quantising, comparing; and input that is not what it should be."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from skimage import data

import engines
from calibration import crops, sources
from calibration.agreement import Agreement, pays
from calibration.collect import collect
from calibration.compare import cells, compare, table
from calibration.layers import as_table
from calibration.quantize import METHODS, outer_convolutions, quantize
from engines import origin
from engines.body import Body, Reading
from engines.contract import CLASSES, Contract, Tensor
from engines.errors import UserError
from tests.test_engines import tiny_network

ROOT = Path(__file__).resolve().parent.parent


def run(*args):
    return subprocess.run([sys.executable, "-m", "calibration", *map(str, args)], cwd=ROOT, capture_output=True, text=True)


def write(path: Path, rgb: np.ndarray) -> None:
    cv2.imwrite(str(path), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))


def random_crops(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 256, 192, 3), np.uint8)


def network(path: Path) -> Path:
    """The contract's tensors around a stem, an inner convolution and two heads, so that one layer is quantised."""
    model = onnx.load(tiny_network(path))
    weights = np.random.default_rng(1).normal(0, 0.2, (3, 3, 1, 1)).astype(np.float16)
    del model.graph.node[2:]
    for output in model.graph.output:
        stride = 128 // output.type.tensor_type.shape.dim[2].dim_value
        model.graph.node.append(
            onnx.helper.make_node("Conv", ["b", f"{output.name}.weights"], [output.name], name=output.name, strides=[stride, stride])
        )
    for number, (name, source, result) in enumerate((("stem", "t", "a"), ("inner", "a", "b"))):
        # Weights as the committed network stores them: float16 with a Cast behind.
        model.graph.initializer.append(onnx.numpy_helper.from_array(weights, f"{name}16"))
        model.graph.node.insert(2 + 2 * number, onnx.helper.make_node("Cast", [f"{name}16"], [f"{name}32"], to=onnx.TensorProto.FLOAT))
        stride = 2 if name == "stem" else 1
        node = onnx.helper.make_node("Conv", [source, f"{name}32"], [result], name=name, strides=[stride, stride])
        model.graph.node.insert(3 + 2 * number, node)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


@pytest.fixture(scope="module")
def portrait(tmp_path_factory):
    """A folder with the astronaut, the same file once more, a wall, a broken file and a video of her; and another with the video."""
    folder = tmp_path_factory.mktemp("people")
    write(folder / "astronaut.png", data.astronaut())
    write(folder / "again.png", data.astronaut())
    write(folder / "wall.png", np.full((300, 200, 3), 128, np.uint8))
    (folder / "broken.jpg").write_bytes(b"no picture")
    (folder / "clips").mkdir()
    writer = cv2.VideoWriter(str(folder / "clips/her.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 30, (512, 512))
    for number in range(24):
        writer.write(cv2.cvtColor(np.roll(data.astronaut(), number, 1), cv2.COLOR_RGB2BGR))
    writer.release()
    return folder


def test_collected_crops_are_people_spread_over_the_sources_and_kept_once(portrait, tmp_path):
    body = Body.load()
    new, known, unreadable = collect(body, [portrait, portrait / "clips"], tmp_path / "crops", 5)
    assert (new, known) == (4, 1)  # her picture and its copy, and three parts of the video
    assert len(unreadable) == 1
    assert "broken.jpg" in unreadable[0]
    kept = crops.read(tmp_path / "crops")
    assert kept.shape == (4, 256, 192, 3)
    assert all((body(crop).parsing.argmax(0) != 0).mean() > 0.2 for crop in kept)
    assert collect(body, [portrait, portrait / "clips"], tmp_path / "crops", 5)[:2] == (0, 5)  # the same seed, the same frames
    assert (tmp_path / "crops").stat().st_mode & 0o077 == 0


def test_collected_crops_are_deleted_and_nothing_else(portrait, tmp_path):
    crops.store(random_crops(1)[0], tmp_path / "crops")
    (tmp_path / "crops/notes.txt").write_text("mine")
    done = run("delete", "--out", tmp_path / "crops")
    assert done.returncode == 0
    assert "1 crops deleted" in done.stdout
    assert [p.name for p in (tmp_path / "crops").iterdir()] == ["notes.txt"]


def test_crops_that_shoppers_left_are_read_where_they_lie_counted_and_deleted(tmp_path):
    folder = tmp_path / "crops"
    ours, *theirs = random_crops(4)
    crops.store(ours, folder)
    for number, crop in enumerate(theirs):
        crops.store(crop, folder / "live" / str(number // 2))
    (folder / "live" / "1" / "notes.txt").write_text("not ours")
    assert len(crops.read(folder)) == 4
    done = run("collect", "--out", folder)
    assert done.returncode == 0, done.stderr
    assert "3 crops of 2 shoppers who agreed" in done.stdout
    assert json.loads(done.stdout.splitlines()[-1])["live"] == 3
    assert run("delete", "--out", folder).stdout.startswith("4 crops deleted")
    assert [path.name for path in folder.rglob("*") if path.is_file()] == ["notes.txt"]
    crops.store(theirs[0], tmp_path / "only" / "live" / "a")
    assert np.array_equal(crops.read(tmp_path / "only"), theirs[:1])
    empty = run("collect", "--out", tmp_path / "none")
    assert empty.returncode == 2
    assert "keep_crops" in empty.stderr


def test_a_videos_frames_are_tried_in_equal_parts(portrait):
    parts = list(sources.frames(portrait / "clips/her.avi", 2, np.random.default_rng(0)))
    assert len(parts) == 2
    assert all(1 <= len(part) <= 2 for part in parts)
    assert parts[0][0].shape == (512, 512, 3)
    # More chances than frames: every frame once.
    assert len(list(sources.frames(portrait / "clips/her.avi", 100, np.random.default_rng(0)))) == 24


@pytest.mark.parametrize("method", METHODS)
def test_a_quantised_network_has_symmetric_int8_nodes_and_answers_alike(tmp_path, method):
    source, out, pictures = network(tmp_path / "float.onnx"), tmp_path / "int8.onnx", random_crops(6)
    layers = quantize(source, out, pictures, method, weight_bits=7)  # with 8, OpenVINO is 18 % off where there is no VNNI
    assert layers.pop("losses").keys() == {"inner"}
    assert layers == {"convolutions": 6, "float": ["centres", "heatmaps", "offsets", "parsing", "stem"]}
    assert origin.is_made_of(out, source)
    assert not origin.is_made_of(out, engines.network_file("body"))
    model = onnx.load(out)
    kinds = [node.op_type for node in model.graph.node]
    assert kinds.count("QuantizeLinear") == 1  # the inner layer's input; its weights are stored quantised
    assert kinds.count("DequantizeLinear") == 2
    assert "Cast" in kinds  # the picture's
    points = [onnx.numpy_helper.to_array(t) for t in model.graph.initializer if "zero_point" in t.name]
    assert points
    assert all(p.dtype == np.int8 and not p.any() for p in points)
    wanted = engines.load("body", "onnxruntime", path=source)(picture=pictures[:1])
    for runtime in engines.RUNTIMES:
        got = engines.load("body", runtime, path=out)(picture=pictures[:1])
        for name in wanted:
            assert np.abs(got[name] - wanted[name]).max() < 0.03 * np.abs(wanted[name]).max(), (runtime, name)


def test_a_network_that_sees_no_crops_is_calibrated_with_pictures_in_its_size(tmp_path):
    cutout = np.dstack([np.full((50, 80, 3), (10, 90, 200), np.uint8), np.full((50, 80), 255, np.uint8)])
    cutout[:10, :, 3] = 0
    cv2.imwrite(str(tmp_path / "cutout.png"), cutout)
    write(tmp_path / "photo.png", data.astronaut())
    for channels in (3, 4):
        contract = Contract("n", (Tensor("picture", (None, 64, 48, channels), "uint8", ""),), ())
        pictures = crops.read_for(contract, tmp_path)
        assert pictures.shape == (2, 64, 48, channels)
        assert tuple(pictures[0, 32, 24, :3]) == (200, 90, 10)
        assert channels == 3 or (pictures[0, 5, 24, 3], pictures[0, 32, 24, 3], pictures[1, 0, 0, 3]) == (0, 255, 0)


def test_layers_are_left_in_float_by_name(tmp_path):
    layers = quantize(network(tmp_path / "float.onnx"), tmp_path / "int8.onnx", random_crops(2), "minmax", keep_float=("inn",))
    assert layers["float"] == ["centres", "heatmaps", "inner", "offsets", "parsing", "stem"]
    with pytest.raises(UserError, match=r"contains 'outer'.*inner"):
        quantize(tmp_path / "float.onnx", tmp_path / "int8.onnx", random_crops(2), "minmax", keep_float=("outer",))


def test_a_head_that_shares_its_input_with_a_quantised_layer_is_fed_unrounded(tmp_path):
    model = onnx.load(network(tmp_path / "float.onnx"))
    heads = {node.name: node for node in model.graph.node if node.name in {"parsing", "heatmaps"}}
    heads["heatmaps"].input[0] = "a"  # what the inner layer is fed, too
    onnx.save(model, tmp_path / "float.onnx")
    quantize(tmp_path / "float.onnx", tmp_path / "int8.onnx", random_crops(2), "minmax", most_loss=1.0)
    fed = {node.name: node.input[0] for node in onnx.load(tmp_path / "int8.onnx").graph.node}
    assert fed["heatmaps"] == "a"
    assert fed["inner"] == "a_DequantizeLinear_Output"


def test_a_layer_that_costs_too_much_stays_float(tmp_path):
    source, out, pictures = network(tmp_path / "float.onnx"), tmp_path / "int8.onnx", random_crops(2)
    layers = quantize(source, out, pictures, "minmax", most_loss=0.0)
    assert layers["losses"]["inner"] > 0
    assert layers["float"] == ["centres", "heatmaps", "inner", "offsets", "parsing", "stem"]
    model = onnx.load(out)
    assert not {node.op_type for node in model.graph.node} & {"QuantizeLinear", "DequantizeLinear"}
    wanted, got = (engines.load("body", "onnxruntime", path=path)(picture=pictures) for path in (source, out))
    assert all(np.array_equal(got[name], wanted[name]) for name in wanted)
    assert as_table(layers["losses"], 0.0)[0].endswith("inner  left in float")


def test_the_first_layer_and_the_heads_of_the_committed_network_are_known():
    outer = outer_convolutions(onnx.load(engines.network_file("body")))
    assert sorted(name.split("/")[2] for name in outer) == ["heatmaps", "instances", "parsing", "stem"]


def reading(labels: np.ndarray, landmarks: np.ndarray) -> Reading:
    return Reading(np.eye(len(CLASSES), dtype=np.float32)[labels].transpose(2, 0, 1), landmarks.astype(np.float32))


def test_agreement_by_hand():
    """Two of four cells are hair in the reference; the other takes one of them for background."""
    hair = CLASSES.index("hair")
    landmarks = np.zeros((18, 3))
    landmarks[:3, 2] = 0.9  # three are seen; the others do not count
    moved = landmarks.copy()
    moved[0, :2], moved[1, :2], moved[5, :2] = (3, 4), (0, 1), (50, 50)
    agreement = Agreement()
    agreement.add(reading(np.array([[hair, hair, 0, 0]]), landmarks), reading(np.array([[hair, 0, 0, 0]]), moved))
    assert agreement.figures() == pytest.approx(
        {"same_class": 3 / 4, "miou_to_float": (2 / 3 + 1 / 2) / 2, "landmark_p50_px": 1, "landmark_p95_px": 4.6}
    )
    assert Agreement().figures()["landmark_p95_px"] == 0


@pytest.mark.parametrize(
    ("ms", "miou", "to_float", "answer"),
    [
        (11, 0.6, 1.0, False),  # slower
        (7, 0.591, 0.9, True),
        (7, 0.589, 0.9, False),  # more than 0.01 lower
        (7, None, 0.995, True),
        (7, None, 0.9, None),  # not known without photos
    ],
)
def test_what_pays(ms, miou, to_float, answer):
    assert pays(10, ms, 0.6 if miou else None, miou, to_float) is answer


def test_the_float_network_agrees_with_itself():
    file = engines.network_file("body")
    rows = compare([file], random_crops(2), [], runs=2, threads=1)
    assert [(row["network"], row["runtime"]) for row in rows] == [(n, r) for r in engines.RUNTIMES for n in ("float", str(file))]
    assert rows[2]["same_class"] == rows[3]["same_class"] == 1
    assert rows[3]["landmark_p95_px"] == 0
    assert {"times_as_fast", "pays"} <= set(rows[1]) - set(rows[0])
    lines = list(table(cells(rows)))
    assert len(lines) == 5
    assert "same class" in lines[0]
    assert "PCK" not in lines[0]  # not measured without photos


def test_from_a_portrait_to_a_comparison_in_the_terminal(portrait, tmp_path):
    done = run("collect", "--from", portrait / "astronaut.png", "--out", tmp_path / "crops")
    assert done.returncode == 0, done.stderr
    assert "there were no more people" in done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["new"] == 1
    done = run("quantize", "--crops", tmp_path / "crops", "--out", tmp_path / "int8.onnx")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["convolutions"] > 3
    done = run("compare", "--crops", tmp_path / "crops", "--runs", 1, "--page", tmp_path / "page.html", tmp_path / "int8.onnx")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert len(result["rows"]) == 4
    assert all(row["same_class"] > 0.9 for row in result["rows"])
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".part"] == []
    page = (tmp_path / "page.html").read_text()
    assert page.count("<img") == 6  # her crop, the reference, and two networks with their differences
    assert "int8.onnx, OpenVINO" in page
    assert f"{result['rows'][1]['same_class']:.4f}" in page


def test_a_network_that_cannot_be_loaded_is_named(tmp_path):
    (tmp_path / "int8.onnx").write_bytes(b"no network")
    with pytest.raises(UserError, match=r"int8\.onnx"):
        compare([tmp_path / "int8.onnx"], random_crops(1), [], 1, 1)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["collect"], "nothing to collect from"),
        (["collect", "--from", "nowhere"], "nowhere does not exist"),
        (["collect", "--from", "README.md"], "neither a picture nor a video"),
        (["collect", "--from", "tests"], "has no pictures and no videos"),
        (["collect", "--from", "tests", "--count", "0"], "--count is 0"),
        (["quantize", "--crops", "nowhere", "--out", "x.onnx"], "nowhere is not a folder"),
        (["compare", "--crops", "nowhere", "x.onnx"], "nowhere is not a folder"),
        (["compare", "--runs", "0", "x.onnx"], "--runs is 0"),
    ],
)
def test_bad_input_is_said_in_one_sentence(args, said, capsys, monkeypatch):
    from calibration.__main__ import main
    from engines.errors import exit_on_user_error

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["calibration", *args])
    assert exit_on_user_error(main) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_damaged_video_nobody_and_a_crop_of_another_size_are_named(tmp_path):
    (tmp_path / "clip.mp4").write_bytes(b"no video")
    with pytest.raises(UserError, match=r"clip\.mp4 is not a video"):
        list(sources.frames(tmp_path / "clip.mp4", 1, np.random.default_rng(0)))
    write(tmp_path / "wall.png", np.full((300, 200, 3), 128, np.uint8))
    with pytest.raises(UserError, match="200x300, but crops are 192x256"):
        crops.read(tmp_path)
    done = run("collect", "--from", tmp_path / "wall.png", "--out", tmp_path / "crops")
    assert done.returncode == 2
    assert "Nobody was found" in done.stderr
    assert not (tmp_path / "crops").exists()


def test_the_float_network_is_not_overwritten(tmp_path):
    crops.store(random_crops(1)[0], tmp_path)
    done = run("quantize", "--crops", tmp_path, "--out", engines.network_file("body"))
    assert done.returncode == 2
    assert "write the INT8 network elsewhere" in done.stderr


def test_without_onnxruntime_quantising_says_what_to_install():
    code = "import sys; sys.modules.update(onnxruntime=None); sys.argv[1:] = ['quantize', '--out', 'x.onnx']; " + (
        "from calibration.__main__ import main; from engines.errors import exit_on_user_error; sys.exit(exit_on_user_error(main))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "pip install -r requirements-calibration.txt" in done.stderr
