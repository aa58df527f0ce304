"""The latency benchmark's own arithmetic, and the marker it reads: without a browser."""

from __future__ import annotations

from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from tests import marker
from tests.latency import codec_figures, delays, unwrap


def picture(seed: int = 0) -> np.ndarray:
    """A busy 640x480 picture."""
    noise = np.random.default_rng(seed).integers(0, 255, (60, 80, 3), np.uint8)
    return np.ascontiguousarray(cv2.resize(noise, (640, 480), interpolation=cv2.INTER_CUBIC))


@pytest.mark.parametrize("number", [0, 1, 299, 4660, 65535])
def test_a_marker_is_read_back(number: int) -> None:
    frame = picture()
    marker.draw(frame, number)
    assert marker.read(frame) == number


def test_a_picture_without_a_marker_has_no_number() -> None:
    assert [marker.read(picture(seed)) for seed in range(20)] == [None] * 20
    assert marker.read(np.zeros((480, 640, 3), np.uint8)) is None
    assert marker.read(np.full((480, 640, 3), 255, np.uint8)) is None


def test_a_marker_survives_a_codec_at_a_low_bitrate() -> None:
    encoder = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = 640, 480, "yuv420p", Fraction(1, 30)
    encoder.bit_rate = 250_000
    encoder.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
    decoder = av.CodecContext.create("vp8", "r")
    found = []
    for number in range(1000, 1030):
        frame = picture(number)
        marker.draw(frame, number)
        for packet in encoder.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")):
            found += [marker.read(image.to_ndarray(format="rgb24")) for image in decoder.decode(packet)]
    assert len(found) >= 25
    assert found == list(range(1000, 1000 + len(found)))


def test_numbers_go_on_where_the_clip_starts_again() -> None:
    rows = [[float(n), 0.0] for n in (297, 298, 0, 2, 1, 3)]
    assert unwrap(rows, loop=300) == [297, 298, 300, 302, 301, 303]


def test_a_delay_is_from_shown_locally_to_shown_returned() -> None:
    local = [[(280 + index) % 300, 1000 + 33.0 * index] for index in range(60)]
    view = [[(285 + index) % 300, 1000 + 33.0 * (5 + index) + 70] for index in range(50)]
    late = delays(local, view)
    assert len(late) == 50
    assert late[:, 1] == pytest.approx(70)


def test_a_growing_delay_is_seen_beyond_the_clips_length() -> None:
    local = [[index % 30, 33.0 * index] for index in range(300)]
    view = [[index % 30, 33.0 * index + 20 + 5 * index] for index in range(300)]  # 1.5 s behind in the end; the clip is 1 s long
    late = delays(local, view, loop=30)
    assert late[-1, 1] == pytest.approx(20 + 5 * 299)


def test_a_frame_never_seen_locally_has_no_delay() -> None:
    assert len(delays([[1, 0.0], [3, 66.0]], [[1, 50.0], [2, 80.0], [3, 116.0]])) == 2


def test_codec_figures_are_means_of_the_measured_time() -> None:
    before = {"outbound-rtp": {"totalEncodeTime": 1.0, "framesEncoded": 100}}
    after = {"outbound-rtp": {"totalEncodeTime": 1.5, "framesEncoded": 200}}
    assert codec_figures(before, after) == {"page encode": 5.0}
