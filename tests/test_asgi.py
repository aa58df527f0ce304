"""The tests of the server once more, carried by ASGI under uvicorn (which Ray Serve runs) instead of by aiohttp."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import aiohttp
import pytest

from streamer.asgi import Asgi
from streamer.config import Config
from streamer.server import Server
from tests import test_server
from tests.fakes import FakeCatalog, FakePipeline
from tests.test_server import PATIENCE

uvicorn = pytest.importorskip("uvicorn")
test_in_a_full_room_phones_wait = test_server.test_in_a_full_room_phones_wait_in_turn_and_are_let_in_when_one_leaves
test_a_session_from_hello_to_goodbye = test_server.test_a_session_from_hello_to_goodbye
test_pages_and_garments = test_server.test_pages_and_garments
test_sessions_are_for_this_servers_own_page = test_server.test_sessions_are_for_this_servers_own_page
test_stopping_the_server_ends_every_session = test_server.test_stopping_the_server_ends_every_session
test_what_is_not_there_is_said_without_a_traceback = test_server.test_what_is_not_there_is_said_without_a_traceback


class Client:
    """As much of aiohttp's TestClient as those tests use."""

    host = "127.0.0.1"

    def __init__(self, http, carrier, port, room):
        self.http, self.server, self.port, self.room = http, carrier, port, room

    def get(self, path, **more):
        return self.http.get(f"http://{self.host}:{self.port}{path}", **more)

    def ws_connect(self, path, **more):
        return self.http.ws_connect(f"ws://{self.host}:{self.port}{path}", **more)


class Carrier(uvicorn.Server):
    async def begin(self):
        self.serving = asyncio.ensure_future(self.serve())
        while not self.started:
            assert not self.serving.done(), "uvicorn did not start"
            await asyncio.sleep(0.01)
        return self.servers[0].sockets[0].getsockname()[1]

    async def close(self):
        self.should_exit = True
        await self.serving


@asynccontextmanager
async def asgi_room(tmp_path, **options):
    web = tmp_path / "web"
    web.mkdir()
    (web / "index.html").write_text("<!doctype html><title>room</title>")
    (web / "app.js").write_text("export {};")
    room = Server(replace(Config(), web=web, **options), options.pop("pipeline", FakePipeline()), FakeCatalog())
    settings = uvicorn.Config(Asgi(lambda: room), "127.0.0.1", 0, lifespan="on", log_level="error", ws="websockets-sansio")
    carrier = Carrier(settings)
    port = await carrier.begin()
    async with aiohttp.ClientSession() as http, asyncio.timeout(PATIENCE):
        yield Client(http, carrier, port, room)
        await carrier.close()


@pytest.fixture(autouse=True)
def _carried_by_asgi(monkeypatch):
    monkeypatch.setattr(test_server, "fitting_room", asgi_room)


async def test_what_is_refused_before_a_socket_is_one_is_said_in_words(tmp_path):
    async with asgi_room(tmp_path) as client:
        reply = await client.get(
            "/session",
            headers={
                "Connection": "Upgrade",
                "Upgrade": "websocket",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
                "Origin": "https://elsewhere.example",
            },
        )
        assert reply.status == 403
        assert "own page" in await reply.text()


async def test_a_server_that_cannot_be_made_does_not_start(capfd):
    def broken():
        raise RuntimeError("no network file")

    carrier = Carrier(uvicorn.Config(Asgi(broken), "127.0.0.1", 0, lifespan="on", log_level="error"))
    with pytest.raises(SystemExit):
        await carrier.serve()
    assert "no network file" in capfd.readouterr().err


async def test_a_page_that_says_nothing_is_lost(tmp_path):
    async with asgi_room(tmp_path, silence_seconds=0.2) as client:
        ws = await client.ws_connect("/session")
        assert [m["type"] for m in await test_server.closed(ws)] == ["hello"]
        assert client.room.sessions == {}
