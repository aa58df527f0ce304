"""An H.264 encoder in hardware, where one works: aiortc 1.16 knows software and one for the Raspberry Pi only.

FFmpeg lists encoders whether or not there is a card for them, so each is tried: opened, and given frames. One that holds frames back
is not taken either, for a frame that leaves with the next one is late by a frame's time. The probe is tested with software in the place of
cards; none of these cards was at hand.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import NamedTuple, cast

import av
from av import VideoFrame
from av.video.codeccontext import VideoCodecContext

CANDIDATES: Mapping[str, Mapping[str, str]] = {  # FFmpeg's names and what makes each one live
    "h264_nvenc": {"preset": "p1", "tune": "ull", "rc": "cbr", "zerolatency": "1", "delay": "0", "forced-idr": "1"},
    "h264_amf": {"usage": "ultralowlatency", "quality": "speed", "rc": "cbr", "forced_idr": "1"},
    "h264_videotoolbox": {"realtime": "1", "allow_sw": "0", "prio_speed": "1"},
}
FRAMES = 3
WIDTH, HEIGHT, BITRATE = 640, 480, 2_000_000


class Hardware(NamedTuple):
    """The encoder taken (None: software), and why."""

    name: str | None
    reason: str


@cache
def find() -> Hardware:
    """Try every candidate once in the life of the process; some milliseconds where there is no card."""
    return choose(CANDIDATES)


def choose(candidates: Mapping[str, Mapping[str, str]]) -> Hardware:
    """The first of ``candidates`` that returns every frame at once."""
    failures = []
    for name, options in candidates.items():
        start = time.perf_counter()
        try:
            held_back = _try(name, options)
        except (av.FFmpegError, av.codec.codec.UnknownCodecError, ValueError) as error:
            failures.append(f"{name}: {type(error).__name__}")
            continue
        if not held_back:
            return Hardware(name, f"{name} returned {FRAMES} frames in {(time.perf_counter() - start) * 1000:.0f} ms at start")
        failures.append(f"{name}: holds frames back")
    return Hardware(None, f"no hardware encoder works here ({'; '.join(failures)})")


def context(name: str, width: int, height: int) -> VideoCodecContext:
    """An encoder of this name, not yet open, that takes yuv420p in 1/90000 s."""
    codec = cast(VideoCodecContext, av.CodecContext.create(name, "w"))
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.framerate, codec.time_base = Fraction(30), Fraction(1, 90000)
    codec.gop_size = 100_000  # key frames when asked for: one on a timer is a burst, and a burst is a delay
    return codec


def _try(name: str, options: Mapping[str, str]) -> bool:
    """Whether an encoder holds frames back. Raises what FFmpeg raises where it does not work."""
    codec = context(name, WIDTH, HEIGHT)
    codec.bit_rate, codec.options = BITRATE, dict(options)
    for number in range(FRAMES):
        frame = VideoFrame(WIDTH, HEIGHT, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes([128]) * plane.buffer_size)
        frame.pts, frame.time_base = 3000 * number, Fraction(1, 90000)
        if not codec.encode(frame):
            return True
    return False
