"""Where a frame is looked at and drawn on: on the CPU with OpenCV and the body network, or on an NVIDIA card from the frame to the picture.

Both do the same: ``look`` crops boxes out of frames and reads them, ``dress`` draws a fitted garment onto a frame. Frames have numbers,
from 0 to ``batch`` - 1, so that several can be under way.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import numpy as np

import engines
from engines.body import Body, Reading, checked
from engines.crop import Box, Crop, crop, crop_matrix
from engines.errors import CardError, UserError
from engines.tryon import invented
from engines.tryon.dress import dress
from engines.tryon.fit import Fit
from engines.tryon.sheet import sheet
from engines.tryon.tom import TryOnModule

log = logging.getLogger(__name__)


class Spans(Protocol):
    """Times the stages of one frame."""

    def __call__(self, stage: str, /) -> AbstractContextManager[Any]: ...
    def add(self, stage: str, ms: float, /) -> None: ...


Wanted = Mapping[int, tuple[np.ndarray, Box, Spans]]
"""Frames by number, uint8 (H,W,3) RGB, and the box of each that is to be seen."""
Seen = dict[int, tuple[Crop, Reading]]


class CpuStage:
    """OpenCV, and the body network wherever it runs."""

    def __init__(self, body: Body) -> None:
        self.body, self.batch = body, body.engine.batch
        self._invent = TryOnModule.load(body.engine.runtime)

    def begin(self) -> None:
        """Other frames come now."""

    def look(self, wanted: Wanted) -> Seen:
        """Crop, and read all crops as one batch."""
        crops = {}
        for number, (frame, box, spans) in wanted.items():
            with spans("crop"):
                crops[number] = crop(frame, box)
        start = time.perf_counter()
        readings = self.body.read([cropped.picture for cropped in crops.values()])
        ms = (time.perf_counter() - start) * 1000
        for _, _, spans in wanted.values():
            spans.add("body", ms)
        return {number: (crops[number], reading) for number, reading in zip(crops, readings, strict=True)}

    def dress(self, number: int, frame: np.ndarray, fit: Fit, seen: tuple[Crop, Reading], spans: Spans) -> np.ndarray:
        """The frame, drawn on in place."""
        dress(frame, fit, seen[1], seen[0], spans, self._invent)
        return frame


class CardStage:
    """Everything at the frame's size happens on the card: a frame goes up once, and its dressed picture comes down once.

    In between come down what tracking and the fit look at, the crop, the parsing and the landmarks; up go the fit's small arrays.
    """

    def __init__(self, body: Any, load: Callable[..., Any]) -> None:
        """``body``: the body network's engine; ``load(name, slots=N)`` loads the frame's graphs beside it, on the same device."""
        self.batch: int = body.batch
        self._body, self._frames = body, dict[int, Any]()
        self._dressed: dict[int, np.ndarray] = {}
        self._steps: list[Any] = []
        try:
            for name, slots in (("frame.crop", self.batch), ("frame.landmarks", 1), ("frame.dress", 1)):
                self._steps.append(load(name, slots=slots))
            if engines.network_file("tryon.tom").is_file():
                self._steps.append(load("tryon.tom", slots=1))
        except UserError:
            self.close()
            raise
        self._crop, self._landmarks, self._dress, *more = self._steps
        self._invent = TryOnModule(more[0]) if more else None

    @classmethod
    def beside(cls, body: Body, refuse: bool) -> CardStage | None:
        """On the card that ``body`` runs on; None where it runs on a CPU.

        Where the card takes the network but not the frames, None and a line in the log, or with ``refuse`` the :class:`UserError`.
        """
        runtime = body.engine.runtime
        if runtime not in engines.CARD_RUNTIMES:
            return None
        device = getattr(body.engine, "device", None)
        try:
            return cls(body.engine, lambda name, **options: engines.load(name, runtime, device=device, **options))
        except UserError as error:
            if refuse:
                raise
            log.warning("Frames are cropped and dressed on the CPU, though the network runs on the card: %s", error)
            return None

    def begin(self) -> None:
        """Other frames come now."""
        self._frames.clear()
        self._dressed.clear()

    def look(self, wanted: Wanted) -> Seen:
        """Crop on the card, and read all crops as one batch. Raises UserError, which names what is wrong with a frame, and CardError."""
        start = time.perf_counter()
        matrices = {number: crop_matrix(box) for number, (_, box, _) in wanted.items()}
        with _card_errors(), self._body.device as device:
            if mark := getattr(device, "mark_start", None):
                mark()
            for slot, (number, (frame, _, _)) in enumerate(wanted.items()):
                if number not in self._frames:
                    self._frames[number] = self._crop.upload("frame", frame[None], number)
                matrix = self._crop.upload("matrix", matrices[number][None].astype(np.float32), number)
                self._crop.run({"frame": self._frames[number], "matrix": matrix}, slot)
            pictures = self._crop.gathered("picture", len(wanted))
            read = self._body.run({"picture": pictures})
            points = self._landmarks.run({"heatmaps": read["heatmaps"]})
            found = self._crop.download({"picture": pictures}) | self._body.download({"parsing": read["parsing"]})
            found |= self._landmarks.download({"landmarks": points["landmarks"]})
        ms = (time.perf_counter() - start) * 1000
        seen: Seen = {}
        for slot, (number, (_, _, spans)) in enumerate(wanted.items()):
            spans.add("body", ms)
            reading = checked(Reading(found["parsing"][slot], found["landmarks"][slot]))
            seen[number] = Crop(found["picture"][slot], matrices[number]), reading
        return seen

    def dress(self, number: int, frame: np.ndarray, fit: Fit, seen: tuple[Crop, Reading], spans: Spans) -> np.ndarray:
        """The dressed picture; the frame itself where the garment misses it. A ``frame`` that this returned is drawn on once more."""
        cropped, reading = seen
        if frame is self._dressed.get(number):
            with _card_errors(), self._body.device:
                self._frames[number] = self._crop.upload("frame", frame[None], number)
        with spans("dress"):
            bottom = fit.category in ("trousers", "skirt")
            made = invented.legs(self._invent, fit, reading, cropped) if bottom and self._invent else None
            small = sheet(fit, reading, cropped, (frame.shape[0], frame.shape[1]), made)
        if small is None:
            return frame
        with spans("paste"), _card_errors(), self._body.device:
            inputs = {name: self._dress.upload(name, array) for name, array in small.items()} | {"frame": self._frames[number]}
            dressed: np.ndarray = self._dress.download(self._dress.run(inputs))["dressed"][0]
        self._dressed[number] = dressed
        return dressed

    def close(self) -> None:
        """Let go of the graphs; the body network and its device are their owner's."""
        self._frames.clear()
        for step in reversed(self._steps):
            step.close()


@contextmanager
def _card_errors() -> Iterator[None]:
    """Whatever a card's runtime raises as CardError: each has error types of its own."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise CardError(f"The NVIDIA card failed ({str(error).strip() or type(error).__name__}).") from error
