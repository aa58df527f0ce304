"""A decoder that never falls behind: a short queue, key frames after an overflow."""

from __future__ import annotations

import threading

import pytest
from aiortc.codecs import CODECS, depayload

from streamer.rtc import decoder
from streamer.rtc.decoder import EncodedFrame, EncodedQueue, decode, is_key_frame
from streamer.rtc.encoders import make_encoder
from tests.fakes import video_frame

H264 = next(codec for codec in CODECS["video"] if codec.name == "H264")
VP8 = next(codec for codec in CODECS["video"] if codec.name == "VP8")


def encoded(codec, count, keys=(0,)):
    encoder = make_encoder(codec)
    for number in range(count):
        payloads, timestamp = encoder.encode(video_frame(pts=3000 * number), number in keys)
        yield codec, EncodedFrame(b"".join(depayload(codec, payload) for payload in payloads), timestamp, 1.0, 2.0)


@pytest.fixture
def overflowed():
    return threading.Event()


def drain(queue):
    queue.put(None)
    return [item[1].timestamp // 3000 for item in iter(queue.get, None)]


def test_frames_pass_in_order_while_the_decoder_keeps_up(overflowed):
    queue = EncodedQueue(overflowed)
    for item in encoded(VP8, 10):
        queue.put(item)
        assert queue.get() is item
    assert (queue.dropped, overflowed.is_set()) == (0, False)


def test_an_overflow_drops_everything_up_to_the_next_key_frame_and_asks_for_one(overflowed):
    queue = EncodedQueue(overflowed, longest=4)
    items = list(encoded(VP8, 12, keys=(0, 9)))
    for item in items[:8]:
        queue.put(item)
    assert overflowed.is_set()
    for item in items[8:]:
        queue.put(item)
    assert drain(queue) == [9, 10, 11]
    assert queue.dropped == 9


def test_a_key_frame_overtakes_what_waits(overflowed):
    queue = EncodedQueue(overflowed)
    for item in encoded(VP8, 4, keys=(0, 2)):
        queue.put(item)
    assert drain(queue) == [2, 3]
    assert not overflowed.is_set()


class OneByOne(EncodedQueue):
    """A decoder that keeps up: nothing ever waits behind the frame at hand."""

    def overtaken(self):
        return False


@pytest.mark.parametrize("codec", [H264, VP8], ids=["h264", "vp8"])
def test_the_decoders_thread_hands_on_every_frame_and_survives_a_damaged_one(codec, overflowed):
    queue, out = OneByOne(overflowed, longest=100), []
    items = list(encoded(codec, 4))
    assert [is_key_frame(codec.name, item[1].data) for item in items] == [True, False, False, False]
    for item in [*items[:2], (codec, EncodedFrame(b"\xff\xff nonsense", 0, 1.0, 2.0)), *items[2:], None]:
        queue.put(item)
    decode(queue, out.append, overflowed)
    pts = [each.frame.pts for each in out]
    assert pts[:2] == [0, 3000]
    assert pts[-2:] == [6000, 9000]
    assert all(each.decode_ms > 0 for each in out)
    assert all((each.arrived, each.complete) == (1.0, 2.0) for each in out)


def test_of_a_burst_only_the_newest_frame_is_handed_on(overflowed, monkeypatch):
    monkeypatch.setattr(decoder, "LONGEST_PAUSE", 60)  # a busy machine must not look like a pause
    queue, out = EncodedQueue(overflowed), []
    first, *burst = encoded(VP8, 5)

    def hand_on(decoded):
        out.append(decoded.frame.pts)
        for item in [*burst, None] if len(out) == 1 else []:
            queue.put(item)

    queue.put(first)
    decode(queue, hand_on, overflowed)
    assert out == [0, 12000]
    assert queue.dropped == 3


def test_frames_that_are_always_overtaken_are_seen_all_the_same(overflowed, monkeypatch):
    monkeypatch.setattr(decoder, "LONGEST_PAUSE", 0)
    queue, out = EncodedQueue(overflowed), []
    for item in [*encoded(VP8, 4), None]:
        queue.put(item)
    decode(queue, out.append, overflowed)
    assert len(out) == 4


def test_no_data_is_no_key_frame():
    assert not is_key_frame("VP8", b"")
    assert not is_key_frame("H264", b"\0\0\1")
    assert not is_key_frame("AV1", b"\0")
