"""The product on one page: find > crop > body > fit > dress > paste. Arrays and callables; no camera, no network connection."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import cv2
import numpy as np

import engines
from engines.body import Body, Reading
from engines.body.person import find_person
from engines.crop import Box, Crop, crop_by
from engines.errors import CardError
from engines.stage import CardStage, CpuStage, Seen, Wanted
from engines.tryon.fit import Fit
from engines.tryon.garment import Garment
from engines.tryon.outfit import Outfit
from streamer import tracker
from streamer.fading import put_on, step
from streamer.lockstep import in_step
from streamer.timing import Spans

log = logging.getLogger(__name__)

T = TypeVar("T")
Looking = Generator[Box, tuple[Crop, Reading], T]
"""Work on one frame: it yields boxes of the frame to be looked at, and goes on with what is seen there."""
Person = tuple[tracker.Track, Reading, Crop]
Status = Literal["ok", "nobody", "step-back", "turn"]

_IDLE_EVERY = 6
"""Without a garment the person is looked for on every so many frames: enough for the words on the page."""


@dataclass(frozen=True, eq=False)
class State:
    """One shopper's memory from frame to frame; the engines keep none."""

    track: tracker.Track | None = None
    worn: tuple[tuple[Garment, Fit], ...] = ()
    """From the inside out."""
    fade: float | None = None
    """0..1 how much of it is shown; None: nothing has been shown yet."""
    status: Status = "ok"
    idle: int = 0


@dataclass(frozen=True, eq=False)
class Dressed:
    """The frame that is shown; the state for the next frame; what to tell the shopper; the person crop it was made of, if there was one."""

    frame: np.ndarray
    state: State
    status: Status
    person: np.ndarray | None = None


Wish = Garment | Outfit | None
Job = tuple[np.ndarray, Wish, State | None, Spans]


class Pipeline:
    """Calls the networks in their order. One instance serves every session, one frame at a time or a frame of each of several.

    ``batch``: so many are best read together.
    """

    def __init__(self, body: Body, card: CardStage | None = None, spare: Callable[[], Body] | None = None) -> None:
        """``card``: where frames are cropped and dressed instead of on the CPU; ``spare`` loads the network for when it fails."""
        self.body, self._spare = body, spare
        self._stage: CpuStage | CardStage = card or CpuStage(body)
        self.batch = self._stage.batch
        # OpenCV's threads gain nothing on operations this small, and while they wait for work they take the cores from the codecs.
        cv2.setNumThreads(1)

    @classmethod
    def load(cls, runtime: str | None = None) -> Pipeline:
        """On the runtime named, or the best that works here. Raises UserError (see :func:`engines.load`)."""
        body = Body.load(runtime)
        spare = functools.partial(Body.load, engines.RUNTIMES[0]) if runtime is None else None
        return cls(body, CardStage.beside(body, refuse=runtime is not None), spare)

    @property
    def reason(self) -> str:
        """What it runs on, and why."""
        where = "; frames are cropped and dressed on the card" if isinstance(self._stage, CardStage) else ""
        return f"Network body on {self.body.engine.runtime}: {self.body.engine.reason}{where}"

    def __call__(self, frame: np.ndarray, wish: Wish, state: State | None, spans: Spans) -> Dressed:
        """``frame``: uint8 (H,W,3) RGB, writeable; it, or on a card another, comes back wearing ``wish`` (None: as it is)."""
        return self._alone(frame, spans, self._dressed(0, frame, wish, state or State(), spans))

    def together(self, jobs: Sequence[Job]) -> Iterator[tuple[int, Dressed | Exception]]:
        """Frames of at most ``batch`` sessions, each with what :meth:`__call__` takes; each one's number and result when it is done.

        They are read by the network together. One that fails comes out as its exception, and the others go on.
        """
        self._stage.begin()
        works = [self._dressed(number, frame, worn, state or State(), spans) for number, (frame, worn, state, spans) in enumerate(jobs)]

        def look(boxes: Mapping[int, Box]) -> Seen:
            return self._look({number: (jobs[number][0], box, jobs[number][3]) for number, box in boxes.items()})

        return in_step(works, look)

    def see(self, frame: np.ndarray, track: tracker.Track | None, spans: Spans) -> Person | None:
        """The person on this frame: where the track says, or, if not there, anywhere on the frame."""
        return self._alone(frame, spans, self._see(frame, track, spans))

    def _dressed(self, number: int, frame: np.ndarray, wish: Wish, state: State, spans: Spans) -> Looking[Dressed]:
        garments = (wish,) if isinstance(wish, Garment) else wish or ()
        if not garments and state.idle % _IDLE_EVERY:
            return Dressed(frame, replace(state, idle=state.idle + 1, worn=(), fade=None), state.status)
        seen = yield from self._see(frame, state.track, spans)
        if seen is None:
            return Dressed(frame, State(status="nobody", idle=state.idle + 1), "nobody")
        track, reading, cropped = seen
        if not garments:
            return Dressed(frame, State(track, idle=state.idle + 1), "ok", cropped.picture)
        with spans("fit"):
            worn, doubt = put_on(garments, reading, cropped, state.worn)
        fade = step(state.fade, doubt is None)
        if not worn or fade == 0:
            status: Status = doubt or "ok"
            return Dressed(frame, State(track, fade=0.0, status=status), status, cropped.picture)
        plain = frame.copy() if fade < 1 else frame
        person = cropped.picture
        for place, (_, fitted) in enumerate(worn):
            if place:
                cropped = crop_by(frame, cropped.matrix)
            frame = self._draw(number, frame, fitted, (cropped, reading), spans)
        if fade < 1:
            frame = cv2.addWeighted(frame, fade, plain, 1 - fade, 0)
        return Dressed(frame, State(track, worn, fade), "ok", person)

    def _see(self, frame: np.ndarray, track: tracker.Track | None, spans: Spans) -> Looking[Person | None]:
        height, width = size = frame.shape[0], frame.shape[1]
        if track is not None and (seen := self._follow(*(yield track.box), track, size, spans)):
            return seen
        whole, reading = yield 0, 0, width, height
        with spans("find"):
            box = find_person(reading, whole, size, track.box if track else None)
        return self._follow(*(yield box), None, size, spans) if box else None

    def _follow(self, cropped: Crop, reading: Reading, track: tracker.Track | None, size: tuple[int, int], spans: Spans) -> Person | None:
        with spans("find"):
            target = find_person(reading, cropped, size, track.box if track else None)
            if target is None:
                return None
            track, reading = tracker.update(track, reading, cropped, target)
        return track, reading, cropped

    def _look(self, wanted: Wanted) -> Seen:
        try:
            return self._stage.look(wanted)
        except CardError as error:
            return self._on_the_cpu(error).look(wanted)

    def _draw(self, number: int, frame: np.ndarray, fitted: Fit, seen: tuple[Crop, Reading], spans: Spans) -> np.ndarray:
        try:
            return self._stage.dress(number, frame, fitted, seen, spans)
        except CardError as error:
            return self._on_the_cpu(error).dress(number, frame, fitted, seen, spans)

    def _on_the_cpu(self, error: CardError) -> CpuStage:
        """From now on, because the card failed. Raises the error where a runtime was asked for by name."""
        if self._spare is None:
            raise error
        log.warning("The networks go on on the CPU. %s", error)
        self.body, self._spare = self._spare(), None
        stage = CpuStage(self.body)
        self._stage, self.batch = stage, stage.batch
        return stage

    def _alone(self, frame: np.ndarray, spans: Spans, work: Looking[T]) -> T:
        self._stage.begin()
        ((_, done),) = in_step([work], lambda boxes: self._look({0: (frame, boxes[0], spans)}))
        if isinstance(done, Exception):
            raise done
        return done
