"""``python -m streamer dress`` with a stand-in for the pipeline: files in, files out, errors as sentences."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from engines.errors import exit_on_user_error
from streamer import dress, offline
from streamer.__main__ import main
from streamer.timing import Spans
from streamer.video import Video, VideoWriter
from tests.conftest import ROOT

GARMENT = ROOT / "streamer" / "garments" / "tank.png"
RED = (250, 10, 20)


class FakePipeline:
    """Paints a red square; a black picture has nobody in it, a white one somebody too close. The state counts the frames."""

    def __init__(self) -> None:
        self.states: list[Any] = []

    def __call__(self, frame: np.ndarray, garment: Any, state: Any, spans: Spans) -> Any:
        assert frame.flags.c_contiguous
        assert frame.flags.writeable
        self.states.append(state)
        with spans("body"):
            status = {0: "nobody", 255: "step-back"}.get(round(float(frame.mean())), "ok")
        if status == "ok":
            with spans("dress"):
                frame[:16, :16] = RED
        return SimpleNamespace(frame=frame, state=(state or 0) + 1, status=status)


@pytest.fixture(autouse=True)
def pipeline(monkeypatch: pytest.MonkeyPatch) -> FakePipeline:
    fake = FakePipeline()
    monkeypatch.setattr(dress, "load_pipeline", lambda: (fake, "fake"))
    return fake


def run(tmp_path: Path, *arguments: object) -> int:
    words = ["dress", *map(str, arguments), "--data", str(tmp_path / "data")]
    return exit_on_user_error(lambda: main(words))


def photo(path: Path, shade: int = 90, size: tuple[int, int] = (60, 80)) -> Path:
    assert cv2.imwrite(str(path), np.full((size[1], size[0], 3), shade, np.uint8))
    return path


def clip(path: Path, shades: tuple[int, ...]) -> Path:
    with VideoWriter(path, (64, 48), Fraction(20)) as writer:
        for number, shade in enumerate(shades):
            writer.write(np.full((48, 64, 3), shade, np.uint8), Fraction(number, 20))
    return path


def read(path: Path) -> np.ndarray:
    return cv2.imread(str(path))[..., ::-1].astype(int)


def failure(capsys: pytest.CaptureFixture[str]) -> str:
    said = capsys.readouterr()
    assert not said.out
    assert "Traceback" not in said.err
    lines = [line for line in said.err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    return lines[0]


@pytest.mark.parametrize("suffix", dress.WRITABLE)
def test_a_photo(tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str) -> None:
    out = tmp_path / f"out{suffix}"
    assert run(tmp_path, "-i", photo(tmp_path / "me.png"), "-c", GARMENT, "--out", out) == 0
    assert read(out).shape == (80, 60, 3)
    assert read(out)[8, 8] == pytest.approx(RED, abs=12)
    assert read(out)[60, 40] == pytest.approx((90, 90, 90), abs=3)
    times = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert times["frames"] == 1
    assert times["runtime"] == "fake"
    assert set(times["stages"]) == {"body", "dress"}
    assert times["total"]["p50_ms"] >= times["stages"]["body"]["p50_ms"]
    assert times["peak_mb"] > 0


def test_a_garment_of_the_catalogue_and_a_folder_as_the_goal(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert run(tmp_path, "--person", photo(tmp_path / "me.jpg"), "--garment", "breton", "--out", tmp_path / "out") == 0
    assert read(tmp_path / "out" / "me.jpg")[8, 8] == pytest.approx(RED, abs=12)


def test_exif_orientation_is_respected(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: the right side of the file is the bottom
    picture = np.full((40, 80, 3), 90, np.uint8)
    picture[:, 70:] = (20, 20, 220)
    Image.fromarray(picture).save(tmp_path / "me.jpg", exif=exif, quality=95)
    assert run(tmp_path, "-i", tmp_path / "me.jpg", "-c", GARMENT, "-o", tmp_path / "out.png") == 0
    dressed = read(tmp_path / "out.png")
    assert dressed.shape == (80, 40, 3)
    assert dressed[76, 20, 2] > 150


def test_a_folder_with_bad_photos_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str], pipeline: FakePipeline) -> None:
    folder, out = tmp_path / "in", tmp_path / "deep" / "out"
    folder.mkdir()
    photo(folder / "a.jpg")
    photo(folder / "b.png", size=(200, 100))
    photo(folder / "c.png", 0)
    photo(folder / "d.ppm")
    (folder / "e.jpg").write_bytes(b"no photo")
    (folder / "notes.txt").write_text("not a photo, not touched")
    assert run(tmp_path, "-i", folder, "-c", GARMENT, "-o", out) == 2
    assert sorted(path.name for path in out.iterdir()) == ["a.jpg", "b.png", "d.ppm.png"]
    assert read(out / "b.png").shape == (100, 200, 3)
    said = capsys.readouterr()
    errors = [line for line in said.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 2
    assert "no person found in" in errors[0]
    assert "c.png" in errors[0]
    assert "e.jpg" in errors[1]
    times = json.loads(said.out.splitlines()[-1])
    assert (times["frames"], times["failed"]) == (4, 2)
    assert pipeline.states == [None] * 4, "photos have no time"


def test_a_video_keeps_rate_and_size(tmp_path: Path, capsys: pytest.CaptureFixture[str], pipeline: FakePipeline) -> None:
    source, out = clip(tmp_path / "me.mkv", (90, 0, 90, 120, 90)), tmp_path / "out.mp4"
    assert run(tmp_path, "-i", source, "-c", GARMENT, "-o", out) == 0
    with Video(out) as video:
        frames = list(video)
        assert video.rate == 20
    assert len(frames) == 5
    assert frames[0].rgb.shape == (48, 64, 3)
    assert frames[0].rgb[8, 8, 0] > 180
    assert frames[1].rgb[8, 8, 0] < 40, "a frame without a person stays as it is"
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["frames"] == 5
    assert pipeline.states == [None, 1, 2, 3, 4], "the state goes on from frame to frame"


def test_a_video_of_nobody_is_not_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = clip(tmp_path / "me.mkv", (0, 0, 0))
    assert run(tmp_path, "-i", source, "-c", GARMENT, "-o", tmp_path / "out.mp4") == 2
    assert "no person found in" in failure(capsys)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["me.mkv"]


@pytest.mark.parametrize(
    ("person", "garment", "out", "words"),
    [
        ("none.jpg", GARMENT, "out.png", "there is no photo"),
        ("bad.jpg", GARMENT, "out.png", "bad.jpg"),
        ("bad.mp4", GARMENT, "out.mp4", "not a video"),
        ("me.heic", GARMENT, "out.png", "HEIC"),
        ("empty", GARMENT, "out", "no pictures"),
        ("black.png", GARMENT, "out.png", "no person found in"),
        ("white.png", GARMENT, "out.png", "too close"),
        ("me.png", GARMENT, "out.gif", "end its name in"),
        ("me.png", GARMENT, "out", "end its name in"),
        ("me.png", GARMENT, "out.mp4", "a video needs a video"),
        ("me.mkv", GARMENT, "out.png", "end its name in"),
        ("me.png", GARMENT, "none/out.png", "no such folder"),
        ("me.png", GARMENT, "me.png", "the person itself"),
        ("photos", GARMENT, "me.png", "name a folder"),
        ("photos", GARMENT, "photos", "choose another"),
        ("photos", GARMENT, "me.png/out", "cannot make the folder"),
        ("me.png", "nothing", "out.png", "there are tee-lettering, breton"),
        ("me.png", "none.png", "out.png", "no such file"),
        ("me.png", "me.png", "out.png", "no alpha"),
        ("me.png", "bare.png", "out.png", "no landmarks"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], person: str, garment: str | Path, out: str, words: str
) -> None:
    photo(tmp_path / "me.png")
    photo(tmp_path / "black.png", 0)
    photo(tmp_path / "white.png", 255)
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8 no photo")
    (tmp_path / "me.heic").write_bytes(b"")
    (tmp_path / "bad.mp4").write_bytes(b"no video" * 99)
    clip(tmp_path / "me.mkv", (90, 90))
    (tmp_path / "empty").mkdir()
    (tmp_path / "photos").mkdir()
    photo(tmp_path / "photos" / "a.png")
    (tmp_path / "bare.png").write_bytes(GARMENT.read_bytes())
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    which = tmp_path / garment if str(garment).endswith(".png") else garment
    assert run(tmp_path, "-i", tmp_path / person, "-c", which, "-o", tmp_path / out) == 2
    assert words in failure(capsys)
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and "data" not in path.parts}
    assert after == before


def test_a_goal_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(dress, "write_whole", full)
    assert run(tmp_path, "-i", photo(tmp_path / "me.png"), "-c", GARMENT, "-o", tmp_path / "out.png") == 2
    assert "No space left on device" in failure(capsys)


def test_the_garment_may_be_left_to_the_catalogue(tmp_path: Path) -> None:
    assert offline.load_garment(None, tmp_path).id == "tee-lettering"
