"""Stand-ins that keep the contracts: a pipeline, a catalogue, frames."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
from av import VideoFrame

from engines.errors import UserError
from streamer.timing import Spans

COLOURS = {"red": (220, 30, 30), "blue": (30, 30, 220), "green": (30, 200, 30)}


@dataclass
class FakePipeline:
    """Fills the middle of the frame with the garment's colour; counts the frames of a session in its state."""

    calls: list[tuple[Any, Any]] = field(default_factory=list)

    def __call__(self, frame: np.ndarray, garment: Any, state: Any, spans: Spans, /) -> Any:
        assert frame.dtype == np.uint8
        assert frame.ndim == 3
        assert frame.flags.c_contiguous
        assert frame.flags.writeable
        self.calls.append((garment and garment.id, state))
        with spans("find"):
            height, width = frame.shape[:2]
        if garment is not None:
            with spans("dress"):
                frame[height // 4 : -height // 4, width // 4 : -width // 4] = garment.colour
        return SimpleNamespace(frame=frame, state=(state or 0) + 1, status="ok")


@dataclass(frozen=True)
class FakeEntry:
    id: str
    name: str
    category: str
    version: str = "1"
    price: str = ""
    link: str = ""


class FakeCatalog:
    """Three garments of one colour each."""

    def list(self) -> list[FakeEntry]:
        return [FakeEntry(name, name.title(), "blouse") for name in COLOURS]

    def garment(self, id: str, /) -> Any:
        return SimpleNamespace(id=id, colour=self._colour(id))

    def picture(self, id: str, /) -> bytes:
        red, green, blue = self._colour(id)
        return cv2.imencode(".png", np.full((8, 8, 4), (blue, green, red, 255), np.uint8))[1].tobytes()

    thumbnail = picture

    def revision(self) -> int:
        return 1

    def close(self) -> None:
        pass

    def _colour(self, id: str) -> tuple[int, int, int]:
        if id not in COLOURS:
            raise UserError(f"There is no garment {id!r}.")
        return COLOURS[id]


def video_frame(width: int = 64, height: int = 48, colour: tuple[int, int, int] = (128, 128, 128), pts: int = 0) -> VideoFrame:
    """A plain YUV 4:2:0 frame, as a decoder gives it."""
    frame = VideoFrame.from_ndarray(np.full((height, width, 3), colour, np.uint8), format="rgb24").reformat(format="yuv420p")
    frame.pts, frame.time_base = pts, Fraction(1, 90000)
    return frame
