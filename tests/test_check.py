"""``python -m engines check`` on whatever machine the tests run on."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import engines
from engines.build.files import EngineFile
from engines.check.command import check, not_run, taken
from engines.check.machine import describe
from engines.errors import CardError, UserError
from engines.hardware import Card, Driver

ROOT = Path(__file__).resolve().parent.parent


def test_check_prints_the_machine_and_one_table_with_the_reference_first():
    done = subprocess.run(
        [sys.executable, "-m", "engines", "check", "--network", "body", "--runs", "1"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    for part in ("system: ", "NVIDIA: ", "packages: openvino", "engines in", "taken for body: ", "max off"):
        assert part in done.stdout
    rows = json.loads(done.stdout.splitlines()[-1])["rows"]
    measured = {row["runtime"]: row for row in rows if "trouble" not in row}
    assert list(measured)[:2] == ["onnxruntime", "openvino"]
    assert all(off["max"] == 0 for off in measured["onnxruntime"]["outputs"].values())
    assert all(off["share"] < 0.05 for off in measured["openvino"]["outputs"].values())
    # What does not work here is named with its reason.
    assert all(row["trouble"] in done.stdout for row in rows if "trouble" in row)


def test_what_keeps_several_networks_from_running_is_one_line():
    troubles = [("body", "tensorrt fp32", "No card."), ("body", "tensorrt fp16", "No card."), ("garment.cut", "tensorrt fp32", "No card.")]
    rows = [{"network": network, "runtime": runtime, "trouble": why} for network, runtime, why in troubles]
    lines = list(
        not_run([*rows, {"network": "body", "runtime": "cuda", "trouble": "No CUDA."}, {"network": "body", "runtime": "openvino"}])
    )
    assert lines == ["not run: tensorrt fp32, tensorrt fp16 (body, garment.cut): No card.", "not run: cuda (body): No CUDA."]


def test_an_engine_that_fails_while_it_runs_is_a_line_and_the_others_go_on(monkeypatch):
    load, closed = engines.load, []

    class Broken:
        close = staticmethod(lambda: closed.append(True))

        def __call__(self, **inputs):
            raise CardError("The engine 'frame.landmarks' failed on the card (out of memory).")

    monkeypatch.setattr(engines, "load", lambda name, runtime=None, **o: Broken() if runtime == "tensorrt" else load(name, runtime, **o))
    rows = check("frame.landmarks", None, 1)
    assert {row["runtime"]: row.get("trouble", "")[:20] for row in rows}["tensorrt fp32"] == "The engine 'frame.la"
    assert rows[0]["outputs"]["landmarks"]["max"] == 0
    assert closed == [True]


def test_a_frame_graph_is_not_said_to_run_where_there_is_no_card(monkeypatch):
    monkeypatch.setattr(engines, "find_driver", lambda: Driver(problem="there is no NVIDIA driver"))
    assert taken("frame.crop") == "nothing; on a CPU OpenCV does its work"
    assert taken("body").startswith("openvino: ")


def test_a_bad_number_of_runs_is_refused():
    done = subprocess.run([sys.executable, "-m", "engines", "check", "--runs", "0"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "--runs is 0" in done.stderr


def test_a_machine_with_a_card_is_described_with_its_engines(tmp_path, monkeypatch):
    (tmp_path / "body-1-rtx1.7-sm86-fp16.engine").write_bytes(b"x")
    EngineFile(tmp_path / "body-1-rtx1.7-sm86-fp16.engine").proof.write_text('{"sha256": "other"}')
    driver = Driver((Card(0, "NVIDIA GeForce RTX 3060", (8, 6), 12 << 30),), (13, 0))
    text = "\n".join(describe(driver, tmp_path))
    assert "driver for CUDA 13.0" in text
    assert "card 0: NVIDIA GeForce RTX 3060, sm86, 12.0 GiB" in text
    assert "TensorRT: " in text
    assert "PyCUDA: " in text
    assert "fp16.engine: its file is damaged" in text


def test_the_runtime_taken_here_is_the_one_that_is_loaded():
    engine = engines.load("body")
    assert engine.runtime in (*engines.RUNTIMES, *engines.CARD_RUNTIMES)
    assert engine.batch >= 1


def test_a_runtime_that_is_named_is_taken_by_the_server_or_refused(monkeypatch):
    from streamer.serve import load_pipeline

    monkeypatch.setattr("engines.runtimes.tensorrt.find_driver", lambda: Driver(problem="there is no NVIDIA driver"))
    with pytest.raises(CardError, match="there is no NVIDIA driver"):
        load_pipeline("tensorrt")
    with pytest.raises(UserError, match="'gpu' is not known; choose one of openvino, onnxruntime, tensorrt, onnxruntime-cuda"):
        load_pipeline("gpu")
