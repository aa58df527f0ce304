"""Pictures of shoppers who agree: nothing without consent, few of them, and theirs to delete."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from engines.errors import UserError
from streamer import keeping
from streamer.keeping import Keeping
from streamer.mailbox import Mailbox
from streamer.rtc.decoder import Decoded
from streamer.turn import Seat, serve
from tests.fakes import video_frame


class Shopper:
    """A session's consent, with what the page was told and a way to be in view."""

    def __init__(self, folder: Path | None, most: int = 100) -> None:
        self.told: list[dict] = []
        self.heard = asyncio.Event()
        self.seat = Seat(deliver=lambda returned: None)
        self.seat.inbox = Mailbox()
        self.files = ThreadPoolExecutor(1)
        self.keeping = Keeping(folder, most, self.seat, self.files, self._tell)

    async def _tell(self, message: dict) -> None:
        self.told.append(message)
        self.heard.set()

    async def is_seen(self, number: int) -> dict:
        """A frame of this shopper is served; what the page is told then."""
        while self.seat.keep is None:  # noqa: ASYNC110
            await asyncio.sleep(0)
        self.heard.clear()
        self.pass_by(number)
        await self.heard.wait()
        return self.told[-1]

    def pass_by(self, number: int) -> None:
        person = np.full((256, 192, 3), number, np.uint8)
        person[:, :, 0] += 100

        def pipeline(picture, garment, state, spans):
            return SimpleNamespace(frame=picture, state=state, status="ok", person=person)

        serve([(self.seat, Decoded(video_frame(), 0.0, 1.0))], pipeline)


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(keeping, "EVERY_SECONDS", 0.0)


def kept(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


async def test_nothing_is_written_without_consent_nor_after_it_was_taken_back(tmp_path):
    shopper = Shopper(tmp_path / "live")
    shopper.pass_by(1)
    assert not kept(tmp_path)
    await shopper.keeping.agree(True, None)
    assert shopper.told[-1] == {"type": "kept", "on": True, "count": 0, "limit": 20, "mine": None}
    under_way = shopper.seat.keep
    await shopper.keeping.agree(False, None)
    assert shopper.seat.keep is None
    under_way(np.zeros((256, 192, 3), np.uint8))  # the worker had taken it already
    await asyncio.sleep(0)
    shopper.files.shutdown()
    assert not kept(tmp_path)


async def test_who_agrees_leaves_crops_in_a_folder_of_their_own_and_sees_how_many(tmp_path):
    shopper = Shopper(tmp_path / "live")
    await shopper.keeping.agree(True, None)
    first = await shopper.is_seen(1)
    again = await shopper.is_seen(1)
    second = await shopper.is_seen(2)
    assert [message["count"] for message in (first, again, second)] == [1, 1, 2]
    mine = second["mine"]
    assert re.fullmatch("[0-9a-f]{32}", mine)
    assert (tmp_path / "live" / mine).stat().st_mode & 0o777 == 0o700
    pictures = [cv2.imread(str(path))[..., ::-1] for path in kept(tmp_path / "live" / mine)]
    assert sorted(tuple(picture[0, 0].tolist()) for picture in pictures) == [(101, 1, 1), (102, 2, 2)]
    assert {picture.shape for picture in pictures} == {(256, 192, 3)}
    shopper.keeping.close()
    assert shopper.seat.keep is None


async def test_one_shopper_leaves_few_and_all_together_no_more_than_the_shop_wants(tmp_path, monkeypatch):
    monkeypatch.setattr(keeping, "MOST", 2)
    first, second = Shopper(tmp_path, 3), Shopper(tmp_path, 3)
    for shopper in (first, second):
        await shopper.keeping.agree(True, None)
    assert "why" not in await first.is_seen(1)
    done = await first.is_seen(2)
    assert (done["why"], done["on"], done["count"]) == ("done", False, 2)
    assert first.seat.keep is None
    await first.keeping.agree(True, None)
    assert (await first.is_seen(9))["count"] == 2
    await second.is_seen(3)
    full = await second.is_seen(4)
    assert (full["why"], full["count"]) == ("full", 1)
    assert len(kept(tmp_path)) == 3


async def test_a_shopper_deletes_their_own_also_in_a_later_session_and_nobody_elses(tmp_path):
    first, second = Shopper(tmp_path), Shopper(tmp_path)
    for shopper in (first, second):
        await shopper.keeping.agree(True, None)
        await shopper.is_seen(1)
    mine = first.told[-1]["mine"]
    first.keeping.close()
    later = Shopper(tmp_path)
    await later.keeping.agree(False, mine)
    assert later.told[-1]["count"] == 1
    await later.keeping.forget(mine)
    assert later.told[-1] == {"type": "kept", "on": False, "count": 0, "limit": 20, "mine": None}
    assert [path.parent.name for path in kept(tmp_path)] == [second.told[-1]["mine"]]
    assert not (tmp_path / mine).exists()


@pytest.mark.parametrize("name", ["..", "../other", "/etc", "", "A" * 32, "0" * 31])
async def test_a_name_that_was_never_given_reaches_no_other_folder(tmp_path, name):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "precious.png").write_bytes(b"x")
    shopper = Shopper(tmp_path / "live")
    await shopper.keeping.forget(name or None)
    assert shopper.told[-1]["count"] == 0
    assert kept(tmp_path) == [tmp_path / "other" / "precious.png"]


async def test_a_full_disk_ends_it_in_words_and_the_session_goes_on(tmp_path, monkeypatch, caplog):
    def full(path, content):
        raise UserError(f"{path} cannot be written: No space left on device.")

    monkeypatch.setattr(keeping, "write_whole", full)
    shopper = Shopper(tmp_path)
    await shopper.keeping.agree(True, None)
    message = await shopper.is_seen(1)
    assert (message["why"], message["on"]) == ("fault", False)
    assert "No space left" in caplog.text
    assert shopper.seat.errors == 0


async def test_where_nobody_is_asked_agreeing_does_nothing(tmp_path):
    shopper = Shopper(None)
    await shopper.keeping.agree(True, None)
    await shopper.keeping.forget("0" * 32)
    assert [message["on"] for message in shopper.told] == [False, False, False]
    assert shopper.seat.keep is None
