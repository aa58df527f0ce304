"""The studio over HTTP, with its real process and networks: photos of every sort, changes, deletions, what shoppers are told."""

from __future__ import annotations

import asyncio
import base64
import io
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pillow_heif
import pytest
from aiohttp.test_utils import TestClient, TestServer
from PIL import Image

from streamer import studio
from streamer.aiohttp_app import make_app
from streamer.catalog import Catalog
from streamer.config import Config
from streamer.server import Server
from streamer.studio.workshop import BusyError, LostError, Workshop
from tests.fakes import FakePipeline
from tests.photos import coded, deep, floor, lying, turned
from tests.test_catalog import landmarks, png

PATIENCE = 120  # seconds until a test that hangs is given up


@asynccontextmanager
async def open_studio(tmp_path: Path, built_in: Path | None = None) -> AsyncIterator[TestClient]:
    config = replace(Config(), door=False, data=tmp_path)
    server = Server(config, FakePipeline(), Catalog(tmp_path / "catalog", built_in))
    async with TestClient(TestServer(make_app(server))) as client, asyncio.timeout(PATIENCE):
        client.room = server
        yield client


async def send(client: TestClient, photo: bytes, name: str = "IMG_1.jpg") -> tuple[int, Any]:
    """Upload a photo: the status, and the draft or the sentence."""
    reply = await client.post("/studio/garments", params={"name": name}, data=io.BytesIO(photo))
    return reply.status, await reply.json() if reply.status == 201 else await reply.text()


async def cutout(client: TestClient, id: str) -> np.ndarray:
    picture = await (await client.get(f"/studio/garments/{id}/picture.png")).read()
    return np.asarray(Image.open(io.BytesIO(picture)))


def is_cut_out(rgba: np.ndarray) -> bool:
    """Whether the middle is there and the floor is not."""
    height, width = rgba.shape[:2]
    return bool(rgba[height // 2, width // 2, 3] > 200 and rgba[:8, :8, 3].max() < 60 and 0.1 < (rgba[..., 3] > 127).mean() < 0.8)


async def test_photos_of_every_sort_become_drafts_or_a_sentence(tmp_path: Path) -> None:
    shirt = lying()
    alpha = np.full((*shirt.shape[:2], 1), 0, np.uint8)
    alpha[150:650, 120:480] = 255
    heif = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(shirt)).save(heif, quality=80)
    good = {
        "plain.jpg": coded(shirt),
        "named as something else.txt": coded(shirt, "WEBP"),
        "turned.jpg": turned(shirt),
        "cmyk.jpg": coded(shirt, mode="CMYK"),
        "16 bit.png": deep(shirt),
        "iphone.heic": heif.getvalue(),
        "cut out already.png": coded(np.dstack([shirt, alpha]), "PNG"),
    }
    hinted = {
        "cut off.png": (coded(np.dstack([shirt, alpha])[300:, :], "PNG"), "cut off by the edge"),
        "two.jpg": (coded(np.hstack([lying(size=(700, 480)), lying("jeans", (700, 480))])), "two pieces"),
    }
    bad = {
        "text.jpg": (b"no picture at all", 422, "This file is not a picture"),
        "program.png": (b"\x7fELF" + bytes(2000), 422, "not a picture"),
        "half.jpg": (coded(shirt)[:9000], 422, "damaged"),
        "bomb.png": (coded(np.zeros((9000, 12000), np.uint8), "PNG", mode="1"), 422, "12000 x 9000 pixels"),
        "tiny.png": (coded(shirt[:20, :20], "PNG"), 422, "20 x 20 pixels"),
        "nothing.jpg": (coded(np.full((600, 500, 3), 128, np.uint8)), 422, "no garment"),
        "empty.jpg": (b"", 422, "empty"),
        "huge.jpg": (bytes(studio.MOST_BYTES + 1), 413, "larger than 32 MB"),
    }
    async with open_studio(tmp_path) as client:
        for name, photo in good.items():
            status, draft = await send(client, photo, name)
            assert status == 201, (name, draft)
            assert (draft["source"], draft["published"], draft["has_photo"]) == (name, False, True)
            rgba = await cutout(client, draft["id"])
            assert rgba.shape == (800, 600, 4), name
            assert is_cut_out(rgba), name
            for x, y in draft["landmarks"].values():
                assert -1 <= x <= 600
                assert -1 <= y <= 800
            assert draft["tags"]["colours"][0]["rgb"], name
        for name, (photo, hint) in hinted.items():
            status, draft = await send(client, photo, name)
            assert status == 201, (name, draft)
            assert any(hint in each for each in draft["tags"]["hints"]), (name, draft["tags"]["hints"])
        for name, (photo, wanted, said) in bad.items():
            status, sentence = await send(client, photo, name)
            assert (status, said in sentence) == (wanted, True), (name, status, sentence)
            assert sentence[0].isupper()
            assert "Traceback" not in sentence
        listed = (await (await client.get("/studio/garments")).json())["garments"]
        assert [each["source"] for each in listed] == [*reversed(hinted), *reversed(good)]
        assert (await (await client.get("/garments.json")).json()) == [], "shoppers see no drafts"


async def test_a_draft_is_mended_hung_up_told_to_shoppers_and_taken_down(tmp_path: Path) -> None:
    async with open_studio(tmp_path) as client:
        _, draft = await send(client, coded(lying()))
        one = f"/studio/garments/{draft['id']}"
        shopper = await client.ws_connect("/session")
        assert (await shopper.receive_json())["garments"] == []

        before = await cutout(client, draft["id"])
        mask = np.zeros_like(before)
        mask[..., 3] = before[..., 3]
        mask[300:500, 250:350, 3] = 0
        mask[20:60, 20:60, 3] = 255
        moved = {**draft["landmarks"], "armpit_left": [200.5, 300.0]}
        change = {"name": " Sunset ", "price": "19 €", "link": "https://shop.example/1", "landmarks": moved, "published": True,
                  "mask": base64.b64encode(coded(mask, "PNG")).decode()}  # fmt: skip
        saved = await (await client.put(one, json=change)).json()
        assert (saved["name"], saved["price"], saved["published"]) == ("Sunset", "19 €", True)
        assert saved["landmarks"]["armpit_left"] == [200.5, 300]
        after = await cutout(client, draft["id"])
        assert after[320:480, 270:330].max() == 0, "erased, colours too: nothing of the photo's surroundings goes out"
        photo = np.asarray(Image.open(io.BytesIO(await (await client.get(f"{one}/photo.jpg")).read())))
        assert np.abs(after[25:55, 25:55, :3].astype(int) - photo[25:55, 25:55]).max() <= 3, "brought back from the photo"
        same = (before[..., 3] == after[..., 3]) & (before[..., 3] > 0)
        assert (before[same] == after[same]).all()

        async def told(*names: str) -> list[dict[str, Any]]:
            """Wait until the shopper's page is told of these garments."""
            while True:
                message = await shopper.receive_json()
                if message["type"] == "garments" and [each["name"] for each in message["garments"]] == [*names]:
                    return message["garments"]

        (entry,) = await told("Sunset")
        assert (entry["price"], entry["link"]) == ("19 €", "https://shop.example/1")
        assert (await client.get(entry["picture"])).status == (await client.get(entry["thumbnail"])).status == 200
        placed = (await (await client.get(f"{one}/landmarks", params={"category": "skirt"})).json())["landmarks"]
        assert set(placed) == {"waistband_left", "waistband_right", "hemline_left", "hemline_right"}
        assert (await client.put(one, json={"category": "skirt", "landmarks": placed, "name": "Skirt"})).status == 200
        assert (await told("Skirt"))[0]["category"] == "skirt"
        await asyncio.to_thread(client.room.catalog.update, draft["id"], name="From a terminal")
        await told("From a terminal")
        assert (await client.delete(one)).status == 200
        await told()
        assert (await client.get(one)).status == 422
        await shopper.close()


async def test_changes_that_make_no_sense_are_refused_in_words(tmp_path: Path) -> None:
    async with open_studio(tmp_path) as client:
        _, draft = await send(client, coded(lying()))
        one = f"/studio/garments/{draft['id']}"
        wrong = base64.b64encode(coded(np.zeros((10, 10, 4), np.uint8), "PNG")).decode()
        nothing = base64.b64encode(coded(np.zeros((800, 600, 4), np.uint8), "PNG")).decode()
        for change, said in [
            ([], "object"),
            ({"name": ""}, "1 to 80 letters"),
            ({"name": 3}, "cannot be changed"),
            ({"link": "javascript:alert(1)"}, "whole address"),
            ({"category": "hat"}, "none of"),
            ({"category": "dress"}, "lacks landmarks"),
            ({"landmarks": {"armpit_left": [1e9, 0]}}, "lacks landmarks"),
            ({"landmarks": {**draft["landmarks"], "armpit_left": [1e9, 0]}}, "outside its picture"),
            ({"landmarks": {**draft["landmarks"], "armpit_left": "x"}}, "must be"),
            ({"file": "x"}, "cannot be changed"),
            ({"mask": "???"}, "base64"),
            ({"mask": base64.b64encode(b"no png").decode()}, "not a picture"),
            ({"mask": wrong}, "picture's size"),
            ({"mask": nothing}, "Nothing would be left"),
        ]:
            reply = await client.put(one, json=change)
            assert (reply.status, said in await reply.text()) == (422, True), (change, await reply.text())
        assert (await client.put(one, data=b"{")).status == 400
        assert (await client.get(f"{one}/landmarks", params={"category": "hat"})).status == 422
        for method, path in (
            ("GET", "/studio/garments/none"),
            ("DELETE", "/studio/garments/..%2fx"),
            ("GET", "/studio/garments/none/photo.jpg"),
        ):
            assert (await client.request(method, path)).status in (404, 422)
        elsewhere = {"Origin": "https://elsewhere.example"}
        assert (await client.delete(one, headers=elsewhere)).status == 403
        assert await (await client.get(one)).json() == draft


async def test_what_a_shopper_wears_is_told_with_what_is_like_it(tmp_path: Path) -> None:
    from skimage.data import astronaut

    async with open_studio(tmp_path) as client:
        room = client.room
        catalog = room.catalog
        for id in ("tee-sunset", "jeans"):
            _, draft = await send(client, coded(lying(id)))
            await client.put(f"/studio/garments/{draft['id']}", json={"published": True})
        await asyncio.to_thread(catalog.update, draft["id"], reader="an older one", embedding=None)
        answer = await room.studio.look(astronaut())
        assert answer["seen"]
        assert answer["pieces"]
        similar = {id for piece in answer["pieces"] for id in piece["similar"]}
        assert similar <= {each.id for each in catalog.list()}
        for piece in answer["pieces"]:
            assert piece["picture"].startswith("data:image/png;base64,")
            assert piece["tags"]["colours"]
        assert catalog.unread(room.studio._reader) == [], "what another network read was read again"
        assert await room.studio.look(floor(480, 640)) == {"seen": False, "pieces": []}


async def test_too_many_drafts_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(studio, "MOST_DRAFTS", 1)
    async with open_studio(tmp_path) as client:
        client.room.catalog.add(png(), "shirt", "blouse", landmarks("blouse"), published=False)
        status, sentence = await send(client, coded(lying()))
        assert (status, "save or delete" in sentence) == (422, True)


def add(one: int, other: int) -> int:
    return one + other


def wait_for(path: str) -> None:
    while not Path(path).exists():
        pass


def end() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def niceness() -> tuple[int, int]:
    return os.nice(0), cv2.getNumThreads()


async def test_the_workshop_does_the_urgent_first_and_outlives_its_process(tmp_path: Path) -> None:
    workshop = Workshop(most_waiting=2)
    async with asyncio.timeout(PATIENCE):
        assert await workshop.run(niceness) == (min(19, os.nice(0) + 10), 1)
        gate = tmp_path / "gate"
        done: list[str] = []
        running = asyncio.ensure_future(workshop.run(wait_for, str(gate)))
        await asyncio.sleep(0)

        async def job(name: str, urgency: int) -> None:
            await workshop.run(add, 1, 2, urgency=urgency)
            done.append(name)

        later = [asyncio.ensure_future(job("later", 2)), asyncio.ensure_future(job("urgent", 0))]
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            await workshop.run(add, 1, 2)
        running.cancel()  # who asked went away: the job is still under way, and its place in line is kept
        gate.touch()
        await asyncio.gather(*later)
        assert done == ["urgent", "later"]
        with pytest.raises(LostError):
            await workshop.run(end)
        assert await workshop.run(add, 3, 4) == 7
        slow = Workshop(patience=0.2)
        with pytest.raises(LostError):
            await slow.run(wait_for, str(tmp_path / "never"))
        await slow.close()
    await workshop.close()
