"""The server as a page meets it: HTTP, signalling, and a real aiortc client on loopback."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np
import pytest
from aiohttp import WSMsgType, WSServerHandshakeError
from aiohttp.test_utils import TestClient, TestServer

from streamer.aiohttp_app import make_app
from streamer.config import Config
from streamer.server import Server
from tests.fakes import FakeCatalog, FakePipeline
from tests.shopper import Shopper

PATIENCE = 20  # seconds until a test that hangs is given up


def reddish(colour, frame=None):
    return colour[0] > 150 and colour[1] < 100


def bluish(colour, frame=None):
    return colour[2] > 150 and colour[1] < 100


def greyish(colour, frame=None):
    return np.ptp(colour) < 30


@asynccontextmanager
async def fitting_room(tmp_path, **options):
    web = tmp_path / "web"
    web.mkdir()
    (web / "index.html").write_text("<!doctype html><title>room</title>")
    (web / "app.js").write_text("export {};")
    pipeline = options.pop("pipeline", FakePipeline())
    server = Server(replace(Config(), web=web, **options), pipeline, FakeCatalog())
    async with TestClient(TestServer(make_app(server))) as client, asyncio.timeout(PATIENCE):
        client.room = server
        yield client


async def open_socket(client):
    return await client.ws_connect("/session")


async def closed(ws):
    """Every message until the server closes, news of the garments left out."""
    messages = []
    while (message := await ws.receive()).type is WSMsgType.TEXT:
        messages.append(json.loads(message.data))
    return [message for message in messages if message["type"] != "garments"]


async def test_a_session_from_hello_to_goodbye(tmp_path):
    async with fitting_room(tmp_path) as client:
        shopper = Shopper(await open_socket(client))
        await shopper.connect(garment="red")
        first = {"id": "red", "name": "Red", "category": "blouse", "picture": "/garments/red.png?v=1"}
        assert first.items() <= shopper.hello["garments"][0].items()
        assert shopper.hello["iceServers"] == []
        await shopper.frame(reddish)
        told = await shopper.hear(type="frame", garment="red", status="ok")
        assert {"decode", "wait", "to_rgb", "find", "dress", "to_yuv", "out", "encode"} <= told["ms"].keys()
        assert {"rtp", "pts", "dropped"} <= told.keys()

        shopper.say(type="garment", id="blue")
        await shopper.frame(bluish)
        shopper.say(type="garment", id=None)
        await shopper.frame(greyish)
        await shopper.hear(type="frame", garment=None, status="plain")

        assert (await (await client.get("/healthz")).json()) == {"sessions": 1}
        await shopper.ws.send_json({"type": "bye"})
        assert await closed(shopper.ws) == []
        assert (await (await client.get("/healthz")).json()) == {"sessions": 0}
        await shopper.clean_up()


async def test_garbage_ends_its_own_session_in_words_and_the_others_go_on(tmp_path):
    async with fitting_room(tmp_path, max_sessions=20) as client:
        shopper = Shopper(await open_socket(client))
        await shopper.connect(garment="red")
        for text, reason in [
            ("{", "bad-message"),
            ('{"type": "offer", "sdp": "hello"}', "bad-offer"),
            (json.dumps({"type": "offer", "sdp": "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n"}), "bad-offer"),
            (json.dumps({"type": "offer", "sdp": "v=0\r\no=- 1 1 IN IP4 0\r\nm=video x y z\r\na=mid\r\n"}), "bad-offer"),
            ('{"type": "candidate", "candidate": null}', "bad-message"),
            (" " * 200_000, "bad-message"),
            ("[" * 60_000, "bad-message"),
        ]:
            ws = await open_socket(client)
            await ws.send_str(text)
            hello, refused = await closed(ws)
            assert (hello["type"], refused["type"], refused["reason"]) == ("hello", "refused", reason)
            assert refused["message"].endswith(".")
        ws = await open_socket(client)
        await ws.send_bytes(b"\0\1\2")
        assert (await closed(ws))[-1]["reason"] == "bad-message"
        ws = await open_socket(client)
        await ws.send_str("x" * 3_000_000)  # more than is read at all
        assert [message["type"] for message in await closed(ws)] == ["hello"]
        await shopper.frame(reddish)
        while (await (await client.get("/healthz")).json())["sessions"] > 1:
            pass  # the last one is still being closed
        await shopper.leave()


async def test_nonsense_on_the_control_channel_is_answered_and_the_session_goes_on(tmp_path):
    async with fitting_room(tmp_path) as client:
        shopper = Shopper(await open_socket(client))
        await shopper.connect(garment="nothing like it")
        assert "'nothing like it'" in (await shopper.hear(type="error"))["message"]
        shopper.channel.send("{")
        assert "JSON" in (await shopper.hear(type="error"))["message"]
        shopper.channel.send(b"\0\1")
        await shopper.hear(type="error")
        shopper.say(type="garment", id="moon")
        assert "'moon'" in (await shopper.hear(type="error"))["message"]
        shopper.say(type="mirror", on=True)
        shopper.say(type="garment", id="blue")
        await shopper.frame(bluish)
        await shopper.leave()


async def test_in_a_full_room_phones_wait_in_turn_and_are_let_in_when_one_leaves(tmp_path):
    async with fitting_room(tmp_path, max_sessions=1, max_waiting=2) as client:
        first, second, third = [await open_socket(client) for _ in range(3)]
        assert (await first.receive_json())["type"] == "hello"
        assert await second.receive_json() == {"type": "waiting", "place": 1}
        assert await third.receive_json() == {"type": "waiting", "place": 2}
        (refused,) = await closed(await open_socket(client))
        assert (refused["type"], refused["reason"]) == ("refused", "full")
        await second.send_json({"type": "ping", "t": 1})
        assert await second.receive_json() == {"type": "pong", "t": 1}
        await first.send_json({"type": "bye"})
        await closed(first)
        assert (await second.receive_json())["type"] == "hello"
        assert await third.receive_json() == {"type": "waiting", "place": 1}
        await second.close()
        assert (await third.receive_json())["type"] == "hello"


async def test_what_a_phone_says_while_it_waits_is_checked_too(tmp_path):
    async with fitting_room(tmp_path, max_sessions=1) as client:
        first = await open_socket(client)
        assert (await first.receive_json())["type"] == "hello"
        for text in ('{"type": "offer", "sdp": "v=0\\r\\nm=video 9 UDP/TLS/RTP/SAVPF 96\\r\\n"}', "{", '{"type": "none"}'):
            waiting = await open_socket(client)
            await waiting.send_str(text)
            assert [m["type"] for m in await closed(waiting)] == ["waiting", "refused"]
        assert len(client.room.visits) == 1


async def test_a_pipeline_that_raises_returns_frames_plain_and_other_sessions_are_dressed(tmp_path, caplog):
    class Moody(FakePipeline):
        def __call__(self, frame, garment, state, spans, /):
            if garment is not None and garment.id == "blue":
                raise RuntimeError("not blue")
            return super().__call__(frame, garment, state, spans)

    async with fitting_room(tmp_path, pipeline=Moody()) as client:
        one, other = Shopper(await open_socket(client)), Shopper(await open_socket(client))
        await one.connect(garment="blue")
        await other.connect(garment="red")
        await one.frame(greyish)
        assert (await one.hear(type="frame", status="plain"))["errors"] >= 1
        await other.frame(reddish)
        assert sum("could not be dressed" in record.getMessage() for record in caplog.records) == 1
        one.say(type="garment", id="green")
        await one.hear(type="frame", status="ok", garment="green")
        await one.leave()
        await other.leave()


async def test_a_phone_that_is_turned_gets_its_picture_turned(tmp_path):
    async with fitting_room(tmp_path) as client:
        shopper = Shopper(await open_socket(client))
        await shopper.connect(garment="red")
        await shopper.frame(lambda colour, frame: (frame.width, frame.height) == (160, 120) and reddish(colour))
        shopper.camera.size = (120, 160)
        await shopper.frame(lambda colour, frame: (frame.width, frame.height) == (120, 160) and reddish(colour))
        shopper.say(type="quality", height=80)
        await shopper.frame(lambda colour, frame: (frame.width, frame.height) == (60, 80) and reddish(colour))
        await shopper.leave()


async def test_a_second_offer_is_answered_and_the_picture_goes_on(tmp_path):
    async with fitting_room(tmp_path) as client:
        shopper = Shopper(await open_socket(client))
        await shopper.connect(garment="red")
        await shopper.frame(reddish)
        await shopper.negotiate(garment="blue")
        await shopper.frame(bluish)
        await shopper.leave()


async def test_a_silent_page_is_lost_and_a_pinged_one_is_not(tmp_path):
    async with fitting_room(tmp_path, silence_seconds=0.3, ping_seconds=0.1) as client:
        alive, silent = await open_socket(client), await client.ws_connect("/session", autoping=False)
        assert (await alive.receive_json())["type"] == "hello"
        assert (await silent.receive_json())["type"] == "hello"
        reading = asyncio.ensure_future(alive.receive())  # a page that reads answers pings, as a browser does
        while (await silent.receive()).type is WSMsgType.PING:
            pass
        assert silent.closed
        assert not reading.done()
        assert len(client.room.sessions) == 1
        reading.cancel()
        await alive.close()


async def test_ping_is_answered(tmp_path):
    async with fitting_room(tmp_path) as client:
        ws = await open_socket(client)
        await ws.receive_json()
        await ws.send_json({"type": "ping", "t": 12.5})
        assert await ws.receive_json() == {"type": "pong", "t": 12.5}


async def test_an_offer_whose_media_never_connects_is_given_up(tmp_path):
    async with fitting_room(tmp_path, connect_seconds=0.05) as client:
        shopper = Shopper(await open_socket(client))
        await shopper.pc.setLocalDescription(await shopper.pc.createOffer())
        sdp = "".join(f"{line}\r\n" for line in shopper.pc.localDescription.sdp.splitlines() if not line.startswith("a=candidate"))
        await shopper.ws.send_json({"type": "offer", "sdp": sdp.replace("a=end-of-candidates\r\n", "")})
        assert [message["type"] for message in await closed(shopper.ws)] == ["hello", "answer"]
        await shopper.clean_up()


async def test_stopping_the_server_ends_every_session(tmp_path):
    async with fitting_room(tmp_path) as client:
        shopper = Shopper(await open_socket(client))
        await shopper.connect(garment="red")
        closing = asyncio.ensure_future(closed(shopper.ws))
        await client.server.close()
        assert await closing == []
        assert client.room.sessions == {}
        await shopper.clean_up()


async def test_pages_and_garments(tmp_path):
    async with fitting_room(tmp_path) as client:
        page = await client.get("/")
        assert "<title>room</title>" in await page.text()
        assert page.headers["Cache-Control"] == "no-store"
        policy = page.headers["Content-Security-Policy"]
        host = f"{client.host}:{client.port}"
        assert policy.startswith("default-src 'self';")
        assert f"connect-src 'self' ws://{host} wss://{host};" in policy
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert "camera=(self)" in page.headers["Permissions-Policy"]
        script = await client.get("/static/app.js")
        assert script.content_type in ("text/javascript", "application/javascript")
        assert "ETag" in script.headers
        assert [garment["id"] for garment in await (await client.get("/garments.json")).json()] == ["red", "blue", "green"]
        picture = await client.get("/garments/red.png")
        assert picture.content_type == "image/png"
        assert (await picture.read())[:4] == b"\x89PNG"
        again = await client.get("/garments/red.thumb.png", headers={"If-None-Match": picture.headers["ETag"]})
        assert (again.status, await again.read()) == (304, b"")


@pytest.mark.parametrize(
    "path",
    ["/certificate.crt", "/garments/moon.png", "/garments/..%2f..%2fetc.png", "/static/../server.py", "/nothing", "/static/"],
)
async def test_what_is_not_there_is_said_without_a_traceback(tmp_path, path):
    async with fitting_room(tmp_path) as client:
        reply = await client.get(path)
        assert reply.status in (403, 404)
        assert "Traceback" not in await reply.text()


async def test_a_fault_of_ours_is_a_short_500_and_a_log_entry(tmp_path, caplog):
    async with fitting_room(tmp_path) as client:
        client.room.catalog.list = lambda: 1 / 0
        reply = await client.get("/garments.json")
        assert reply.status == 500
        assert "Traceback" not in await reply.text()
        assert "/garments.json failed" in caplog.text


async def test_sessions_are_for_this_servers_own_page(tmp_path):
    async with fitting_room(tmp_path) as client:
        with pytest.raises(WSServerHandshakeError) as caught:
            await client.ws_connect("/session", headers={"Origin": "https://elsewhere.example"})
        assert caught.value.status == 403
        own = await client.ws_connect("/session", headers={"Origin": f"http://{client.host}:{client.port}"})
        assert (await own.receive_json())["type"] == "hello"
        for other in ("null", "https://", "http://[", "https://elsewhere.example:443"):
            with pytest.raises(WSServerHandshakeError):
                await client.ws_connect("/session", headers={"Origin": other})
        client.room.door._config = replace(client.room.config, door=False)  # behind a proxy nobody is this machine's own browser
        behind_proxy = {"Origin": "https://shop.example", "X-Forwarded-Host": "shop.example"}
        assert (await (await client.ws_connect("/session", headers=behind_proxy)).receive_json())["type"] == "hello"
