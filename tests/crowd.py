"""Shoppers for the benchmarks: cameras that cost next to nothing, and what came back of each picture, and when.

A clip is encoded once, with its frame number in the pixels (streamer/marker.py), and sent again and again: the two cores of
a small machine belong to the server that is measured, not to those who look at it. What comes back is decoded and read.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import av
import cv2
import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import Packet

from streamer import marker
from tests.browser import astronaut_frames
from tests.shopper import Shopper

FPS = 30
LOOP = 300  # frames of a clip, 10 s: longer than any delay that is not called hopeless
CLOCK = 90_000


@lru_cache
def clip(width: int, height: int, bitrate: int = 1_500_000) -> list[tuple[bytes, bool]]:
    """H.264 of LOOP numbered frames of a person, a key frame each second: (bytes, is key frame)."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, FPS), Fraction(FPS)
    encoder.bit_rate, encoder.gop_size, encoder.max_b_frames = bitrate, FPS, 0
    encoder.options = {"preset": "veryfast", "tune": "zerolatency", "profile": "baseline", "level": "3.1"}
    packets: list[Packet] = []
    for number, picture in enumerate(_person(width, height)):
        planes = cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420)
        marker.draw(planes, number)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(planes), "yuv420p")
        frame.pts = number
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    return [(bytes(packet), packet.is_keyframe) for packet in packets]


def _person(width: int, height: int) -> Iterator[np.ndarray]:
    return astronaut_frames(LOOP, (width, height))


class ClipCamera(MediaStreamTrack):
    """Sends a clip at 30 frames a second, each size from a key frame on. ``sent[number]``: when a frame last went out, s."""

    kind = "video"

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__()
        self._size = self._next_size = size
        self._number, self._index = 0, 0
        self._start: float | None = None
        self.sent: dict[int, float] = {}
        clip(*size)

    def turn(self, size: tuple[int, int]) -> None:
        """From the next key frame on the camera has this size."""
        clip(*size)
        self._next_size = size

    async def recv(self) -> Packet:
        """The next frame, when it is time. A camera that is behind leaves frames out of time, never out of order."""
        now = time.perf_counter()
        self._start = self._start if self._start is not None else now
        due = self._start + self._index / FPS
        if due > now:
            await asyncio.sleep(due - now)
        else:
            self._start = now - self._index / FPS
        data, is_key = clip(*self._size)[self._number]
        if is_key and self._next_size != self._size:
            self._size = self._next_size
            data, is_key = clip(*self._size)[self._number]
        packet = Packet(data)
        packet.pts, packet.time_base, packet.is_keyframe = self._index * CLOCK // FPS, Fraction(1, CLOCK), is_key
        self.sent[self._number] = time.perf_counter()
        self._number, self._index = (self._number + 1) % LOOP, self._index + 1
        return packet


@dataclass(frozen=True)
class Seen:
    """A picture that came back."""

    at: float  # perf_counter when it was decoded
    delay: float  # s since its camera frame went out
    size: tuple[int, int]


class Guest(Shopper):
    """A shopper with a clip for a camera; ``watch`` fills ``seen`` until the picture ends."""

    def __init__(self, ws, size: tuple[int, int] = (640, 480)) -> None:
        super().__init__(ws)
        self.camera.stop()
        self.camera = ClipCamera(size)
        self.pc.getSenders()[0].replaceTrack(self.camera)
        self.seen: list[Seen] = []
        self.unread = 0
        self.told_of: list[dict] = []

    async def watch(self) -> None:
        """Read every returned picture; keep the control channel's messages."""
        track = self.pc.getReceivers()[0].track
        with suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                now = time.perf_counter()
                while not self.told.empty():
                    self.told_of.append(self.told.get_nowait())
                number = marker.read(frame.to_ndarray())
                if number is None or number not in self.camera.sent:
                    self.unread += 1
                    continue
                self.seen.append(Seen(now, now - self.camera.sent[number], (frame.width, frame.height)))


def memory_mb(pid: int) -> float:
    """What a process holds by itself, MB: its private pages, and its share of the shared ones."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"no Pss of process {pid}")


def cpu_seconds(pid: int) -> float:
    """Processor time a process has used in all its threads, s."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def threads(pid: int) -> list[str]:
    """The names of a process's threads."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            found.append((task / "comm").read_text().strip())
    return sorted(found)


def descriptors(pid: int) -> list[str]:
    """What a process has open: "socket", "pipe", or a file's path."""
    found = []
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found.append(str(each.readlink()).split(":[")[0])
    return sorted(found)
