"""The big screen: code, shopper, picture, and back to the code; the remote control; restarts."""

from __future__ import annotations

import json

import pytest
from aiohttp import WSMsgType

from streamer import mirror, screens
from streamer.door import SCREEN
from tests.fakes import FakePipeline
from tests.shopper import Shopper
from tests.test_door import cookie_of
from tests.test_server import closed, fitting_room, reddish


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Time runs faster: ticks, and how long an empty place is kept."""
    monkeypatch.setattr(mirror, "TICK", 0.02)
    for name, seconds in (("EMPTY_SECONDS", 1.5), ("START_SECONDS", 9.0), ("LEFT_SECONDS", 1.0)):
        monkeypatch.setattr(screens, name, seconds)


class Wall:
    """A screen without a browser."""

    def __init__(self, client):
        self.client, self.name = client, "wall"

    async def __aenter__(self):
        cookie = cookie_of(self.client.room.door.screen_cookie(self.name))
        self.headers = {"Cookie": cookie}
        self.ws = await self.client.ws_connect("/screen", headers=self.headers)
        return self

    async def __aexit__(self, *_):
        await self.ws.close()

    async def hear(self, kind, **wanted):
        """The next message of this type with these fields."""
        while True:
            message = await self.ws.receive()
            if message.type in (WSMsgType.PING, WSMsgType.PONG):
                continue
            assert message.type is WSMsgType.TEXT, message
            told = json.loads(message.data)
            if told["type"] == kind and all(told.get(name) == value for name, value in wanted.items()):
                return told


async def join(client, url):
    """A phone that scans what the screen shows; its cookie."""
    reply = await client.post("/join", json={"code": url.split("#")[1]})
    assert reply.status == 200
    return {"Cookie": cookie_of(reply.headers["Set-Cookie"])}, (await reply.json())["camera"]


async def test_a_cluster_has_no_screens_and_says_so(tmp_path):
    async with fitting_room(tmp_path, screens=False) as client:
        reply = await client.get("/mirror")
        assert reply.status == 404
        assert "belongs to a server in its shop" in await reply.text()
        assert "Set-Cookie" not in reply.headers


async def test_a_phone_joins_and_its_dressed_picture_is_on_the_screen_until_nobody_is_in_view(tmp_path):
    class Leaving(FakePipeline):
        gone = False

        def __call__(self, frame, garment, state, spans, /):
            dressed = super().__call__(frame, garment, state, spans)
            dressed.status = "nobody" if self.gone else "ok"
            return dressed

    pipeline = Leaving()
    async with fitting_room(tmp_path, pipeline=pipeline, trust_localhost=False) as client, Wall(client) as wall:
        hello = await wall.hear("hello")
        assert [each["id"] for each in hello["garments"]] == ["red", "blue", "green"]
        code = await wall.hear("code")
        assert {*"".join(code["rows"])} == {"0", "1"}
        assert all(len(row) == len(code["rows"]) for row in code["rows"])
        headers, camera = await join(client, code["url"])
        assert camera == "phone"
        await wall.hear("shopper", camera="phone")
        phone = Shopper(await client.ws_connect("/session", headers=headers))
        await phone.connect(garment="red")
        await wall.hear("state", live=True, garment="red")
        phone.say(type="mirror", on=True)
        await wall.hear("state", mirrored=True)
        viewer = Shopper(wall.ws)
        await viewer.negotiate()
        await viewer.frame(reddish)
        await phone.frame(reddish)
        pipeline.gone = True
        await wall.hear("free")
        assert (await wall.hear("code"))["url"] != code["url"]
        assert client.room.screens["wall"][0]._pc is None
        assert not phone.ws.closed  # the shopper's own session goes on
        await phone.leave()
        await viewer.clean_up()


async def test_a_screen_with_a_camera_of_its_own_is_dressed_from_the_phone(tmp_path):
    async with fitting_room(tmp_path, trust_localhost=False) as client, Wall(client) as wall:
        code = await wall.hear("code")
        await wall.ws.send_json({"type": "here", "camera": "screen", "phone": ""})
        await wall.ws.send_json({"type": "ping", "t": 1})
        await wall.hear("pong")
        headers, camera = await join(client, code["url"])
        assert camera == "screen"
        told = await wall.hear("shopper", camera="screen")
        own = Shopper(await client.ws_connect("/session?as=screen", headers=wall.headers))
        await own.connect()
        remote = await client.ws_connect("/remote", headers=headers)
        assert (await remote.receive_json())["type"] == "hello"
        await remote.send_json({"type": "garment", "id": "blue"})
        await wall.hear("wear", garment="blue")
        own.say(type="garment", id="blue")  # as the screen's page does
        await wall.hear("state", live=True, garment="blue")
        await remote.send_json({"type": "ping", "t": 2})
        assert await remote.receive_json() == {"type": "pong", "t": 2}
        # The server forgets the screen; the screen's page says whom it showed.
        await wall.ws.close()
        async with Wall(client) as again:
            await again.ws.send_json({"type": "here", "camera": "screen", "phone": told["phone"]})
            await again.hear("shopper", phone=told["phone"])
            await again.hear("state", live=True)
            other = await client.ws_connect("/remote", headers=headers)
            assert (await other.receive_json())["type"] == "hello"
            await own.leave()
            await again.hear("free")
            assert (await other.receive_json())["type"] == "free"
        (refused,) = await closed(await client.ws_connect("/remote", headers=headers))
        assert refused["reason"] == "code-ended"


async def test_a_phone_that_never_starts_and_one_that_leaves_free_the_screen(tmp_path, monkeypatch):
    async with fitting_room(tmp_path, trust_localhost=False) as client, Wall(client) as wall:
        headers, _ = await join(client, (await wall.hear("code"))["url"])
        monkeypatch.setattr(screens, "START_SECONDS", 0.1)
        await wall.hear("free")
        monkeypatch.setattr(screens, "START_SECONDS", 5.0)
        headers, _ = await join(client, (await wall.hear("code"))["url"])
        phone = Shopper(await client.ws_connect("/session", headers=headers))
        await phone.connect()
        await wall.hear("state", live=True)
        await phone.leave()
        await wall.hear("free")


async def test_a_code_of_the_screen_is_renewed_and_a_used_one_shows_no_second_shopper(tmp_path):
    async with fitting_room(tmp_path, trust_localhost=False, code_seconds=2.0) as client, Wall(client) as wall:
        first, second = await wall.hear("code"), await wall.hear("code")
        assert first["url"] != second["url"]
        await join(client, second["url"])
        await wall.hear("shopper")
        assert (await client.post("/join", json={"code": second["url"].split("#")[1]})).status == 403
        client.room.screens["wall"][0].renew_code()


async def test_what_a_screen_may_not_say_ends_its_connection_only(tmp_path):
    async with fitting_room(tmp_path, trust_localhost=False) as client:
        bad_camera = '{"type": "here", "camera": "x", "phone": ""}'
        for text in ("{", "[]", '{"type": "here"}', bad_camera, '{"type": "offer", "sdp": "v=0\\nm=video"}'):
            async with Wall(client) as wall:
                await wall.ws.send_str(text)
                assert (await wall.hear("refused"))["message"].endswith(".")
        async with Wall(client) as wall, Wall(client) as newer:  # opened once more: the older one is closed
            await newer.hear("code")
            while (message := await wall.ws.receive()).type is not WSMsgType.CLOSE:
                pass
            assert message.data == 4001
        (refused,) = await closed(await client.ws_connect("/screen"))
        assert refused["reason"] == "no-password"


async def test_the_page_sets_a_screen_up(tmp_path):
    async with fitting_room(tmp_path) as client:
        (client.room.config.web / "mirror.html").write_text("<!doctype html>")
        reply = await client.get("/mirror")
        assert reply.headers["Set-Cookie"].startswith(f"{SCREEN}=")
        again = await client.get("/mirror", headers={"Cookie": cookie_of(reply.headers["Set-Cookie"])})
        assert "Set-Cookie" not in again.headers
