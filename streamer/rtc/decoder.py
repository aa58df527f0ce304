"""Decoding that never falls behind.

aiortc 1.16 puts encoded frames into one unbounded queue and decoded ones into another: a consumer too slow by a little is
seconds behind after a while. Here the decoder's queue is short; when it overflows everything in it is thrown away, a key
frame is asked for, and frames up to that one are skipped (they refer to what was thrown away). Decoded frames go straight
from the decoder's thread to a sink, which must not block.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import av
from aiortc.codecs import get_decoder
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from av import VideoFrame

log = logging.getLogger(__name__)

LONGEST_QUEUE = 16  # frames; a decoder that keeps up has none or one waiting, and a burst when a lost packet has come after all


class EncodedFrame(JitterFrame):
    """aiortc's, and when its first packet came and when it was complete: perf_counter, seconds."""

    def __init__(self, data: bytes, timestamp: int, arrived: float, complete: float) -> None:
        super().__init__(data, timestamp)
        self.arrived, self.complete = arrived, complete


LONGEST_PAUSE = 0.2  # seconds without a frame after which also one is handed on that has been overtaken


@dataclass(frozen=True, eq=False)
class Decoded:
    """A decoded frame, when it was ready (perf_counter, seconds) and how long decoding took; when its packets came."""

    frame: VideoFrame
    at: float
    decode_ms: float
    arrived: float = 0.0  # its first packet, perf_counter
    complete: float = 0.0  # its last packet


class EncodedQueue:
    """The decoder's queue: ``put`` and ``get`` as aiortc calls them, ``None`` ends it."""

    def __init__(self, overflowed: threading.Event, longest: int = LONGEST_QUEUE) -> None:
        self._ready = threading.Condition()
        self._items: deque[tuple[RTCRtpCodecParameters, EncodedFrame] | None] = deque()
        self._longest = longest
        self._overflowed = overflowed
        self._wants_key = False
        self.dropped = 0

    def put(self, item: tuple[RTCRtpCodecParameters, EncodedFrame] | None) -> None:
        with self._ready:
            if item is not None and not self._takes(item):
                return
            self._items.append(item)
            self._ready.notify()

    def _takes(self, item: tuple[RTCRtpCodecParameters, EncodedFrame]) -> bool:
        key = is_key_frame(item[0].name, item[1].data)
        if len(self._items) >= self._longest and not key:
            self.dropped += len(self._items)
            self._items.clear()
            self._wants_key = True
        elif key:  # nothing before a key frame is needed any more
            self.dropped += len(self._items)
            self._items.clear()
            self._wants_key = False
        if self._wants_key:
            self.dropped += 1
            self._overflowed.set()  # aiortc asks for a key frame when the next packet arrives
        return not self._wants_key

    def get(self) -> tuple[RTCRtpCodecParameters, EncodedFrame] | None:
        with self._ready:
            while not self._items:
                self._ready.wait()
            return self._items.popleft()

    def overtaken(self) -> bool:
        """Whether a newer frame waits already: the one at hand is needed only to decode that."""
        with self._ready:
            return any(self._items)


def is_key_frame(codec: str, data: bytes) -> bool:
    """Whether an encoded frame can be decoded without any before it. Unknown codecs: no."""
    if codec == "VP8":
        return bool(data) and not data[0] & 1
    if codec == "H264":
        return any(part[:1] and part[0] & 0x1F == 5 for part in data.split(b"\0\0\1")[1:])
    return False


def decode(queue: EncodedQueue, sink: Callable[[Decoded], object], failed: threading.Event) -> None:
    """The decoder's thread: until the queue ends, every frame goes to the sink that can be decoded and is the newest."""
    decoder, name = None, None
    handed = float("-inf")
    while (task := queue.get()) is not None:
        codec, encoded = task
        start = time.perf_counter()
        if decoder is None or codec.name != name:
            decoder, name = get_decoder(codec), codec.name
            decoder.codec.thread_count = 1  # type: ignore[attr-defined]  # a live stream has one slice a frame: more threads find no work
        try:
            frames = decoder.decode(encoded)
        except av.FFmpegError as error:
            log.debug("a %s frame could not be decoded: %s", codec.name, error)
            failed.set()  # keep the decoder: a fresh one could do nothing before the next key frame
            continue
        now = time.perf_counter()
        if queue.overtaken() and now - handed < LONGEST_PAUSE:
            queue.dropped += len(frames)
            continue
        handed = now if frames else handed
        for frame in frames:
            assert isinstance(frame, VideoFrame)
            sink(Decoded(frame, now, (now - start) * 1000, encoded.arrived, encoded.complete))
