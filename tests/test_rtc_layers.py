"""Frames that nothing refers to are known by their packets, and are not waited for where that is certain."""

from __future__ import annotations

import pytest
from aiortc.codecs import CODECS
from aiortc.rtp import RtpPacket

from streamer.rtc.jitter import FrameBuffer
from streamer.rtc.layers import place

VP8 = next(codec for codec in CODECS["video"] if codec.name == "VP8")


@pytest.mark.parametrize(
    ("codec", "payload", "disposable", "inside"),
    [
        ("VP8", b"\x10", False, False),
        ("VP8", b"\x30", True, False),
        ("VP8", b"\x20", True, True),
        ("VP8", b"\x31", True, True),  # a later partition
        ("H264", b"\x01x", True, False),  # one NAL unit, nal_ref_idc 0
        ("H264", b"\x61x", False, False),
        ("H264", b"\x18x", True, False),  # STAP-A
        ("H264", b"\x1c\x81", True, False),  # FU-A: its start,
        ("H264", b"\x1c\x01", True, True),  # and further on
        ("H264", b"\x7c\x05", False, True),
        ("H264", b"\x06x", False, False),  # information on the stream has nal_ref_idc 0, too
        ("H264", b"", False, False),
        ("H264", b"\x1c", True, False),
        ("AV1", b"\x30", False, False),
    ],
)
def test_the_first_byte_tells(codec: str, payload: bytes, disposable: bool, inside: bool) -> None:
    assert place(codec, payload) == (disposable, inside)


def packets(start: int, number: int, count: int, disposable: bool = False) -> list[RtpPacket]:
    made = []
    for part in range(count):
        packet = RtpPacket(payload_type=97, sequence_number=start + part, timestamp=3000 * number, marker=int(part == count - 1))
        packet.payload = bytes([0x10 * (part == 0) + 0x20 * disposable])
        packet._data = b"\x01"  # no key frame
        made.append(packet)
    return made


def shown(lost: set[int], frames: list[tuple[int, bool]]) -> list[int]:
    """Numbers of the frames that come out at once when the packets with these numbers are lost; (packets, disposable) of each frame."""
    buffer, out, sequence = FrameBuffer({97: VP8}, lambda: 0.0), [], 0
    for number, (count, disposable) in enumerate(frames):
        for packet in packets(sequence, number, count, disposable):
            if packet.sequence_number not in lost:
                _, first = buffer.add(packet)
                out += [each.timestamp // 3000 for each in [first, *(more for _, more in buffer.more())] if each]
        sequence += count
    return out


THREE = [(3, False), (3, True), (3, False), (3, True)]  # packets 0-2, 3-5, 6-8, 9-11


@pytest.mark.parametrize(
    ("lost", "out"),
    [
        (set(), [0, 1, 2, 3]),
        ({3}, [0, 2, 3]),  # its first packet, which the next one shows
        ({4}, [0, 2, 3]),
        ({5}, [0, 2, 3]),  # its last
        ({3, 5}, [0, 2, 3]),
        ({1}, []),  # others refer to this one
        ({6}, [0, 1]),
        ({3, 4}, [0]),  # it might have been a whole frame and a first packet
        ({4, 5}, [0]),  # a last packet and a whole frame of one
        ({5, 6}, [0]),
        ({3, 4, 5}, [0]),
    ],
)
def test_a_disposable_frame_is_passed_over_where_that_is_certain(lost: set[int], out: list[int]) -> None:
    assert shown(lost, THREE) == out


def test_nothing_is_passed_over_before_the_first_frame() -> None:
    assert shown({1}, [(3, True), (3, False)]) == []
