"""What a session tells a page that measures, and that it tells others nothing of it."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest
from av import VideoFrame

from streamer import marker
from tests.fakes import FakePipeline
from tests.shopper import Camera, Shopper
from tests.test_server import fitting_room, open_socket


class Painter(FakePipeline):
    """Leaves nothing of the camera's picture."""

    def __call__(self, frame, garment, state, spans, /):
        if garment is not None:
            frame[:] = garment.colour
        return super().__call__(frame, garment, state, spans)


class MarkedCamera(Camera):
    """A grey picture with its number on it, from 100."""

    number = 99

    async def recv(self):
        pts, time_base = await self.next_timestamp()
        self.number += 1
        planes = np.full((720, 640), 128, np.uint8)
        marker.draw(planes, self.number)
        frame = VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts, frame.time_base = pts, time_base
        return frame


async def measuring(client):
    shopper = Shopper(await open_socket(client))
    shopper.pc.getSenders()[0].replaceTrack(MarkedCamera())
    await shopper.connect(garment="red")
    return shopper


async def test_a_measuring_page_is_told_number_times_and_drops_of_each_frame(tmp_path):
    async with fitting_room(tmp_path) as client:
        shopper = await measuring(client)
        plain = await shopper.hear(type="frame", garment="red")
        assert not {"mark", "at", "drops"} & plain.keys()

        shopper.say(type="profile", on=True)
        while (told := await shopper.hear(type="frame", garment="red")).get("mark") is None:
            pass
        assert told["mark"] >= 100
        at = told["at"]
        assert at["arrived"] <= at["complete"] <= at["decoded"] <= at["taken"] <= at["ready"] <= at["sent"]
        assert at["sent"] - at["arrived"] < 5000
        assert at["taken"] - at["decoded"] == pytest.approx(told["ms"]["wait"], abs=0.02)
        assert set(told["drops"]) == {"network", "spared", "worker", "encoder", "failed"}

        shopper.say(type="profile", on=False)
        while "at" in await shopper.hear(type="frame"):
            pass
        await shopper.leave()


async def test_the_number_is_put_onto_the_dressed_picture(tmp_path):
    async with fitting_room(tmp_path, pipeline=Painter()) as client:
        shopper = await measuring(client)
        shopper.say(type="profile", on=True)
        seen = set()
        while len(seen) < 3:
            picture = await shopper.frame()
            number = marker.read(cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420))
            seen |= {number} - {None}
        assert min(seen) >= 100  # the painter covered every number of the camera's own
        await shopper.leave()


async def test_the_clock_is_told_when_asked(tmp_path):
    async with fitting_room(tmp_path) as client:
        shopper = Shopper(await open_socket(client))
        await shopper.connect()
        before = time.perf_counter() * 1000
        shopper.say(type="clock", t=17.25)
        told = await shopper.hear(type="clock", t=17.25)
        assert before <= told["received"] <= told["sent"] <= time.perf_counter() * 1000
        shopper.say(type="clock", t="late")
        assert "number" in (await shopper.hear(type="error"))["message"]
        shopper.say(type="profile", on=1)
        assert "true or false" in (await shopper.hear(type="error"))["message"]
        await shopper.leave()
