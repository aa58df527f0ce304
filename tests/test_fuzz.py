"""Input from outside, made up: every answer is a refusal, and the other sessions do not notice."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import re
import resource
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pylibsrtp
import pytest
from aiortc.rtcsctptransport import DataChunk
from aiortc.rtp import RtpPacket
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamer.config import Config
from streamer.door import Door
from streamer.http import Access, Refusal, find
from streamer.limits import Reachable
from streamer.messages import BadMessageError, parse_control, parse_signal
from streamer.mirror import _here
from streamer.routes import TABLE
from tests.shopper import Shopper
from tests.test_door import request
from tests.test_server import closed, fitting_room

LONGEST = 5000
GROWTH_MB = 60  # of the whole test process: the allocator's, codecs' and caches'
quick = settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
known = st.sampled_from(["type", "sdp", "garment", "candidate", "t", "id", "on", "height", "sdpMid", "sdpMLineIndex", "camera", "phone"])
kinds = st.sampled_from(
    ["offer", "candidate", "ping", "bye", "wearing", "keep", "forget", "garment", "mirror", "quality", "profile", "clock", "here"]
)
near_misses = st.builds(lambda kind, more: {**more, "type": kind}, kinds, st.dictionaries(known, anything, max_size=4))
candidates = st.builds(
    lambda words: {"type": "candidate", "candidate": {"candidate": "candidate:" + " ".join(words), "sdpMid": "0"}},
    st.lists(st.text(max_size=12) | st.sampled_from(["1", "udp", "tcp", "10.0.0.1", "typ", "host", "raddr", "::1", "99999"]), max_size=14),
)
texts = st.text(max_size=300) | (anything | near_misses | candidates).map(json.dumps)


def refusal_of(call, *args):
    """What is said against a call; None where it was taken. Any other error fails the test."""
    try:
        call(*args)
    except (BadMessageError, Refusal) as error:
        return str(error)
    return None


@pytest.mark.parametrize("parse", [parse_signal, parse_control])
@quick
@given(text=texts | st.binary(max_size=50))
def test_a_message_is_understood_or_refused_in_a_sentence(parse, text):
    said = refusal_of(parse, text, LONGEST)
    assert said is None or (said.endswith(".") and len(said) < 300)


@quick
@given(text=texts)
def test_what_a_screen_says_is_understood_or_refused(text):
    said = refusal_of(_here, text, LONGEST)
    assert said is None or said.endswith(".")


@quick
@given(token=st.text(max_size=120) | st.binary(max_size=90).map(lambda raw: raw.decode("latin-1")), host=st.text(max_size=40))
def test_no_made_up_code_cookie_or_host_opens_the_door(token, host):
    door = Door(Config(), b"k" * 32)
    with pytest.raises(Refusal):
        door.join(token)
    for name in ("phone", "staff", "screen"):
        asked = request("127.0.0.1", host, f"__Host-{name}={token}")
        if not re.fullmatch(r"(?i)(localhost|127\.0\.0\.1|\[::1\])(:.*)?", host):
            with pytest.raises(Refusal):
                door.check(Access.SHOPPER, asked)


@quick
@given(host=st.text(max_size=40) | st.ip_addresses().map(str), port=st.integers(), sdp=st.text(max_size=400))
def test_candidates_are_tried_or_left_out(host, port, sdp):
    reachable = Reachable("192.168.0.7")
    assert reachable.admits(host, port) in (True, False)
    assert set(reachable.filter(sdp).splitlines()) <= set(sdp.splitlines())


@quick
@given(path=st.text(max_size=60), method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "SOCKET", "TRACE"]))
def test_every_path_has_a_route_or_a_refusal(path, method):
    said = refusal_of(find, TABLE, method, f"/{path}")
    assert said is None or said.endswith(".")


def megabytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def mutated(lines, rng):
    """An offer with one to five lines taken out, doubled, moved, cut, or filled with something else."""
    lines = list(lines)
    for _ in range(rng.randint(1, 5)):
        at = rng.randrange(len(lines))
        match rng.randrange(6):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, lines[at])
            case 2:
                lines.insert(rng.randrange(len(lines)), lines.pop(at))
            case 3:
                lines[at] = lines[at][: rng.randrange(len(lines[at]) + 1)]
            case 4:
                lines[at] = re.sub(r"\d+", lambda _: str(rng.choice([0, -1, 65536, 2**32, 10**30])), lines[at])
            case 5:
                lines[at] = "a=" + "".join(chr(rng.randrange(32, 400)) for _ in range(rng.randrange(60)))
        if not lines:
            lines = ["v=0"]
    return "".join(f"{line}\r\n" for line in lines)


async def test_spoilt_offers_end_their_own_session_only(tmp_path, caplog):
    rng = random.Random(5)
    async with asyncio.timeout(120), fitting_room(tmp_path, max_sessions=4, connect_seconds=0.2) as client:
        good = Shopper(await client.ws_connect("/session"))
        await good.connect(garment="red")
        source = Shopper(None)
        await source.pc.setLocalDescription(await source.pc.createOffer())
        lines = source.pc.localDescription.sdp.splitlines()
        before, answers = megabytes(), []
        for _ in range(60):
            ws = await client.ws_connect("/session")
            await ws.send_json({"type": "offer", "sdp": mutated(lines, rng)})
            answers.append((await closed(ws))[-1])
        assert {answer["type"] for answer in answers} <= {"answer", "refused"}
        assert sum(answer["type"] == "refused" for answer in answers) >= 5
        assert all(answer["message"].endswith(".") for answer in answers if answer["type"] == "refused")
        assert len(client.room.visits) == 1
        assert megabytes() - before < GROWTH_MB
        await good.frame()
        await good.leave()
        await source.pc.close()
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR and record.name.startswith("streamer")]


async def test_junk_in_rtp_and_on_the_media_port_is_let_go(tmp_path):
    rng = random.Random(6)
    async with asyncio.timeout(60), fitting_room(tmp_path) as client:
        good, bad = [Shopper(await client.ws_connect("/session")) for _ in range(2)]
        await good.connect(garment="red")
        await bad.connect(garment="red")
        await bad.frame()
        dtls = bad.pc.getSenders()[0].transport
        before = megabytes()
        for n in range(1500):
            if rng.random() < 0.7:  # through SRTP: H.264, VP8, RTX and unknown payloads that are none
                packet = RtpPacket(rng.choice([96, 97, 98, 99, 100, 127]), rng.randrange(2), rng.randrange(2**16), rng.randrange(2**32))
                packet.ssrc = rng.choice([bad.pc.getSenders()[0]._ssrc, rng.randrange(2**32)])
                packet.payload = rng.randbytes(rng.randrange(1, 1100))
                with suppress(pylibsrtp.Error):  # our own side lets no such jump of a sequence number out
                    await dtls._send_rtp(packet.serialize())
            else:  # no SRTP, no DTLS, no STUN
                await dtls.transport._send(rng.randbytes(rng.randrange(1, 1400)))
            if n % 100 == 0:
                await asyncio.sleep(0)
        await good.frame()
        assert megabytes() - before < GROWTH_MB
        assert client.room.worker.is_alive
        await good.leave()
        await bad.leave()


@pytest.mark.parametrize("way", ["unfinished", "channels", "streams", "opened twice", "no text", "binary"])
async def test_junk_on_data_channels_ends_its_own_session_only(tmp_path, way, caplog):
    async with asyncio.timeout(60), fitting_room(tmp_path) as client:
        good, bad = [Shopper(await client.ws_connect("/session")) for _ in range(2)]
        await good.connect(garment="red")
        await bad.connect(garment="red")
        sctp, before = bad.pc.sctp, megabytes()
        if way == "unfinished":  # a message that never ends, in pieces of one byte
            for n in range(400):
                chunk = DataChunk(flags=2 if n == 0 else 0)
                chunk.tsn, chunk.stream_id, chunk.protocol, chunk.user_data = sctp._local_tsn, 1, 51, b"x"
                sctp._local_tsn += 1
                await sctp._send_chunk(chunk)
        elif way == "channels":
            for n in range(40):
                bad.pc.createDataChannel(f"more {n}")
        elif way == "streams":
            await sctp._send(40_000, 51, b"x")
        elif way == "opened twice":
            await sctp._send(bad.channel.id, 50, b"\x03" + bytes(11))
        elif way == "no text":
            await sctp._send(bad.channel.id, 51, b"\xff\xfe")
        else:
            for _ in range(1500):
                bad.channel.send(b"\0" * 1000)
        told = await closed(bad.ws)
        assert not told or told[-1]["reason"] in ("too-much", "too-fast")
        assert megabytes() - before < GROWTH_MB
        await good.frame()
        assert len(client.room.visits) == 1
        await good.leave()
        await bad.clean_up()


async def test_every_address_takes_junk_without_a_fault(tmp_path, caplog):
    rng = random.Random(7)
    async with asyncio.timeout(60), fitting_room(tmp_path) as client:
        client.room.config = replace(client.room.config, web=Config().web)
        for route in TABLE:
            if route.path.startswith("/studio/"):
                continue  # test_studio.py: they need a real catalogue
            for _ in range(4):
                path = re.sub(r"\{.*?\}", lambda _: rng.choice(["red", "..", "%00", "x" * 300, "%ff%fe", "a b"]), route.path)
                if route.method == "SOCKET":
                    ws = await client.ws_connect(path)
                    await ws.send_str("".join(chr(rng.randrange(32, 1000)) for _ in range(rng.randrange(50))))
                    await closed(ws)
                    continue
                body = rng.choice([b"", b"{}", b"[]", b"null", rng.randbytes(200), b'{"a":' * 900, json.dumps({"landmarks": [1]}).encode()])
                reply = await client.request(route.method, path, data=body if route.method not in ("GET", "DELETE") else None)
                assert reply.status < 500 or reply.status == 503, (route.method, path, body[:40], await reply.text())
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
