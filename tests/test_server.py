"""The server as a page meets it: HTTP, signalling, and a real aiortc client on loopback."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np
from aiohttp import WSMsgType
from aiohttp.test_utils import TestClient, TestServer

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
    async with TestClient(TestServer(server.app())) as client, asyncio.timeout(PATIENCE):
        client.room = server
        yield client


async def open_socket(client):
    return await client.ws_connect("/session")


async def closed(ws):
    """Every message until the server closes."""
    messages = []
    while (message := await ws.receive()).type is WSMsgType.TEXT:
        messages.append(json.loads(message.data))
    return messages


async def test_a_session_from_hello_to_goodbye(tmp_path):
    async with fitting_room(tmp_path) as client:
        shopper = Shopper(await open_socket(client))
        await shopper.connect(garment="red")
        assert shopper.hello["garments"][0] == {"id": "red", "name": "Red", "category": "blouse", "picture": "/garments/red.png"}
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
        await shopper.pc.close()
