"""The mended connection against stock aiortc on loopback: loss, timestamps, sizes, an end without a trace."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress

import pytest
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCRtpSender
from aiortc.mediastreams import MediaStreamError
from aiortc.rtp import RtpPacket, is_rtcp

from engines.errors import UserError
from streamer.rtc import jitter
from streamer.rtc.connection import PeerConnection
from streamer.rtc.private import Private
from streamer.rtc.version import check_version
from tests.fakes import video_frame

RTX = 98  # the payload type of VP8's retransmissions in a stock offer


class Fed(MediaStreamTrack):
    """A track that returns what it is fed, and remembers what the sender reports."""

    kind = "video"

    def __init__(self):
        super().__init__()
        self.frames = asyncio.Queue()
        self.reports = asyncio.Queue()

    async def recv(self):
        if (frame := await self.frames.get()) is None:
            raise MediaStreamError
        return frame

    def sent(self, rtp, encode_ms):
        self.reports.put_nowait((rtp, encode_ms))


class Pair:
    """Our connection answers a stock one. ``got`` holds what ours decoded, ``seen`` the (timestamp, marker) that the stock one received."""

    def __init__(self, pool):
        self.ours, self.stock = PeerConnection(pool), RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.up, self.down = Fed(), Fed()
        self.got, self.seen = asyncio.Queue(), asyncio.Queue()

    async def connect(self, codec=None, drop=None):
        loop = asyncio.get_running_loop()
        self.ours.add_mirror(self.down, lambda decoded: loop.call_soon_threadsafe(self.got.put_nowait, decoded.frame))
        self.stock.addTrack(self.up)
        if codec:
            wanted = [c for c in RTCRtpSender.getCapabilities("video").codecs if c.name in (codec, "rtx")]
            self.stock.getTransceivers()[0].setCodecPreferences(wanted)
        await self.stock.setLocalDescription(await self.stock.createOffer())
        await self.ours.setRemoteDescription(self.stock.localDescription)
        await self.ours.setLocalDescription()
        await self.stock.setRemoteDescription(self.ours.localDescription)
        self._listen(self.stock.getReceivers()[0])
        if drop:
            self._lose(self.stock.getSenders()[0].transport, drop)

    def _listen(self, receiver):
        handle = receiver._handle_rtp_packet

        async def listen(packet, arrival_time_ms):
            self.seen.put_nowait((packet.timestamp, packet.marker))
            await handle(packet, arrival_time_ms)

        receiver._handle_rtp_packet = listen

    def _lose(self, transport, drop):
        send = transport._send_rtp

        async def lossy(data):
            if is_rtcp(data) or not drop(RtpPacket.parse(data)):
                await send(data)

        transport._send_rtp = lossy

    async def close(self):
        await asyncio.gather(self.ours.close(), self.stock.close())


@asynccontextmanager
async def connected(**options):
    with ThreadPoolExecutor(1) as pool:
        pair = Pair(pool)
        try:
            async with asyncio.timeout(30):
                await pair.connect(**options)
                yield pair
        finally:
            await pair.close()


@pytest.mark.parametrize("codec", ["H264", "VP8"])
async def test_a_frame_is_decoded_before_the_next_one_is_sent(codec):
    async with connected(codec=codec) as pair:
        for number in range(5):  # stock aiortc would hold each until the one after it
            pair.up.frames.put_nowait(video_frame(pts=3000 * number))
            assert (await pair.got.get()).pts == pytest.approx(3000 * number, abs=1)  # the stock sender rounds


async def test_lost_packets_are_asked_for_until_every_frame_is_there(monkeypatch):
    monkeypatch.setattr(jitter, "PATIENCE", 10)  # a busy machine must not look like a lost cause
    sent = Counter()

    def drop(packet):
        """Every fifth packet is lost, and so is the first answer to the request for it."""
        again = packet.payload_type == RTX
        number = int.from_bytes(packet.payload[:2]) if again else packet.sequence_number
        sent[number] += 1
        return len(sent) > 5 and number % 5 == 0 and sent[number] <= 2

    async with connected(codec="VP8", drop=drop) as pair:
        fed, numbers = 0, []
        while len(numbers) < 60:
            pair.up.frames.put_nowait(video_frame(320, 240, colour=(fed % 256, 90, 200), pts=3000 * fed))
            fed += 1
            with suppress(TimeoutError):  # a hole: the next frame shows it
                frames = [await asyncio.wait_for(pair.got.get(), 0.03)]
                frames += [pair.got.get_nowait() for _ in range(pair.got.qsize())]
                numbers += [round(frame.pts / 3000) for frame in frames]  # the stock sender rounds times
        receiver = pair.ours.getReceivers()[0]
        assert numbers == sorted(set(numbers))
        assert receiver._buffer.lost_frames == 0
        missing = set(range(numbers[-1])) - set(numbers)
        assert len(missing) == receiver.dropped  # overtaken by a key frame, if any


async def test_the_sender_reports_the_timestamp_that_was_on_the_wire():
    async with connected() as pair:
        for pts in (0, 3000, 7001):
            pair.down.frames.put_nowait(video_frame(pts=pts))
        pair.down.frames.put_nowait(video_frame(pts=9000))
        wire = []
        while len(wire) < 3:
            timestamp, marker = await pair.seen.get()
            wire += [timestamp] if marker else []
        reports = [await pair.down.reports.get() for _ in range(3)]
        assert [rtp for rtp, _ in reports] == wire
        assert (wire[1] - wire[0]) % 2**32 == 3000
        assert (wire[2] - wire[0]) % 2**32 == 7001
        assert all(encode_ms > 0 for _, encode_ms in reports)


@pytest.mark.parametrize("codec", ["H264", "VP8"])
async def test_a_picture_that_is_turned_on_the_way_arrives_turned_both_ways(codec):
    async with connected(codec=codec) as pair:
        track = pair.stock.getReceivers()[0].track
        for number, size in enumerate([(64, 48), (48, 64), (64, 48)]):
            pair.up.frames.put_nowait(video_frame(*size, pts=3000 * number))
            frame = await pair.got.get()
            assert (frame.width, frame.height) == size
            pair.down.frames.put_nowait(frame)
        pair.down.frames.put_nowait(video_frame(64, 48, pts=9000))  # stock aiortc waits for one more
        back = [await track.recv() for _ in range(3)]
        assert [(frame.width, frame.height) for frame in back] == [(64, 48), (48, 64), (64, 48)]


async def test_nothing_is_left_of_a_closed_connection():
    before = set(threading.enumerate())
    async with connected() as pair:
        pair.up.frames.put_nowait(video_frame())
        await pair.got.get()
        watched = [weakref.ref(pair.ours), weakref.ref(pair.ours.getReceivers()[0])]
    del pair
    for _ in range(3):
        await asyncio.sleep(0)
    gc.collect()
    assert [ref() for ref in watched] == [None, None]
    assert {thread.name for thread in set(threading.enumerate()) - before} <= {"asyncio_0"}  # the stock side's encoder
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_no_server_is_contacted_unless_it_is_named(monkeypatch):
    with ThreadPoolExecutor(1) as pool:
        connection = PeerConnection(pool)
        connection.addTrack(Fed())
        transport = connection.getTransceivers()[0].receiver.transport.transport
        assert transport._connection.stun_server is None
        assert transport._connection.turn_server is None
        await connection.close()


def test_another_aiortc_is_refused_in_words():
    check_version("1.16.0")
    check_version("1.16")
    for other in ("1.17.0", "1.160", "2.0"):
        with pytest.raises(UserError, match=f"aiortc {other} is installed.*pip install"):
            check_version(other)


def test_private_attributes_are_reached_by_their_plain_names_and_only_those_there_are():
    class Owner:
        def __init__(self):
            self.__secret = 1

        def secret(self):
            return self.__secret

    owner = Owner()
    own = Private(owner, Owner)
    own.secret = own.secret + 1
    assert owner.secret() == 2
    with pytest.raises(AttributeError):
        own.sekret = 3
