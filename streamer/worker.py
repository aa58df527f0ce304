"""The one thread that owns the engines. It serves every session in turn, the newest frame of each.

Here frames cross from the decoder threads to the engines and back to the event loop. It knows arrays, video frames and a
pipeline to call; nothing of peer connections, signalling or what the pipeline does.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import cv2
import numpy as np
from av import VideoFrame

from . import marker
from .adapt import Effort, Seen, update
from .mailbox import Mailbox
from .rtc.decoder import Decoded
from .timing import Spans

log = logging.getLogger(__name__)


class Dressed(Protocol):
    """What a pipeline returns: the frame it drew on, the state for the next call, and a word for the shopper."""

    @property
    def frame(self) -> np.ndarray: ...
    @property
    def state(self) -> Any: ...
    @property
    def status(self) -> str: ...


class Pipeline(Protocol):
    """RGB uint8 (H, W, 3) in, dressed in place; the state of the session goes in and comes out."""

    def __call__(self, frame: np.ndarray, garment: Any, state: Any, spans: Spans, /) -> Dressed: ...


@dataclass(frozen=True, eq=False)
class Returned:
    """A frame on its way back, and what to tell the page about it."""

    frame: VideoFrame
    status: str  # "ok", "nobody", "step-back", or "plain" when nothing was dressed
    garment: str | None  # id of what is worn
    ms: dict[str, float]
    ready: float  # perf_counter when it was finished
    at: dict[str, float] = field(default_factory=dict)  # perf_counter of "arrived", "complete", "decoded" and "taken"
    mark: int | None = None  # the number the profiler's page put into the pixels


@dataclass(eq=False)
class Seat:
    """One session's place at the worker. The session writes the wishes, only the worker writes the rest."""

    deliver: Callable[[Returned], object]  # called in the worker's thread
    inbox: Mailbox[Decoded] = field(init=False)
    worn: tuple[str, Any] | None = None  # garment id and garment
    pixels: int = 1920 * 1088  # larger frames are scaled down to so many pixels
    height: int | None = None  # and to this height, when the page asks for less
    look: Callable[[VideoFrame], object] | None = None  # wants the next frame as it came, once; called in the worker's thread
    bitrate: int | None = None  # what the network carries back, bits a second; None: not known
    unsent: int = 0  # returned frames that the encoder had no time for
    profile: bool = False  # frames carry a number (marker.py), which goes onto what is returned

    state: Any = None  # the pipeline's, between frames
    size: tuple[int, int] = (0, 0)
    effort: Effort = field(default_factory=Effort)
    frames: int = 0
    errors: int = 0
    spared: int = 0  # frames that came and were not wanted
    _came: int = 0

    def offer(self, decoded: Decoded) -> None:
        """A frame has been decoded; called in the decoder's thread. Where fewer frames are wanted, those too many end here."""
        self._came += 1
        if self._came % self.effort.every == 0:
            self.inbox.put(decoded)
        else:
            self.spared += 1


class Worker:
    """Start it once, ``add`` a seat for each session, ``remove`` it when the session ends, ``stop`` at the end."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self._ready = threading.Condition()
        self._seats: deque[Seat] = deque()
        self._stopping = False
        self._busy = 0.0  # seconds of work so far
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether frames are being served."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Finish the frame at hand and end the thread."""
        with self._ready:
            self._stopping = True
            self._ready.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def add(self, seat: Seat) -> None:
        seat.inbox = Mailbox(self._wake)
        with self._ready:
            self._seats.append(seat)

    def remove(self, seat: Seat) -> None:
        """The seat's frames are let go. One in progress is still delivered."""
        seat.inbox.close()
        with self._ready:
            self._seats.remove(seat)

    def _wake(self) -> None:
        with self._ready:
            self._ready.notify_all()

    def _run(self) -> None:
        while (work := self._next()) is not None:
            start = time.perf_counter()
            serve(*work, self.pipeline, self._busy)
            self._busy += time.perf_counter() - start
            del work  # a seat or a frame must not outlive its session here while the thread waits

    def _next(self) -> tuple[Seat, Decoded] | None:
        """The next seat in turn that has a frame; waits for one. None when stopping."""
        with self._ready:
            while not self._stopping:
                if (work := self._take()) is not None:
                    return work
                self._ready.wait()
        return None

    def _take(self) -> tuple[Seat, Decoded] | None:
        for _ in range(len(self._seats)):
            seat = self._seats[0]
            self._seats.rotate(-1)
            if (decoded := seat.inbox.take()) is not None:
                return seat, decoded
        return None


def serve(seat: Seat, decoded: Decoded, pipeline: Pipeline, busy: float = 0.0) -> None:
    """Dress one frame and deliver it. A frame that cannot be dressed is returned plain, and counted.

    ``busy``: seconds of work before this, for all seats.
    """
    spans = Spans()
    at = {"arrived": decoded.arrived, "complete": decoded.complete, "decoded": decoded.at, "taken": time.perf_counter()}
    spans.add("decode", decoded.decode_ms)
    spans.add("wait", (at["taken"] - decoded.at) * 1000)
    worn, mark = seat.worn, None
    seat.frames += 1
    if (look := seat.look) is not None:
        seat.look = None
        look(decoded.frame)
    try:
        frame, status, mark = _dress(seat, worn, decoded.frame, pipeline, spans)
    except Exception:  # whatever the pipeline raised: this frame goes back plain, the others go on
        seat.errors += 1
        seat.state = None
        if seat.errors == 1:
            log.exception("a frame could not be dressed and was returned plain; further ones of this session are counted only")
        frame, status = decoded.frame, "plain"
    wearing = worn[0] if worn and status == "ok" else None
    seat.effort = update(seat.effort, _seen(seat, decoded.frame, spans, busy))
    seat.deliver(Returned(frame, status, wearing, spans.ms, time.perf_counter(), at, mark))


def _seen(seat: Seat, source: VideoFrame, spans: Spans, busy: float) -> Seen:
    work = sum(ms for stage, ms in spans.ms.items() if stage not in ("decode", "wait"))
    sized = spans.ms.get("body", 0.0) < work / 2  # the network sees the person crop, whatever the frame's size
    dropped = seat.inbox.dropped + seat.unsent
    return Seen(time.perf_counter(), (source.width, source.height), dropped, busy + work / 1000, seat.bitrate, sized)


def _dress(
    seat: Seat, worn: tuple[str, Any] | None, source: VideoFrame, pipeline: Pipeline, spans: Spans
) -> tuple[VideoFrame, str, int | None]:
    """The frame to return, the word for the shopper, and the profiler's number."""
    limit = min(seat.height or source.height, seat.effort.height(source.width, source.height))
    width, height = target_size(source.width, source.height, seat.pixels, limit)
    if (width, height) != seat.size:  # the phone was turned, or the quality changed: old positions mean nothing now
        seat.size, seat.state = (width, height), None
    with spans("to_rgb"):
        small = source
        if (width, height) != (source.width, source.height) or source.format.name != "yuv420p":
            small = source.reformat(width, height, "yuv420p", dst_color_range="MPEG")
        # OpenCV both ways: 0.4 ms a 640x480 frame where libswscale takes 1.3, and what was not drawn on comes back as it was (47 dB).
        decoded = small.to_ndarray()
        picture = cv2.cvtColor(decoded, cv2.COLOR_YUV2RGB_I420)
    mark = marker.read(decoded) if seat.profile else None
    dressed = pipeline(picture, worn[1] if worn else None, seat.state, spans)
    seat.state = dressed.state
    if worn is None or dressed.status != "ok":  # nothing was drawn: the decoded frame itself goes back, unconverted
        out, status = small, ("plain" if worn is None and dressed.status == "ok" else dressed.status)
    else:
        with spans("to_yuv"):
            planes = np.asarray(cv2.cvtColor(dressed.frame, cv2.COLOR_RGB2YUV_I420), np.uint8)
            if mark is not None:
                marker.draw(planes, mark)
            out, status = VideoFrame.from_numpy_buffer(planes, "yuv420p"), "ok"
    out.pts, out.time_base = source.pts, source.time_base
    return out, status, mark


def target_size(width: int, height: int, pixels: int, limit: int | None) -> tuple[int, int]:
    """The size to work at: the frame's own, or its aspect scaled down to the limits. Even, as 4:2:0 needs."""
    scale = min(1.0, (pixels / (width * height)) ** 0.5, (limit or height) / height)
    return max(16, round(width * scale) // 2 * 2), max(16, round(height * scale) // 2 * 2)
