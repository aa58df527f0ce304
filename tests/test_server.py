"""The server as a page meets it: HTTP, signalling, and a real aiortc client on loopback."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np
from aiohttp import WSMsgType
from aiohttp.test_utils import TestClient, TestServer
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription, VideoStreamTrack

from streamer.config import Config
from streamer.server import Server
from tests.fakes import FakeCatalog, FakePipeline, video_frame

PATIENCE = 20  # seconds until a test that hangs is given up


class Camera(VideoStreamTrack):
    """A grey picture, 30 times a second; its size may change under way."""

    size = (160, 120)

    async def recv(self):
        pts, _ = await self.next_timestamp()
        return video_frame(*self.size, pts=pts)


class Shopper:
    """A page: one WebSocket, one peer connection, one control channel."""

    def __init__(self, ws):
        self.ws = ws
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.camera = Camera()
        self.pc.addTrack(self.camera)
        self.channel = self.pc.createDataChannel("control")
        self.told = asyncio.Queue()
        self.channel.on("message", lambda text: self.told.put_nowait(json.loads(text)))
        self.opened = asyncio.Event()
        self.channel.on("open", self.opened.set)

    async def connect(self, **more):
        self.hello = await self.ws.receive_json()
        await self.pc.setLocalDescription(await self.pc.createOffer())
        sdp = self.pc.localDescription.sdp
        lines = [line for line in sdp.splitlines() if not line.startswith(("a=candidate", "a=end-of-candidates"))]
        candidates = [line[2:] for line in sdp.splitlines() if line.startswith("a=candidate")]
        await self.ws.send_json({"type": "offer", "sdp": "\r\n".join(lines) + "\r\n", **more})
        answer = await self.ws.receive_json()
        assert answer["type"] == "answer", answer
        await self.pc.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
        for line in dict.fromkeys(candidates):
            await self.ws.send_json({"type": "candidate", "candidate": {"candidate": line, "sdpMid": "0", "sdpMLineIndex": 0}})
        await self.ws.send_json({"type": "candidate", "candidate": None})
        await self.opened.wait()

    def say(self, **message):
        self.channel.send(json.dumps(message))

    async def hear(self, **wanted):
        """The next message with these fields."""
        while True:
            message = await self.told.get()
            if all(message.get(name) == value for name, value in wanted.items()):
                return message

    async def frame(self, where):
        """The next returned frame for which ``where(middle colour, frame)`` holds."""
        track = self.pc.getReceivers()[0].track
        while True:
            frame = await track.recv()
            picture = frame.to_ndarray(format="rgb24")
            middle = picture[picture.shape[0] // 2, picture.shape[1] // 2]
            if where(middle.astype(int), frame):
                return picture


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
