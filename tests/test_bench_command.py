"""``python -m streamer bench``: every frame is measured, the first ones twice, and the last line is JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from engines.errors import UserError, exit_on_user_error
from streamer import bench
from streamer import clip as clips
from streamer.__main__ import main
from streamer.timing import Spans
from tests.test_dress_command import GARMENT, FakePipeline, clip


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> FakePipeline:
    fake = FakePipeline()
    monkeypatch.setattr(bench, "load_pipeline", lambda: (fake, "fake"))
    return fake


def test_the_last_line_is_json_and_before_it_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str], pipeline: FakePipeline) -> None:
    video = clip(tmp_path / "me.mkv", (90,) * 14)
    assert main(["bench", "--video", str(video), "--garment", str(GARMENT), "--data", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    times = json.loads(lines[-1])
    assert set(times) == {"total", "stages", "frames", "runtime", "peak_mb"}
    assert set(times["total"]) == set(times["stages"]["body"]) == {"p50_ms", "p95_ms"}
    assert times["frames"] == 14
    assert times["runtime"] == "fake"
    assert any(line.startswith("total") for line in lines[:-1])
    assert "14 of 14 frames dressed" in lines[0]
    assert pipeline.states == [None, *range(1, 10), None, *range(1, 14)], "warm-up, then all of the clip from its start"


def test_the_total_is_from_frame_in_to_frame_out(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(1000))
    monkeypatch.setattr(bench.time, "perf_counter", lambda: next(now) / 1000)

    def pipeline(frame: np.ndarray, garment: Any, state: Any, spans: Spans) -> Any:
        spans.add("body", 0.25)
        return SimpleNamespace(frame=frame, state=state, status="ok")

    def frames() -> Iterator[np.ndarray]:
        for _ in range(3):
            next(now)  # decoding takes its time, but none of the frame's
            yield np.zeros((4, 4, 3), np.uint8)

    spans, walls, seen = bench.measure(pipeline, SimpleNamespace(), frames)  # type: ignore[arg-type]
    assert walls == pytest.approx([1, 1, 1])
    assert spans == [{"body": 0.25}] * 3
    assert seen["ok"] == 3


def test_a_clip_without_a_person_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], pipeline: FakePipeline) -> None:
    words = ["bench", "--video", str(clip(tmp_path / "me.mkv", (0, 0))), "--garment", str(GARMENT)]
    assert exit_on_user_error(lambda: main(words)) == 2
    assert "no person found in" in capsys.readouterr().err
    words[2] = str(tmp_path / "none.mkv")
    assert exit_on_user_error(lambda: main(words)) == 2


def test_the_default_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FITTING_ROOM_DATA", str(tmp_path))
    assert clips.default_clip() is None, "the portrait, where scikit-image is there"
    monkeypatch.setattr(clips.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="--video FILE"):
        clips.default_clip()
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "a.mkv").write_bytes(b"")
    assert clips.default_clip() == tmp_path / "clips" / "a.mkv"


def test_the_portrait_moves() -> None:
    frames = list(clips.portrait(20))
    assert frames[0].shape == (480, 640, 3)
    assert np.abs(frames[0].astype(int) - frames[19].astype(int)).mean() > 3
