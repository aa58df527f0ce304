"""What a page may say."""

from __future__ import annotations

import json

import pytest

from streamer.messages import (
    BadMessageError,
    Bye,
    Candidate,
    ChooseGarment,
    Forget,
    Keep,
    Mirror,
    Offer,
    Overlay,
    Ping,
    Quality,
    parse_control,
    parse_signal,
)

SDP = "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n"
LINE = "candidate:1 1 udp 2122260223 192.168.0.7 50000 typ host generation 0"


def signal(**message):
    return parse_signal(json.dumps(message), 4096)


def control(**message):
    return parse_control(json.dumps(message), 4096)


def test_signals():
    assert signal(type="offer", sdp=SDP, garment="shirt") == Offer(SDP, "shirt")
    assert signal(type="offer", sdp=SDP) == Offer(SDP, None)
    assert signal(type="ping", t=1.5) == Ping(1.5)
    assert signal(type="bye") == Bye()
    assert signal(type="keep", on=True) == Keep(True, None)
    assert signal(type="keep", on=False, mine="ab") == Keep(False, "ab")
    assert signal(type="forget", mine="ab") == Forget("ab")
    assert signal(type="candidate", candidate=None) == Candidate(None)
    assert signal(type="candidate", candidate={"candidate": "", "sdpMid": "0"}) == Candidate(None)
    got = signal(type="candidate", candidate={"candidate": LINE, "sdpMid": "0", "sdpMLineIndex": 0}).candidate
    assert (got.ip, got.port, got.sdpMid, got.sdpMLineIndex) == ("192.168.0.7", 50000, "0", 0)


def test_controls():
    assert control(type="garment", id="shirt") == ChooseGarment("shirt")
    assert control(type="garment", id=None) == ChooseGarment(None)
    assert control(type="mirror", on=True) == Mirror(True)
    assert control(type="overlay", on=True) == Overlay(True)
    assert control(type="quality", height=360) == Quality(360)
    assert control(type="quality", height=None) == Quality(None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "1",
        "null",
        '{"type": 7}',
        '{"type": "dance"}',
        '{"type": "ping"}',
        '{"type": "ping", "t": true}',
        '{"type": "keep"}',
        '{"type": "keep", "on": 1}',
        '{"type": "forget", "mine": ["x"]}',
        '{"type": "candidate", "candidate": 5}',
        '{"type": "candidate", "candidate": {"candidate": "candidate:1 1 udp"}}',
        '{"type": "candidate", "candidate": {"candidate": "candidate:1 1 udp x y z typ host", "sdpMid": "0"}}',
        "[" * 100_000,
        b"binary",
        " " * 5000,
    ],
)
def test_nonsense_is_refused_in_words(text):
    with pytest.raises(BadMessageError) as caught:
        parse_signal(text, 4096 if text != "[" * 100_000 else 10**6)
    assert caught.value.reason == "bad-message"
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("sdp", [None, 7, "", "hello", "v=0\r\n", "v=0\r\nm=audio 9 X 1\r\n", SDP + "m=video 9 X 96\r\n" * 4])
def test_an_offer_that_is_no_sdp_of_a_picture_is_refused(sdp):
    with pytest.raises(BadMessageError) as caught:
        signal(type="offer", sdp=sdp)
    assert caught.value.reason == "bad-offer"


@pytest.mark.parametrize(
    "message",
    [
        {"type": "garment", "id": 5},
        {"type": "garment", "id": ""},
        {"type": "garment", "id": "x" * 500},
        {"type": "mirror", "on": 1},
        {"type": "overlay", "on": "yes"},
        {"type": "quality", "height": "small"},
        {"type": "quality", "height": 0},
        {"type": "quality", "height": True},
        {"type": "offer"},
    ],
)
def test_nonsense_on_the_control_channel_is_refused_in_words(message):
    with pytest.raises(BadMessageError):
        control(**message)
