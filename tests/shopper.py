"""A page without a browser: one WebSocket, one stock aiortc peer connection, one control channel."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

from aiohttp import ClientWebSocketResponse, WSMsgType
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription, VideoStreamTrack

from tests.fakes import video_frame


class Camera(VideoStreamTrack):
    """A grey picture, 30 times a second; its size may change under way."""

    size = (160, 120)

    async def recv(self):
        pts, _ = await self.next_timestamp()
        return video_frame(*self.size, pts=pts)


class Shopper:
    """``connect``, ``say``, ``hear``, look at ``frame``; then ``leave``, ``vanish``, or ``go_silent`` and ``clean_up`` later."""

    def __init__(self, ws: ClientWebSocketResponse):
        self.ws = ws
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.camera = Camera()
        self.pc.addTrack(self.camera)
        self.channel = self.pc.createDataChannel("control")
        self.told = asyncio.Queue()
        self.channel.on("message", lambda text: self.told.put_nowait(json.loads(text)))
        self.opened = asyncio.Event()
        self.channel.on("open", self.opened.set)
        self.pinging = None
        self.places = []  # in the queue, as they were told

    async def connect(self, **more):
        """From hello, which comes when there is a place, until the control channel is open."""
        self.pinging = asyncio.ensure_future(self._ping())
        while (message := await self._next())["type"] == "waiting":
            self.places.append(message["place"])
        assert message["type"] == "hello", message
        self.hello = message
        await self.negotiate(**more)
        await self.opened.wait()

    async def negotiate(self, **more):
        """An offer without candidates, the answer, the candidates."""
        await self.pc.setLocalDescription(await self.pc.createOffer())
        sdp = self.pc.localDescription.sdp
        lines = [line for line in sdp.splitlines() if not line.startswith(("a=candidate", "a=end-of-candidates"))]
        candidates = dict.fromkeys(line[2:] for line in sdp.splitlines() if line.startswith("a=candidate"))
        await self.ws.send_json({"type": "offer", "sdp": "\r\n".join(lines) + "\r\n", **more})
        answer = await self._next()
        assert answer["type"] == "answer", answer
        await self.pc.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
        for line in candidates:
            await self.ws.send_json({"type": "candidate", "candidate": {"candidate": line, "sdpMid": "0", "sdpMLineIndex": 0}})
        await self.ws.send_json({"type": "candidate", "candidate": None})

    def say(self, **message):
        self.channel.send(json.dumps(message))

    async def hear(self, **wanted):
        """The next message of the control channel with these fields."""
        while True:
            message = await self.told.get()
            if all(message.get(name) == value for name, value in wanted.items()):
                return message

    async def frame(self, where=lambda colour, frame: True):
        """The next returned frame for which ``where(middle colour, frame)`` holds, as an RGB picture."""
        track = self.pc.getReceivers()[0].track
        while True:
            frame = await track.recv()
            picture = frame.to_ndarray(format="rgb24")
            middle = picture[picture.shape[0] // 2, picture.shape[1] // 2]
            if where(middle.astype(int), frame):
                return picture

    async def _ping(self):
        """Be heard, as a browser is, while nobody here reads the WebSocket."""
        with suppress(ConnectionError):
            while not self.ws.closed:
                await self.ws.ping()
                await asyncio.sleep(0.2)

    async def _next(self):
        """The next message that is neither a pong nor news of the garments."""
        while True:
            message = await self.ws.receive()
            if message.type in (WSMsgType.PING, WSMsgType.PONG):
                continue
            assert message.type is WSMsgType.TEXT, message
            told = json.loads(message.data)
            if told["type"] != "garments":
                return told

    async def leave(self):
        """Say goodbye and close everything."""
        self.pinging.cancel()
        await self.ws.send_json({"type": "bye"})
        await self.ws.close()
        await self.pc.close()

    async def vanish(self):
        """Be gone from one moment to the next: no goodbye, no close, no DTLS shutdown."""
        self.pinging.cancel()
        self.ws._response.connection.transport.abort()
        await self.go_silent()
        await self.clean_up()

    async def go_silent(self):
        """Neither send nor answer any more, with the WebSocket open: a phone without network."""
        self.pinging.cancel()
        for transceiver in self.pc.getTransceivers():
            for protocol in transceiver.receiver.transport.transport._connection._protocols:
                protocol.transport.abort()

    async def clean_up(self):
        """What a phone that is gone cannot do; for this process only."""
        if self.pinging:
            self.pinging.cancel()
        await self.ws.close()
        await self.pc.close()
