"""A frame's turn: from the decoded frame to the picture that the pipeline dresses, and back. A seat is where a session and the worker meet.

Knows arrays, video frames and a pipeline to call; nothing of threads, peer connections, signalling or what the pipeline does.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import cv2
import numpy as np
from av import VideoFrame

from . import marker, overlay
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
    """RGB uint8 (H, W, 3) in, dressed in place; the state of the session goes in and comes out.

    One that has a ``batch`` above 1 takes up to so many frames of different sessions ``together``, see
    :class:`streamer.pipeline.Pipeline`.
    """

    def __call__(self, frame: np.ndarray, garment: Any, state: Any, spans: Spans, /) -> Dressed: ...


@dataclass(frozen=True, eq=False)
class Returned:
    """A frame on its way back, and what to tell the page about it."""

    frame: VideoFrame
    status: str  # "ok", "nobody", "step-back", "turn", or "plain" when nothing was dressed
    garment: str | None  # id of what is worn
    ms: dict[str, float]
    ready: float  # perf_counter when it was finished
    at: dict[str, float] = field(default_factory=dict)  # perf_counter of "arrived", "complete", "decoded" and "taken"
    mark: int | None = None  # the number the profiler's page put into the pixels
    whole: VideoFrame | None = None  # the whole dressed picture, where ``frame`` is an overlay


@dataclass(eq=False)
class Seat:
    """One session's place at the worker. The session writes the wishes, only the worker writes the rest."""

    deliver: Callable[[Returned], object]  # called in the worker's thread
    inbox: Mailbox[Decoded] = field(init=False)
    worn: tuple[str, Any] | None = None  # garment id and garment
    pixels: int = 1920 * 1088  # larger frames are scaled down to so many pixels
    height: int | None = None  # and to this height, when the page asks for less
    keep: Callable[[np.ndarray], object] | None = None  # wants the next person crop, uint8 (256,192,3), once; called in the worker's thread
    look: Callable[[VideoFrame], object] | None = None  # wants the next frame as it came, once; called in the worker's thread
    bitrate: int | None = None  # what the network carries back, bits a second; None: not known
    unsent: int = 0  # returned frames that the encoder had no time for
    profile: bool = False  # frames carry a number (marker.py), which goes onto what is returned
    overlay: bool = False  # only what was drawn goes back (overlay.py)

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
        if self.effort.takes(self._came):
            self.inbox.put(decoded)
        else:
            self.spared += 1


@dataclass(eq=False)
class _Turn:
    """One seat's frame under way."""

    seat: Seat
    decoded: Decoded
    worn: tuple[str, Any] | None
    spans: Spans
    taken: float  # perf_counter
    small: VideoFrame = field(init=False)  # at the size worked at
    picture: np.ndarray = field(init=False)  # the same in RGB
    before: np.ndarray | None = None  # the picture as it came, where what was drawn on it will be looked for
    whole: VideoFrame | None = None
    mark: int | None = None


def serve(batch: Sequence[tuple[Seat, Decoded]], pipeline: Pipeline, busy: float = 0.0) -> None:
    """Dress a frame of each seat, and deliver each when it is done. One that cannot be dressed is returned plain, and counted.

    ``busy``: seconds of work before this, for all seats.
    """
    start = time.perf_counter()
    ready: list[_Turn] = []
    for seat, decoded in batch:
        turn = _Turn(seat, decoded, seat.worn, Spans(), time.perf_counter())
        try:
            _begin(turn)
            ready.append(turn)
        except Exception as error:  # a frame that cannot be converted
            _end(turn, error, busy + turn.taken - start)
    if len(ready) > 1:
        for turn, dressed in _together(ready, pipeline):
            own = sum(turn.spans.ms.values()) - turn.spans.ms["decode"] - turn.spans.ms["wait"]
            turn.spans.add("wait", max((time.perf_counter() - turn.taken) * 1000 - own, 0.0))  # for the others
            _end(turn, dressed, busy + time.perf_counter() - start)
    for turn in ready if len(ready) == 1 else ():
        dressed = _alone(turn, pipeline)
        _end(turn, dressed, busy + time.perf_counter() - start)


def _alone(turn: _Turn, pipeline: Pipeline) -> Dressed | Exception:
    try:
        return pipeline(turn.picture, turn.worn[1] if turn.worn else None, turn.seat.state, turn.spans)
    except Exception as error:  # whatever the pipeline raised: this frame goes back plain, the others go on
        return error


def _together(turns: Sequence[_Turn], pipeline: Any) -> Iterator[tuple[_Turn, Dressed | Exception]]:
    jobs = [(turn.picture, turn.worn[1] if turn.worn else None, turn.seat.state, turn.spans) for turn in turns]
    for number, dressed in pipeline.together(jobs):
        yield turns[number], dressed


def _begin(turn: _Turn) -> None:
    """The frame as it came to the picture that is worked on."""
    seat, decoded, spans = turn.seat, turn.decoded, turn.spans
    source = decoded.frame
    spans.add("decode", decoded.decode_ms)
    spans.add("wait", (turn.taken - decoded.at) * 1000)
    seat.frames += 1
    if (look := seat.look) is not None:
        seat.look = None
        look(source)
    limit = min(seat.height or source.height, seat.effort.height(source.width, source.height))
    width, height = target_size(source.width, source.height, seat.pixels, limit)
    if (width, height) != seat.size:  # the phone was turned, or the quality changed: old positions mean nothing now
        seat.size, seat.state = (width, height), None
    with spans("to_rgb"):
        turn.small = source
        if (width, height) != (source.width, source.height) or source.format.name != "yuv420p":
            turn.small = source.reformat(width, height, "yuv420p", dst_color_range="MPEG")
        # OpenCV both ways: 0.4 ms a 640x480 frame where libswscale takes 1.3, and what was not drawn on comes back as it was (47 dB).
        planes = turn.small.to_ndarray()
        turn.picture = cv2.cvtColor(planes, cv2.COLOR_YUV2RGB_I420)
    turn.before = turn.picture.copy() if seat.overlay else None
    turn.mark = marker.read(planes) if seat.profile else None


def _end(turn: _Turn, dressed: Dressed | Exception, busy: float) -> None:
    """Deliver the dressed picture, or the frame as it came."""
    seat, decoded, spans = turn.seat, turn.decoded, turn.spans
    try:
        if isinstance(dressed, Exception):
            raise dressed
        frame, status = _returned(turn, dressed)
    except Exception:  # of the pipeline or of the conversions
        seat.errors += 1
        seat.state = None
        if seat.errors == 1:
            log.exception("a frame could not be dressed and was returned plain; further ones of this session are counted only")
        turn.mark = None
        frame, status = _undressed(turn, decoded.frame), "plain"
    wearing = turn.worn[0] if turn.worn and status == "ok" else None
    seat.effort = update(seat.effort, _seen(seat, decoded.frame, spans, busy))
    at = {"arrived": decoded.arrived, "complete": decoded.complete, "decoded": decoded.at, "taken": turn.taken}
    seat.deliver(Returned(frame, status, wearing, spans.ms, time.perf_counter(), at, turn.mark, turn.whole))


def _seen(seat: Seat, source: VideoFrame, spans: Spans, busy: float) -> Seen:
    work = sum(ms for stage, ms in spans.ms.items() if stage not in ("decode", "wait"))
    sized = spans.ms.get("body", 0.0) < work / 2  # the network sees the person crop, whatever the frame's size
    return Seen(time.perf_counter(), (source.width, source.height), seat.inbox.dropped + seat.unsent, busy, seat.bitrate, sized)


def _returned(turn: _Turn, dressed: Dressed) -> tuple[VideoFrame, str]:
    """The frame to return, and the word for the shopper."""
    turn.seat.state = dressed.state
    if (keep := turn.seat.keep) is not None and (person := getattr(dressed, "person", None)) is not None:
        turn.seat.keep = None
        keep(person)
    if turn.worn is None or dressed.status != "ok":  # nothing was drawn: the decoded frame itself goes back, unconverted
        return _undressed(turn, turn.small), ("plain" if turn.worn is None and dressed.status == "ok" else dressed.status)
    with turn.spans("to_yuv"):
        planes = np.asarray(cv2.cvtColor(dressed.frame, cv2.COLOR_RGB2YUV_I420), np.uint8)
    if turn.before is not None:
        turn.whole = _frame(turn, planes)
        with turn.spans("pack"):
            planes = overlay.pack(planes, overlay.cover(turn.before, dressed.frame))
    return _frame(turn, planes), "ok"


def _undressed(turn: _Turn, plain: VideoFrame) -> VideoFrame:
    """``plain``, or an overlay on which nothing was drawn."""
    if turn.before is None:
        return _frame(turn, plain)
    turn.whole = plain
    return _frame(turn, overlay.empty(*turn.seat.size))


def _frame(turn: _Turn, picture: np.ndarray | VideoFrame) -> VideoFrame:
    """A picture in I420 as a frame of this turn's time, with the profiler's number on it; or a decoded frame, which has it."""
    if isinstance(picture, np.ndarray):
        if turn.mark is not None:
            marker.draw(picture, turn.mark)
        # Without a copy PyAV 17 takes heights that are divisible by four only, and cuts others down to that.
        make = VideoFrame.from_ndarray if picture.shape[0] % 6 else VideoFrame.from_numpy_buffer
        picture = make(picture, format="yuv420p")
    picture.pts, picture.time_base = turn.decoded.frame.pts, turn.decoded.frame.time_base
    return picture


def target_size(width: int, height: int, pixels: int, limit: int | None) -> tuple[int, int]:
    """The size to work at: the frame's own, or its aspect scaled down to the limits. Even, as 4:2:0 needs."""
    scale = min(1.0, (pixels / (width * height)) ** 0.5, (limit or height) / height)
    return max(16, round(width * scale) // 2 * 2), max(16, round(height * scale) // 2 * 2)
