"""The probe for a hardware encoder, with software encoders in the place of cards."""

from __future__ import annotations

import av
import pytest
from aiortc.codecs import get_decoder
from aiortc.jitterbuffer import JitterFrame

from streamer.rtc import hardware
from streamer.rtc.encoders import make_encoder
from streamer.rtc.hardware import Hardware, choose
from tests.fakes import video_frame
from tests.test_rtc_encoders import H264, joined

LIVE = {"tune": "zerolatency"}


def test_what_is_not_there_or_holds_frames_back_is_passed_over():
    found = choose({"h264_of_the_future": {}, "libx264": {"preset": "medium"}, "libx264rgb": {"nonsense": "1"}})
    assert found.name is None
    assert "h264_of_the_future: UnknownCodecError; libx264: holds frames back" in found.reason


def test_the_first_one_that_returns_every_frame_at_once_is_taken():
    name, reason = choose({"h264_of_the_future": {}, "libx264": LIVE})
    assert name == "libx264"
    assert "3 frames" in reason


def test_the_probe_of_this_machine_says_what_it_found():
    found = hardware.find()
    assert found.name in (None, *hardware.CANDIDATES)
    assert hardware.find() is found  # once


@pytest.fixture
def card(monkeypatch):
    """A card that is x264 under another roof."""
    monkeypatch.setattr(hardware, "CANDIDATES", {"libx264": LIVE})
    monkeypatch.setattr(hardware, "find", lambda: Hardware("libx264", "for the test"))


def test_pictures_from_the_card_are_decoded_and_follow_the_bitrate(card):
    encoder, decoder = make_encoder(H264), get_decoder(H264)
    for number in range(3):
        payloads, timestamp = encoder.encode(video_frame(pts=3000 * number))
        assert decoder.decode(JitterFrame(joined(H264, payloads), timestamp))
    encoder.target_bitrate = 900_000
    encoder.encode(video_frame(pts=9000))
    assert encoder.codec.bit_rate == 900_000


def test_a_card_that_takes_no_further_session_leaves_it_to_the_cpu(card, monkeypatch, caplog):
    encoder = make_encoder(H264)
    real, tried = encoder._open, []

    class Full:
        def open(self):
            tried.append(self)
            raise av.FFmpegError(12, "out of memory")

    monkeypatch.setattr(encoder, "_open", lambda name, frame: real(name, frame) if tried else Full())
    assert encoder.encode(video_frame())[0]
    assert "no further session" in caplog.text
