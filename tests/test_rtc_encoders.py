"""The encoders: settings for live video, bitrates, sizes that change, timestamps."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from aiortc.codecs import CODECS, depayload, get_decoder
from aiortc.jitterbuffer import JitterFrame
from av import VideoFrame

from streamer.rtc.decoder import is_key_frame
from streamer.rtc.encoders import PACKET_BYTES, highest_bitrate, make_encoder, start_bitrate
from tests.fakes import video_frame

H264 = next(codec for codec in CODECS["video"] if codec.name == "H264")
VP8 = next(codec for codec in CODECS["video"] if codec.name == "VP8")
both = pytest.mark.parametrize("codec", [H264, VP8], ids=["h264", "vp8"])


def noise(width=320, height=240):
    """A picture that no encoder can make small."""
    rng = np.random.default_rng(0)
    frame = VideoFrame.from_ndarray(rng.integers(0, 256, (height * 3 // 2, width), np.uint8), format="yuv420p")
    frame.pts, frame.time_base = 0, Fraction(1, 90000)
    return frame


def moving(number, width=320, height=240):
    """A smooth picture with some noise that moves."""
    y, x = np.mgrid[: height * 3 // 2, :width]
    planes = 128 + 60 * np.sin((x + 5 * number) / 17) * np.cos((y - 3 * number) / 11)
    planes += np.random.default_rng(number).normal(0, 6, planes.shape)
    frame = VideoFrame.from_ndarray(planes.clip(0, 255).astype(np.uint8), format="yuv420p")
    frame.pts, frame.time_base = number * 3000, Fraction(1, 90000)
    return frame


def joined(codec, payloads):
    return b"".join(depayload(codec, payload) for payload in payloads)


@both
def test_every_frame_comes_out_at_once_and_can_be_decoded_at_once(codec):
    encoder, decoder = make_encoder(codec), get_decoder(codec)
    for number in range(5):
        payloads, timestamp = encoder.encode(video_frame(colour=(200, 40, 40), pts=number * 3001))
        assert timestamp == number * 3001  # not rounded to thirtieths of a second
        frames = decoder.decode(JitterFrame(joined(codec, payloads), timestamp))
        assert [(frame.width, frame.height, frame.pts) for frame in frames] == [(64, 48, timestamp)]
    assert np.abs(frames[0].to_ndarray(format="rgb24")[24, 32].astype(int) - (200, 40, 40)).max() < 12


@both
def test_key_frames_come_when_asked_for_only(codec):
    encoder = make_encoder(codec)
    keys = []
    for number in range(6):
        frame = video_frame(pts=number * 3000)
        frame.pict_type = 1  # as a decoder marks a frame that came as a key frame
        payloads, _ = encoder.encode(frame, force_keyframe=number == 4)
        keys.append(is_key_frame(codec.name, joined(codec, payloads)))
    assert keys == [True, False, False, False, True, False]


@both
def test_a_size_that_changes_under_way_makes_a_key_frame_of_the_new_size(codec):
    encoder, decoder = make_encoder(codec), get_decoder(codec)
    sizes = [(64, 48), (64, 48), (48, 64), (48, 64), (96, 48)]
    seen = []
    for number, (width, height) in enumerate(sizes):
        payloads, timestamp = encoder.encode(video_frame(width, height, pts=number * 3000))
        seen += [(frame.width, frame.height) for frame in decoder.decode(JitterFrame(joined(codec, payloads), timestamp))]
    assert seen == sizes


@both
def test_times_that_stand_still_do_not_stop_the_encoder(codec):
    encoder = make_encoder(codec)
    assert all(encoder.encode(video_frame(pts=pts))[0] for pts in (3000, 3000, 2000, 6000))


@both
def test_packets_fit_the_smallest_ipv6_path(codec):
    payloads, _ = make_encoder(codec).encode(noise())
    assert len(payloads) > 5
    assert max(map(len, payloads)) <= PACKET_BYTES


@both
def test_the_bitrate_starts_high_and_follows_the_receivers_estimate_within_limits(codec):
    encoder = make_encoder(codec)
    encoder.encode(video_frame(1280, 720))
    assert encoder.codec.bit_rate == start_bitrate(1280 * 720)
    encoder.target_bitrate = 30_000_000
    assert encoder.target_bitrate == highest_bitrate(1280 * 720)
    encoder.target_bitrate = 1
    assert encoder.target_bitrate == 250_000


def test_h264_takes_up_a_new_bitrate_without_a_new_encoder():
    encoder = make_encoder(H264)
    sizes = {}
    number = 0
    for rate in (3_000_000, 800_000):
        encoder.target_bitrate = rate
        codec = encoder.codec
        lengths = []
        for _ in range(45):
            payloads, _ = encoder.encode(moving(number))
            lengths.append(sum(map(len, payloads)))
            number += 1
        assert codec is None or codec is encoder.codec
        sizes[rate] = np.mean(lengths[15:]) * 8 * 30
    assert sizes[3_000_000] == pytest.approx(3_000_000, rel=0.3)
    assert sizes[800_000] == pytest.approx(800_000, rel=0.3)


def test_vp8_makes_a_new_encoder_for_a_large_change_only():
    encoder = make_encoder(VP8)
    encoder.target_bitrate = 2_000_000
    encoder.encode(video_frame())
    first = encoder.codec
    encoder.target_bitrate = 1_600_000
    encoder.encode(video_frame(pts=3000))
    assert encoder.codec is first
    encoder.target_bitrate = 900_000
    encoder.encode(video_frame(pts=6000))
    assert encoder.codec is not first
