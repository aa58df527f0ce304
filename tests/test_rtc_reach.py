"""Media ports and told addresses, with a stock aiortc peer on loopback."""

from __future__ import annotations

import asyncio
import errno
from concurrent.futures import ThreadPoolExecutor

import pytest
from aioice import ice
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription, VideoStreamTrack

from streamer.rtc.connection import PeerConnection
from streamer.rtc.reach import Reach


def candidates(sdp):
    return {(words[4], int(words[5])) for words in map(str.split, sdp.splitlines()) if words and words[0].startswith("a=candidate:")}


async def offered():
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    peer.addTrack(VideoStreamTrack())
    await peer.setLocalDescription(await peer.createOffer())
    return peer


async def answer(peer, reach):
    with ThreadPoolExecutor(1) as pool:
        ours = PeerConnection(pool, reach=reach)
    ours.add_mirror(VideoStreamTrack(), lambda decoded: None)
    try:
        await ours.setRemoteDescription(peer.localDescription)
        await ours.setLocalDescription()
    except BaseException:
        await ours.close()
        raise
    return ours


async def test_only_ports_of_the_range_are_used_and_what_is_told_is_the_forwarded_address():
    reach = Reach(range(27100, 27200), {"4": "203.0.113.5", "6": "2001:db8::5"})
    async with asyncio.timeout(20):
        peer = await offered()
        ours = await answer(peer, reach)
        told = candidates(ours.localDescription.sdp)
        assert {port for _, port in told} <= set(reach.ports)
        assert {address for address, _ in told} <= {"203.0.113.5", "2001:db8::5"}
        assert told
        # the documentation's addresses lead nowhere; our own checks to the peer's address still find the way
        connected = asyncio.Event()
        ours.on("connectionstatechange", lambda: connected.set() if ours.connectionState == "connected" else None)
        await peer.setRemoteDescription(RTCSessionDescription(ours.localDescription.sdp, "answer"))
        await connected.wait()
        await ours.close()
        await peer.close()


async def test_an_address_that_has_gone_is_left_out(monkeypatch):
    monkeypatch.setattr(ice, "get_host_addresses", lambda use_ipv4, use_ipv6: ["203.0.113.77", "127.0.0.1"])
    peer = await offered()
    ours = await answer(peer, Reach(range(27210, 27220)))
    assert {address for address, _ in candidates(ours.localDescription.sdp)} == {"127.0.0.1"}
    await ours.close()
    await peer.close()


async def test_ports_come_back_and_none_left_is_said(caplog):
    one = Reach(range(27201, 27202))
    peer = await offered()
    first = await answer(peer, one)
    with pytest.raises(OSError, match="no media port is free") as caught:
        await answer(peer, one)
    assert caught.value.errno == errno.EADDRINUSE
    assert "--media-ports" in caplog.text
    await first.close()
    await (await answer(peer, one)).close()
    await peer.close()
