"""Copies of packets: when they are sent, and that a lost packet needs no asking then."""

from __future__ import annotations

import pytest
from aiortc.rtp import RtpPacket

from streamer.rtc.encoders import LOWEST_BITRATE, make_encoder, start_bitrate
from streamer.rtc.twice import REMEMBERED, History, Loss
from tests.fakes import video_frame
from tests.test_rtc_connection import RTX, connected
from tests.test_rtc_encoders import H264


@pytest.mark.parametrize(("percent", "round_trip", "copies"), [(5, 0.1, True), (5, None, True), (1, 0.1, False), (5, 0.01, False)])
def test_copies_are_for_long_paths_that_lose_packets(percent, round_trip, copies):
    loss = Loss()
    for _ in range(20):
        loss.report(round(percent * 2.56), round_trip)
    assert loss.doubling is copies


def test_they_go_on_until_hardly_anything_is_lost():
    loss = Loss()
    for _ in range(20):
        loss.report(13, 0.1)
    loss.report(0, 0.1)
    assert loss.doubling  # one good second is no proof
    for _ in range(20):
        loss.report(0, 0.1)
    assert not loss.doubling


def test_the_history_says_what_is_new_and_keeps_what_is_old():
    history = History()
    for sequence in (65534, 65535, 0):
        history[sequence % REMEMBERED] = RtpPacket(sequence_number=sequence)
    assert history.fresh() == [65534, 65535, 0]
    assert history.fresh() == []
    assert history[65535 % REMEMBERED].sequence_number == 65535


def test_the_picture_and_its_copies_share_the_bitrate():
    encoder = make_encoder(H264)
    encoder.encode(video_frame())
    encoder.share = 0.5
    assert encoder.target_bitrate == start_bitrate(64 * 48) / 2
    encoder.target_bitrate = 2_000_000
    assert encoder.target_bitrate == 1_000_000
    encoder.target_bitrate = LOWEST_BITRATE
    assert encoder.target_bitrate == LOWEST_BITRATE


async def test_a_lost_packet_comes_without_being_asked_for():
    async with connected(codec="VP8") as pair:
        sender, receiver = pair.ours.getSenders()[0], pair.stock.getReceivers()[0]
        sender.loss.doubling = True
        sent, lost = [], []

        def drop(packet):
            """Every third packet, but not the first ones: stock aiortc begins with what comes first."""
            if packet.payload_type == RTX:
                return False
            sent.append(packet)
            if hit := len(sent) > 5 and len(sent) % 3 == 0:
                lost.append(packet)
            return hit

        pair._lose(sender.transport, drop)

        async def unheard(*request):
            """Stock aiortc asks at once, for the packets and for a key frame."""

        receiver._send_rtcp_nack = receiver._send_rtcp_pli = unheard
        for number in range(13):
            pair.down.frames.put_nowait(video_frame(320, 240, colour=(20 * number, 90, 200), pts=3000 * number))
        pts = [(await receiver.track.recv()).pts for _ in range(12)]
        assert [later - pts[0] for later in pts] == [3000 * number for number in range(12)]
        assert len(lost) >= 3
