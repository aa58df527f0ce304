"""The playout-delay extension: asked for where the browser has it, and on every packet then."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensions, unpack_header_extensions

from streamer.rtc.connection import PeerConnection
from streamer.rtc.playout import URI, AtOnceExtensions
from tests.test_rtc_connection import Fed

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"


def test_packets_ask_to_be_shown_at_once():
    extensions = AtOnceExtensions()
    extensions.configure(
        RTCRtpParameters(headerExtensions=[RTCRtpHeaderExtensionParameters(1, MID), RTCRtpHeaderExtensionParameters(6, URI)])
    )
    assert unpack_header_extensions(*extensions.set(HeaderExtensions(mid="0"))) == [(1, b"0"), (6, b"\0\0\0")]


def test_a_browser_without_it_gets_what_aiortc_sends():
    extensions = AtOnceExtensions()
    extensions.configure(RTCRtpParameters(headerExtensions=[RTCRtpHeaderExtensionParameters(1, MID)]))
    assert unpack_header_extensions(*extensions.set(HeaderExtensions(mid="0"))) == [(1, b"0")]


async def test_the_answer_takes_it_up_prefers_h264_and_asks_for_a_high_start():
    page = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    page.addTrack(Fed())
    offer = (await page.createOffer()).sdp
    offer = offer.replace("a=extmap:1 ", f"a=extmap:9 {URI}\r\na=extmap:1 ")
    with ThreadPoolExecutor(1) as pool:
        server = PeerConnection(pool)
        server.add_mirror(Fed(), lambda decoded: None)
        await server.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        answer = (await server.createAnswer()).sdp
        await server.close()
    await page.close()
    assert f"a=extmap:9 {URI}" in answer
    names = [line.split(" ")[1].split("/")[0] for line in answer.splitlines() if line.startswith("a=rtpmap")]
    assert names[0] == "H264"
    assert "VP8" in names
    formats = [line for line in answer.splitlines() if line.startswith("a=fmtp") and "apt=" not in line]
    assert len(formats) >= 2
    assert all("x-google-start-bitrate=4500" in line and "x-google-max-bitrate=8000" in line for line in formats)
