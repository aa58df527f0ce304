"""Frames complete on the marker bit: padding, reordering, loss."""

from __future__ import annotations

import random

import pytest
from aiortc.codecs import CODECS
from aiortc.rtp import RtpPacket

from streamer.rtc.jitter import PATIENCE, FrameBuffer

VP8 = next(codec for codec in CODECS["video"] if codec.name == "VP8")
KEY, DELTA = b"\x10", b"\x11"  # the first byte of a VP8 frame: the last bit says whether it is a key frame


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def buffer(clock):
    return FrameBuffer({97: VP8}, clock)


def packet(sequence, timestamp, data, marker=0):
    made = RtpPacket(payload_type=97, sequence_number=sequence & 0xFFFF, timestamp=timestamp, marker=marker)
    made.payload, made._data = data and b"\x10" + data, data
    return made


def frame(start, timestamp, parts, first=DELTA):
    """The packets of a frame, the last one marked."""
    datas = [(first if i == 0 else b"") + f"{timestamp}.{i} ".encode() for i in range(parts)]
    return [packet(start + i, timestamp, data, int(i == parts - 1)) for i, data in enumerate(datas)]


def feed(buffer, packets):
    """The timestamps of the frames that come out, and whether a key frame was asked for on the way."""
    out, asked = [], False
    for one in packets:
        pli, first = buffer.add(one)
        asked |= pli
        out += [first.timestamp] if first else []
        out += [more.timestamp for _, more in buffer.more()]
    return out, asked


def test_a_frame_is_out_with_its_marked_packet(buffer):
    first, second, third = frame(10, 3000, 3)
    assert buffer.add(first) == (False, None)
    assert buffer.add(second) == (False, None)
    _, whole = buffer.add(third)
    assert (whole.timestamp, whole.data) == (3000, b"\x113000.0 3000.1 3000.2 ")
    assert feed(buffer, frame(13, 6000, 1)) == ([6000], False)


def test_a_sender_without_markers_is_understood_by_its_timestamps(buffer):
    packets = frame(0, 3000, 2) + frame(2, 6000, 2) + frame(4, 9000, 1)
    for one in packets:
        one.marker = 0
    assert feed(buffer, packets) == ([3000, 6000], False)


@pytest.mark.parametrize("seed", range(5))
def test_reordered_and_repeated_packets_make_the_same_frames_in_order(buffer, seed):
    packets = [one for number in range(20) for one in frame(65500 + 4 * number, 3000 * number, 4)]  # wraps on the way
    rng = random.Random(seed)
    order = sorted(range(len(packets)), key=lambda i: i + rng.uniform(0, 9))
    packets = [packets[i] for i in order for _ in range(1 + (i % 7 == 0))]
    assert feed(buffer, packets) == ([3000 * number for number in range(20)], False)


def test_padding_between_and_after_frames_belongs_to_none(buffer):
    padding = [packet(2, 3000, b""), packet(3, 3000, b"")]
    assert feed(buffer, frame(0, 3000, 2) + padding + frame(4, 6000, 2)) == ([3000, 6000], False)
    late = frame(8, 9000, 1)
    assert feed(buffer, late) == ([], False)  # 6 and 7 are not here yet: they may be anything
    assert feed(buffer, [packet(6, 6000, b""), packet(7, 6000, b"")]) == ([9000], False)


def test_padding_with_a_marker_ends_no_frame(buffer):
    first, last = frame(0, 3000, 2)
    last.sequence_number = 2
    assert feed(buffer, [first, packet(1, 3000, b"", marker=1)]) == ([], False)
    assert feed(buffer, [last]) == ([3000], False)


def test_a_retransmitted_packet_lets_out_all_frames_that_waited_for_it(buffer):
    lost, *rest = frame(0, 3000, 3)
    feed(buffer, frame(-2, 0, 2))
    assert feed(buffer, rest + frame(3, 6000, 2) + frame(5, 9000, 2)) == ([], False)
    assert feed(buffer, [lost]) == ([3000, 6000, 9000], False)
    assert feed(buffer, [lost]) == ([], False)


def test_a_hole_open_for_too_long_is_given_up_and_frames_go_on_at_the_next_key_frame(buffer, clock):
    feed(buffer, frame(0, 0, 2, KEY))
    assert feed(buffer, frame(3, 3000, 2)[1:] + frame(5, 6000, 2)) == ([], False)  # 2 and 3 are lost
    clock.now = PATIENCE
    assert feed(buffer, frame(7, 9000, 2)) == ([], True)  # deltas refer to what is lost: not handed on, a key frame is asked for
    assert feed(buffer, frame(9, 12000, 2)) == ([], False)  # asked already
    clock.now += 0.5
    assert feed(buffer, frame(11, 15000, 2)) == ([], True)  # no answer yet: asked again
    assert feed(buffer, frame(13, 18000, 3, KEY) + frame(16, 21000, 1)) == ([18000, 21000], False)
    assert buffer.lost_frames >= 4
    assert buffer.next_sequence == 17


def test_a_hole_in_the_key_frame_that_is_awaited_is_given_up_as_well(buffer, clock):
    feed(buffer, frame(0, 0, 1, KEY))
    feed(buffer, frame(2, 6000, 1))
    clock.now = PATIENCE
    feed(buffer, frame(3, 9000, 1))
    key = frame(4, 12000, 3, KEY)
    feed(buffer, [key[0], key[2]])
    clock.now = 2.5 * PATIENCE
    assert feed(buffer, frame(7, 15000, 1))[0] == []
    clock.now = 4 * PATIENCE
    assert feed(buffer, frame(8, 18000, 1)) == ([], True)
    assert feed(buffer, frame(9, 21000, 2, KEY)) == ([21000], False)


def test_a_jump_in_the_sequence_starts_afresh_with_a_key_frame(buffer):
    feed(buffer, frame(0, 0, 1, KEY))
    assert feed(buffer, frame(20000, 3000, 1)) == ([], True)
    assert feed(buffer, frame(20001, 6000, 2, KEY)) == ([6000], False)


def test_memory_is_bounded_while_a_hole_is_open(buffer):
    feed(buffer, frame(0, 0, 1, KEY))
    for number in range(3000):
        feed(buffer, frame(2 + 2 * number, 3000 * number, 2))
        assert len(buffer._packets) <= 2050
