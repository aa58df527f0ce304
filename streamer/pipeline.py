"""The product on one page: find > crop > body > fit > dress > paste. Arrays and callables; no camera, no network connection."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np

from engines.body import Body, Reading
from engines.body.person import find_person
from engines.crop import Box, Crop, crop
from engines.tryon.dress import dress
from engines.tryon.fit import Fit, fit
from engines.tryon.garment import Garment
from streamer import tracker
from streamer.timing import Spans

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


class Pipeline:
    """Calls the networks in their order. One instance serves every session, one frame at a time."""

    def __init__(self, body: Body) -> None:
        self.body = body
        # OpenCV's threads gain nothing on operations this small, and while they wait for work they take the cores from the codecs.
        cv2.setNumThreads(1)

    def __call__(self, frame: np.ndarray, garment: Garment | None, state: State | None, spans: Spans) -> Dressed:
        """``frame``: uint8 (H,W,3) RGB, writeable; comes back wearing ``garment`` (None: as it is)."""
        state = state or State()
        if garment is None and state.idle % _IDLE_EVERY:
            return Dressed(frame, replace(state, idle=state.idle + 1, fit=None), state.status)
        seen = self.see(frame, state.track, spans)
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

    def see(self, frame: np.ndarray, track: tracker.Track | None, spans: Spans) -> tuple[tracker.Track, Reading, Crop] | None:
        """The person on this frame: where the track says, or, if not there, anywhere on the frame."""
        if track is not None and (seen := self._read(frame, track.box, track, spans)):
            return seen
        with spans("find"):
            height, width = frame.shape[:2]
            whole = crop(frame, (0, 0, width, height))
            box = find_person(self.body(whole.picture), whole, (height, width), track.box if track else None)
        return self._read(frame, box, None, spans) if box else None

    def _read(self, frame: np.ndarray, box: Box, track: tracker.Track | None, spans: Spans) -> tuple[tracker.Track, Reading, Crop] | None:
        with spans("crop"):
            cropped = crop(frame, box)
        with spans("body"):
            reading = self.body(cropped.picture)
        with spans("find"):
            target = find_person(reading, cropped, (frame.shape[0], frame.shape[1]), track.box if track else None)
            if target is None:
                return None
            track, reading = tracker.update(track, reading, cropped, target)
        return track, reading, cropped
