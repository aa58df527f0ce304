"""Video files: what is written is read again, whole or not at all."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engines.errors import UserError
from streamer.video import ENCODERS, Video, VideoWriter


def picture(shade: int, size: tuple[int, int] = (64, 48)) -> np.ndarray:
    """Left half of one colour, right half of another."""
    rgb = np.full((size[1], size[0], 3), (shade, 60, 60), np.uint8)
    rgb[:, size[0] // 2 :] = (40, 60, 200)
    return rgb


def write(path: Path, count: int = 8, size: tuple[int, int] = (64, 48), rate: Fraction = Fraction(25)) -> Path:
    with VideoWriter(path, size, rate) as writer:
        for number in range(count):
            writer.write(picture(100 + 10 * number, size), number / rate)
    return path


@pytest.mark.parametrize("suffix", ENCODERS)
def test_frames_come_back_with_their_colours_and_times(tmp_path: Path, suffix: str) -> None:
    with Video(write(tmp_path / f"a{suffix}")) as video:
        frames = list(video)
        assert len(frames) == 8 == len(video)
        assert video.rate == 25
    for number, frame in enumerate(frames):
        assert float(frame.time) == pytest.approx(number / 25, abs=0.002)
        assert frame.rgb[24, 12].astype(int) == pytest.approx((100 + 10 * number, 60, 60), abs=14)
        assert frame.rgb[24, 52].astype(int) == pytest.approx((40, 60, 200), abs=14)
        assert frame.rgb.flags.writeable
        assert frame.rgb.flags.c_contiguous
    assert [path.name for path in tmp_path.iterdir()] == [f"a{suffix}"], "nothing temporary is left"


def test_odd_sizes_and_large_ones_keep_size_and_colour(tmp_path: Path) -> None:
    for size in ((65, 49), (1280, 720)):
        with Video(write(tmp_path / "a.mp4", 2, size)) as video:
            frame = next(iter(video)).rgb
        assert frame.shape == (size[1], size[0], 3)
        assert frame[size[1] // 2, 10].astype(int) == pytest.approx((100, 60, 60), abs=6)


def test_uneven_times_are_kept(tmp_path: Path) -> None:
    times = [Fraction(0), Fraction(1, 30), Fraction(1, 10), Fraction(1, 2)]
    with VideoWriter(tmp_path / "a.mp4", (64, 48), Fraction(30)) as writer:
        for time in times:
            writer.write(picture(90), time)
    with Video(tmp_path / "a.mp4") as video:
        assert [float(frame.time) for frame in video] == pytest.approx([float(time) for time in times], abs=0.001)


def test_a_phone_held_upright_gives_an_upright_picture(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4")
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40  # version and flags, times, track, layer, volume; then nine fixed-point numbers
    assert struct.unpack_from(">i", data, matrix)[0] == 1 << 16
    one = 1 << 16
    struct.pack_into(">9i", data, matrix, 0, one, 0, -one, 0, 0, 48 << 16, 0, 1 << 30)  # a quarter turn clockwise when shown
    path.write_bytes(data)
    with Video(path) as video:
        frame = next(iter(video)).rgb
    assert frame.shape == (64, 48, 3)
    assert frame[5, 24, 0] > frame[5, 24, 2], "what was left is on top"
    assert frame[60, 24, 2] > frame[60, 24, 0]


def test_an_error_leaves_nothing_behind(tmp_path: Path) -> None:
    def stop_halfway() -> None:
        with VideoWriter(tmp_path / "a.mp4", (64, 48), Fraction(25)) as writer:
            writer.write(picture(90), Fraction(0))
            raise KeyError

    with pytest.raises(KeyError):
        stop_halfway()
    assert not list(tmp_path.iterdir())


def test_bad_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video at all" * 100)
    with pytest.raises(UserError, match="not a video"):
        Video(tmp_path / "a.mp4")
    with pytest.raises(UserError, match="not a video"):
        Video(tmp_path / "none.mp4")
    with pytest.raises(UserError, match=r"end its name in \.mp4"):
        VideoWriter(tmp_path / "a.avi", (64, 48), Fraction(25))
    with pytest.raises(UserError, match="cannot write"):
        VideoWriter(tmp_path / "none" / "a.mp4", (64, 48), Fraction(25))
