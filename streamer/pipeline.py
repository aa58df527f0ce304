"""The product on one page: find > crop > body > fit > dress > paste. Arrays and callables; no camera, no network connection."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import cv2
import numpy as np

from engines.body import Body, Reading
from engines.body.person import find_person
from engines.crop import Box, Crop, crop
from engines.tryon.dress import dress
from engines.tryon.fit import Fit, fit
from engines.tryon.garment import Garment
from streamer import tracker
from streamer.lockstep import in_step
from streamer.timing import Spans

T = TypeVar("T")
Looking = Generator[Box, tuple[Crop, Reading], T]
"""Work on one frame: it yields boxes of the frame to be looked at, and goes on with what is seen there."""
Seen = tuple[tracker.Track, Reading, Crop]
Status = Literal["ok", "nobody", "step-back"]

_IDLE_EVERY = 6
"""Without a garment the person is looked for on every so many frames: enough for the words on the page."""


@dataclass(frozen=True, eq=False)
class State:
    """One shopper's memory from frame to frame; the engines keep none."""

    track: tracker.Track | None = None
    fit: Fit | None = None
    garment: Garment | None = None
    status: Status = "ok"
    idle: int = 0


@dataclass(frozen=True, eq=False)
class Dressed:
    """The frame, drawn on in place; the state for the next frame; what to tell the shopper."""

    frame: np.ndarray
    state: State
    status: Status


Job = tuple[np.ndarray, Garment | None, State | None, Spans]


class Pipeline:
    """Calls the networks in their order. One instance serves every session, one frame at a time or a frame of each of several.

    ``batch``: so many are best read together.
    """

    def __init__(self, body: Body) -> None:
        self.body, self.batch = body, body.engine.batch
        # OpenCV's threads gain nothing on operations this small, and while they wait for work they take the cores from the codecs.
        cv2.setNumThreads(1)

    def __call__(self, frame: np.ndarray, garment: Garment | None, state: State | None, spans: Spans) -> Dressed:
        """``frame``: uint8 (H,W,3) RGB, writeable; comes back wearing ``garment`` (None: as it is)."""
        return self._alone(frame, spans, self._dressed(frame, garment, state or State(), spans))

    def together(self, jobs: Sequence[Job]) -> Iterator[tuple[int, Dressed | Exception]]:
        """Frames of several sessions, each with what :meth:`__call__` takes. Each one's number and result as soon as it is done.

        They are read by the network as one batch. One that fails comes out as its exception, and the others go on.
        """
        works = [self._dressed(frame, garment, state or State(), spans) for frame, garment, state, spans in jobs]
        return in_step(works, lambda boxes: self._look({number: (jobs[number][0], box, jobs[number][3]) for number, box in boxes.items()}))

    def see(self, frame: np.ndarray, track: tracker.Track | None, spans: Spans) -> Seen | None:
        """The person on this frame: where the track says, or, if not there, anywhere on the frame."""
        return self._alone(frame, spans, self._see(frame, track, spans))

    def _dressed(self, frame: np.ndarray, garment: Garment | None, state: State, spans: Spans) -> Looking[Dressed]:
        if garment is None and state.idle % _IDLE_EVERY:
            return Dressed(frame, replace(state, idle=state.idle + 1, fit=None), state.status)
        seen = yield from self._see(frame, state.track, spans)
        if seen is None:
            return Dressed(frame, State(status="nobody", idle=state.idle + 1), "nobody")
        track, reading, cropped = seen
        if garment is None:
            return Dressed(frame, State(track, idle=state.idle + 1), "ok")
        with spans("fit"):
            fitted = fit(garment, reading, cropped, state.fit if state.garment is garment else None)
        if fitted is None:
            return Dressed(frame, State(track, status="step-back"), "step-back")
        dress(frame, fitted, reading, cropped, spans)
        return Dressed(frame, State(track, fitted, garment), "ok")

    def _see(self, frame: np.ndarray, track: tracker.Track | None, spans: Spans) -> Looking[Seen | None]:
        height, width = size = frame.shape[0], frame.shape[1]
        if track is not None and (seen := self._follow(*(yield track.box), track, size, spans)):
            return seen
        whole, reading = yield 0, 0, width, height
        with spans("find"):
            box = find_person(reading, whole, size, track.box if track else None)
        return self._follow(*(yield box), None, size, spans) if box else None

    def _follow(self, cropped: Crop, reading: Reading, track: tracker.Track | None, size: tuple[int, int], spans: Spans) -> Seen | None:
        with spans("find"):
            target = find_person(reading, cropped, size, track.box if track else None)
            if target is None:
                return None
            track, reading = tracker.update(track, reading, cropped, target)
        return track, reading, cropped

    def _look(self, wanted: Mapping[int, tuple[np.ndarray, Box, Spans]]) -> dict[int, tuple[Crop, Reading]]:
        """Crop boxes out of frames, and read them as one batch."""
        crops = {}
        for number, (frame, box, spans) in wanted.items():
            with spans("crop"):
                crops[number] = crop(frame, box)
        start = time.perf_counter()
        readings = self.body.read([cropped.picture for cropped in crops.values()])
        for _, _, spans in wanted.values():
            spans.add("body", (time.perf_counter() - start) * 1000)
        return {number: (crops[number], reading) for number, reading in zip(crops, readings, strict=True)}

    def _alone(self, frame: np.ndarray, spans: Spans, work: Looking[T]) -> T:
        ((_, done),) = in_step([work], lambda boxes: self._look({0: (frame, boxes[0], spans)}))
        if isinstance(done, Exception):
            raise done
        return done
