"""The number in the pixels: written, read, and what it survives on the way."""

from __future__ import annotations

from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from streamer import marker


def picture(seed: int = 0, width: int = 640, height: int = 480) -> np.ndarray:
    """A busy picture in I420."""
    noise = np.random.default_rng(seed).integers(0, 255, (height // 8, width // 8, 3), np.uint8)
    return cv2.cvtColor(cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC), cv2.COLOR_RGB2YUV_I420)


@pytest.mark.parametrize("number", [0, 1, 299, 4660, 65535])
@pytest.mark.parametrize("size", [(640, 480), (480, 640), (1280, 720), (1918, 1080), (320, 240), (354, 630)])
def test_a_number_is_read_back_at_every_size(number, size):
    frame = picture(0, *size)
    marker.draw(frame, number)
    assert marker.read(frame) == number


def test_a_picture_without_a_marker_has_no_number():
    assert [marker.read(picture(seed)) for seed in range(20)] == [None] * 20
    assert marker.read(np.zeros((720, 640), np.uint8)) is None
    assert marker.read(np.full((720, 640), 255, np.uint8)) is None
    assert marker.read(np.zeros((24, 16), np.uint8)) is None


def test_the_marker_has_no_colour_and_leaves_the_rest_alone():
    frame, before = picture(), picture()
    marker.draw(frame, 4660)
    back = cv2.cvtColor(frame, cv2.COLOR_YUV2RGB_I420)
    assert np.ptp(back[:32, :384].astype(int), axis=2).max() <= 2
    assert (frame[32:480] == before[32:480]).all()
    assert (frame[:32, 384:] == before[:32, 384:]).all()


@pytest.mark.parametrize("scale", [0.5, 0.75, 1.5])
def test_a_marker_survives_scaling(scale):
    frame = picture(0, 1280, 720)
    marker.draw(frame, 54321)
    size = (int(1280 * scale), int(720 * scale))
    scaled = cv2.resize(cv2.cvtColor(frame, cv2.COLOR_YUV2RGB_I420), size, interpolation=cv2.INTER_LINEAR)
    assert marker.read(cv2.cvtColor(scaled, cv2.COLOR_RGB2YUV_I420)) == 54321


@pytest.mark.parametrize(
    ("name", "decoder", "options"),
    [
        ("libvpx", "vp8", {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}),
        ("libx264", "h264", {"preset": "superfast", "tune": "zerolatency"}),
    ],
)
def test_a_marker_survives_codecs_at_a_low_bitrate(name, decoder, options):
    encoder = av.CodecContext.create(name, "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = 640, 480, "yuv420p", Fraction(1, 30)
    encoder.bit_rate, encoder.options = 250_000, options
    reader = av.CodecContext.create(decoder, "r")
    found, scene = [], picture()
    for number in range(1000, 1030):
        frame = np.roll(scene, number, axis=1)
        marker.draw(frame, number)
        for packet in encoder.encode(av.VideoFrame.from_ndarray(frame, format="yuv420p")):
            found += [marker.read(image.to_ndarray(format="yuv420p")) for image in reader.decode(packet)]
    assert len(found) >= 25
    assert found == list(range(1000, 1000 + len(found)))
