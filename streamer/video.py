"""Video files: frames out, frames in. Knows nothing of what is done with them."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from engines.errors import UserError

ENCODERS: dict[str, tuple[str, tuple[str, ...]]] = {
    ".mp4": ("mp4", ("libx264", "libopenh264", "mpeg4")),
    ".mov": ("mov", ("libx264", "libopenh264", "mpeg4")),
    ".mkv": ("matroska", ("libx264", "libopenh264", "mpeg4")),
    ".webm": ("webm", ("libvpx-vp9", "libvpx")),
}
"""By suffix: the container, and the encoders to try in turn (PyAV's builds differ in what they hold)."""
_OPTIONS = {
    "libx264": {"crf": "18", "preset": "veryfast"},
    "libvpx-vp9": {"crf": "24", "b": "0", "deadline": "realtime", "cpu-used": "5"},
    "libvpx": {"crf": "8", "b": "4M", "deadline": "realtime", "cpu-used": "5"},
}


@dataclass(frozen=True, eq=False)
class Picture:
    """One decoded frame."""

    rgb: np.ndarray
    """uint8 (H, W, 3), upright, the receiver's own."""
    time: Fraction
    """Seconds since the first frame."""


class Video:
    """A video file open for reading. Use it as a context manager."""

    def __init__(self, path: Path, threads: int = 0) -> None:
        """``threads`` of the decoder, 0: as many as it likes (1: nothing goes on while nobody asks for a frame).

        Raises:
            UserError: it cannot be read or holds no video.
        """
        self.path = path
        try:
            self._container = av.open(str(path))
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise UserError(f"{path} is not a video that can be read: {_reason(error)}.") from None
        if not self._container.streams.video:
            self._container.close()
            raise UserError(f"{path} has no video in it.")
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "AUTO" if threads != 1 else "SLICE"
        self._stream.codec_context.thread_count = threads
        self.rate = Fraction(self._stream.average_rate or self._stream.base_rate or 25)
        """Frames a second, as the file says."""

    def __enter__(self) -> Video:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def __len__(self) -> int:
        """About how many frames there are; 0 if the file does not say."""
        length = self._container.duration
        return self._stream.frames or (round(length / 1_000_000 * self.rate) if length else 0)

    def __iter__(self) -> Iterator[Picture]:
        """Every frame. Raises UserError where the file is damaged."""
        start: Fraction | None = None
        count = 0
        try:
            for frame in self._container.decode(self._stream):
                at = frame.pts * frame.time_base if frame.pts is not None and frame.time_base else count / self.rate
                start = at if start is None else start
                rgb = np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90) % 4)
                yield Picture(np.ascontiguousarray(rgb), at - start)
                count += 1
        except (av.error.FFmpegError, OSError, ValueError) as error:
            where = f"after {count} frames" if count else "at its first frame"
            raise UserError(f"the video {self.path} is damaged {where}: {_reason(error)}.") from None
        if not count:
            raise UserError(f"the video {self.path} has no frames.")


class VideoWriter:
    """Writes a video beside ``path`` and gives it its name only when it is whole. Use it as a context manager."""

    def __init__(self, path: Path, size: tuple[int, int], rate: Fraction) -> None:
        """``size``: width and height; ``rate``: frames a second.

        Raises:
            UserError: the suffix is unknown, there is no encoder for it, or the file cannot be written.
        """
        container, encoders = ENCODERS[check_suffix(path)]
        self._path, self._temporary = path, path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
        encoder = _first(encoders, path)
        with self._named_errors():
            self._temporary.touch()  # PyAV opens it only at the first frame
            self._container = av.open(str(self._temporary), "w", format=container)
        self._stream: Any = self._add_stream(encoder, size, rate)
        self._last = -1

    def _add_stream(self, encoder: str, size: tuple[int, int], rate: Fraction) -> Any:
        stream: Any = self._container.add_stream(encoder, rate=rate.limit_denominator(65_535), options=_OPTIONS.get(encoder, {}))
        stream.width, stream.height = size
        # 4:2:0 has half as many colours a side, so an odd size needs 4:4:4 to stay what it was.
        stream.pix_fmt = "yuv420p" if size[0] % 2 == 0 == size[1] % 2 or encoder == "mpeg4" else "yuv444p"
        if encoder == "mpeg4":
            stream.bit_rate = max(2_000_000, size[0] * size[1] * 6)
        large = size[1] >= 720
        self._space = Colorspace.ITU709 if large else Colorspace.ITU601
        stream.codec_context.colorspace = 1 if large else 6
        stream.codec_context.color_range = ColorRange.MPEG
        stream.codec_context.time_base = Fraction(1, 90_000) if encoder != "mpeg4" else 1 / rate.limit_denominator(65_535)
        return stream

    def write(self, rgb: np.ndarray, time: Fraction) -> None:
        """Add a frame, uint8 (H, W, 3), that is shown ``time`` seconds after the first."""
        frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
        frame = frame.reformat(format=self._stream.pix_fmt, dst_colorspace=self._space, dst_color_range=ColorRange.MPEG)
        base = self._stream.codec_context.time_base
        frame.time_base, frame.pts = base, max(round(time / base), self._last + 1)
        self._last = frame.pts
        with self._named_errors():
            self._container.mux(self._stream.encode(frame))

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if kind is None:
                with self._named_errors():
                    self._container.mux(self._stream.encode(None))
                    self._container.close()
                    self._temporary.replace(self._path)
        finally:
            with contextlib.suppress(OSError, av.error.FFmpegError):
                self._container.close()
            self._temporary.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except (av.error.FFmpegError, OSError) as error:
            raise UserError(f"cannot write {self._path}: {_reason(error)}.") from None


def check_suffix(path: Path) -> str:
    """The suffix of a video that can be written. Raises UserError for another."""
    if (suffix := path.suffix.lower()) not in ENCODERS:
        raise UserError(f"a video cannot be written as {path.name}: end its name in {', '.join(ENCODERS)}.")
    return suffix


def _first(encoders: tuple[str, ...], path: Path) -> str:
    for name in encoders:
        with contextlib.suppress(av.codec.codec.UnknownCodecError):
            av.codec.Codec(name, "w")
            return name
    raise UserError(f"PyAV has no encoder here for {path.name}: take another suffix ({', '.join(ENCODERS)}).")


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
