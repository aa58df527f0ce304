"""H.264 and VP8 encoders set for a live picture.

aiortc 1.16 runs x264 at its default preset (10 ms a 640x480 frame on two cores, 26 ms at 1280x720), starts at 0.5 to 1 Mbit/s,
stops at 1.5 to 3, makes a new encoder (and a key frame) for every change of the bitrate by a tenth, rounds timestamps to
1/30 s, and sends packets that do not fit every path. Measured here on two cores, p50 of a frame (encode / decode), PSNR:

    640x480 at 2.5 Mbit/s                 1280x720 at 4 Mbit/s
    x264 ultrafast   1.5 / 0.6  48.7 dB   2.4 / 1.7  49.2 dB
    x264 superfast   1.8 / 0.6  48.8 dB   5.6 / 1.8  49.1 dB   (0.8 dB ahead of ultrafast at 0.5 Mbit/s: taken)
    x264 medium     10.2 / 0.6  50.0 dB  25.9 / 2.0  49.7 dB
    VP8 cpu-used -8  2.9 / 1.1  49.9 dB   7.3 / 3.3  50.3 dB   (taken: -12 saves 0.4 ms and costs 0.6 dB)

In x264 neither adaptive quantisation nor smaller partitions: a fifth less time, and more of the picture for the bits (1280x720 with
noise, PSNR 45.7 dB instead of 44.1 at 4.5 Mbit/s, 41.1 instead of 40.4 at 1 Mbit/s).

VP8 gets one thread: libvpx's threads wait by spinning, on busy cores that cost up to 100 ms a frame.
"""

from __future__ import annotations

import logging
import os

import av
from aiortc.codecs import get_encoder, h264, vpx
from aiortc.codecs.base import Encoder
from aiortc.mediastreams import VIDEO_TIME_BASE, convert_timebase
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from av import VideoFrame
from av.frame import Frame
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from . import hardware
from .hardware import context

log = logging.getLogger(__name__)

PACKET_BYTES = 1180  # payload: with RTP, extensions, SRTP, UDP and IPv6 it fits the 1280 bytes that every IPv6 path takes
LOWEST_BITRATE = 250_000
X264_THREADS = min(2, os.cpu_count() or 1)

h264.PACKET_MAX = vpx.PACKET_MAX = PACKET_BYTES


def start_bitrate(pixels: int) -> int:
    """Bits a second to begin with: a LAN carries it, and REMB takes it down where a path does not."""
    return _by_size(pixels, 2_500_000, 4_500_000, 7_000_000)


def highest_bitrate(pixels: int) -> int:
    """Bits a second beyond which the picture gets no better."""
    return _by_size(pixels, 4_000_000, 8_000_000, 12_000_000)


def _by_size(pixels: int, vga: int, hd: int, full_hd: int) -> int:
    return vga if pixels <= 640 * 480 else hd if pixels <= 1280 * 720 else full_hd


def make_encoder(codec: RTCRtpCodecParameters) -> Encoder:
    """The encoder for a negotiated codec: ours for video, aiortc's for anything else."""
    match codec.mimeType.lower():
        case "video/h264":
            return H264()
        case "video/vp8":
            return Vp8()
    return get_encoder(codec)


class Live:
    """What both have in common: the bitrate wished for, and times that always grow."""

    estimate: int | None = None  # the receiver's, bits a second
    share = 1.0  # of it for the picture; the rest is for copies
    _pixels = 640 * 480
    _last_pts = -1

    @property
    def target_bitrate(self) -> int:
        """Bits a second: the receiver's estimate within our limits; before it has one, a good start for the size."""
        if self.estimate is None:
            return round(self.share * start_bitrate(self._pixels))
        return max(LOWEST_BITRATE, round(self.share * min(self.estimate, highest_bitrate(self._pixels))))

    @target_bitrate.setter
    def target_bitrate(self, bitrate: int) -> None:
        self.estimate = bitrate

    def _prepare(self, frame: Frame, force_keyframe: bool) -> tuple[VideoFrame, int]:
        """The frame as the encoder takes it, and its timestamp in 1/90000 s."""
        assert isinstance(frame, VideoFrame)
        assert frame.pts is not None
        assert frame.time_base is not None
        timestamp = convert_timebase(frame.pts, frame.time_base, VIDEO_TIME_BASE)
        if frame.format.name != "yuv420p":
            frame = frame.reformat(format="yuv420p")
        self._pixels = frame.width * frame.height
        # An encoder refuses a time that does not grow; a frame that says so twice is a fault of the sender's clock, not a reason to stop.
        self._last_pts = frame.pts = max(timestamp, self._last_pts + 1)
        frame.time_base = VIDEO_TIME_BASE
        # A decoded frame remembers whether it came as a key frame; that must not make it one on the way back.
        frame.pict_type = PictureType.I if force_keyframe else PictureType.NONE
        return frame, timestamp

    def _open(self, name: str, frame: VideoFrame) -> VideoCodecContext:
        codec = context(name, frame.width, frame.height)
        codec.bit_rate = self.target_bitrate
        return codec


class H264(Live, h264.H264Encoder):
    """x264, or hardware. A new bitrate is taken up under way; a new size needs a new encoder and with it a key frame."""

    def encode(self, frame: Frame, force_keyframe: bool = False) -> tuple[list[bytes], int]:
        frame, timestamp = self._prepare(frame, force_keyframe)
        if self.codec is None or (frame.width, frame.height) != (self.codec.width, self.codec.height):
            self.codec = self._hardware(frame) or self._x264(frame)
        self.codec.bit_rate = self.target_bitrate  # FFmpeg hands a new one to the encoder with the next frame
        data = b"".join(bytes(packet) for packet in self.codec.encode(frame))
        return self._packetize(self._split_bitstream(data)), timestamp

    def _hardware(self, frame: VideoFrame) -> VideoCodecContext | None:
        """None where there is none, or where it takes no further session."""
        name = hardware.find().name
        if name is None:
            return None
        codec = self._open(name, frame)
        codec.options = dict(hardware.CANDIDATES[name])
        try:
            codec.open()
        except av.FFmpegError as error:
            log.warning("%s takes no further session (%s): this one is encoded by x264", name, error)
            return None
        return codec

    def _x264(self, frame: VideoFrame) -> VideoCodecContext:
        codec = self._open("libx264", frame)
        codec.profile, codec.thread_count = "Baseline", X264_THREADS
        most = highest_bitrate(self._pixels)
        codec.options = {
            "preset": "superfast",
            "tune": "zerolatency",
            "sc_threshold": "0",
            "aq-mode": "0",
            "partitions": "none",
            "maxrate": str(most),  # equal to the bitrate it is opened with: only then x264 takes another one later
            "bufsize": str(most // 4),
        }
        codec.bit_rate = most
        codec.open()
        return codec


class Vp8(Live, vpx.Vp8Encoder):
    """libvpx. FFmpeg cannot change its bitrate under way: a new encoder, a key frame with it, for a large change only."""

    LARGE = 0.3  # of the bitrate at hand

    def encode(self, frame: Frame, force_keyframe: bool = False) -> tuple[list[bytes], int]:
        frame, timestamp = self._prepare(frame, force_keyframe)
        codec = self.codec
        if (
            codec is None
            or (frame.width, frame.height) != (codec.width, codec.height)
            or abs(self.target_bitrate - (codec.bit_rate or 0)) > self.LARGE * (codec.bit_rate or 0)
        ):
            codec = self.codec = self._open("libvpx", frame)
            rate = str(self.target_bitrate)
            codec.qmin, codec.qmax, codec.thread_count = 2, 56, 1
            codec.options = {
                "deadline": "realtime",
                "cpu-used": "-8",
                "lag-in-frames": "0",
                "minrate": rate,  # equal to maxrate: constant bitrate
                "maxrate": rate,
                "bufsize": rate,
                "overshoot-pct": "15",
                "undershoot-pct": "100",
                "static-thresh": "1",
                "noise-sensitivity": "0",
            }
        data = b"".join(bytes(packet) for packet in codec.encode(frame))
        payloads = self._packetize(data, self.picture_id)
        self.picture_id = (self.picture_id + 1) % (1 << 15)
        return payloads, timestamp
