"""The day's numbers: counted, kept, shown; and a disk that refuses."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime

import pytest

from streamer.numbers import DELAY_MS, FRAMES, SESSIONS, TRIES, Numbers, Row
from tests.shopper import Shopper
from tests.test_server import fitting_room

DAY = date(2026, 1, 31)


class Clock:
    now = datetime(2026, 1, 31, 10, 30)

    def __call__(self):
        return self.now


def test_counts_are_kept_by_hour_and_added_up(tmp_path):
    clock = Clock()
    numbers = Numbers(tmp_path / "numbers.sqlite", clock)
    numbers.count(SESSIONS)
    numbers.count(TRIES, "red")
    assert numbers.flush()
    numbers.count(SESSIONS)
    numbers.count(DELAY_MS, amount=12.5)
    clock.now = datetime(2026, 1, 31, 11, 0)
    numbers.count(SESSIONS)
    numbers.close()
    again = Numbers(tmp_path / "numbers.sqlite", clock)
    day = "2026-01-31"
    assert again.rows(DAY, DAY) == [
        Row(day, 10, DELAY_MS, "", 12.5),
        Row(day, 10, SESSIONS, "", 2),
        Row(day, 10, TRIES, "red", 1),
        Row(day, 11, SESSIONS, "", 1),
    ]
    assert again.rows(date(2026, 2, 1), date(2026, 2, 9)) == []
    clock.now = datetime(2027, 6, 1, 11, 0)  # what is older than a year and a bit goes
    again.close()
    late = Numbers(tmp_path / "numbers.sqlite", clock)
    assert late.rows(DAY, DAY) == []
    late.close()


def test_while_the_disk_refuses_numbers_are_kept_and_it_is_said_once(tmp_path, caplog):
    numbers = Numbers(tmp_path / "none" / "numbers.sqlite", Clock())
    numbers.count(FRAMES)
    assert not numbers.flush()
    numbers.count(FRAMES)
    assert not numbers.flush()
    assert numbers.rows(DAY, DAY) == [Row("2026-01-31", 10, FRAMES, "", 2)]
    assert sum("cannot be written" in record.getMessage() for record in caplog.records) == 1
    (tmp_path / "none").mkdir()
    assert numbers.flush()
    assert numbers.rows(DAY, DAY) == [Row("2026-01-31", 10, FRAMES, "", 2)]
    numbers.close()


async def test_a_session_is_counted_and_told_as_json_and_csv(tmp_path):
    async with fitting_room(tmp_path) as client:
        shopper = Shopper(await client.ws_connect("/session"))
        await shopper.connect(garment="red")
        await shopper.hear(type="frame", garment="red")
        await shopper.leave()
        told = await (await client.get("/numbers.json")).json()
        found = {(name, what): value for _, _, name, what, value in told["rows"]}
        assert found["sessions", ""] == 1
        assert found["tries", "red"] >= 1
        assert found["frames", ""] >= 1
        assert found["delay_ms", ""] > 0
        assert told["names"]["red"] == "Red"
        client.room.numbers.count(TRIES, "=cmd|' /C calc'!A0")
        reply = await client.get("/numbers.csv")
        assert "attachment" in reply.headers["Content-Disposition"]
        rows = list(csv.reader(io.StringIO(await reply.text())))
        assert rows[0] == ["day", "hour", "name", "what", "value"]
        assert any(row[3].startswith("'=cmd") for row in rows)


@pytest.mark.parametrize("query", ["from=today", "from=2026-01-31&to=2026-01-30", "from=2020-01-01&to=2026-01-01", "to=2026-13-01"])
async def test_days_that_cannot_be_meant_are_refused(tmp_path, query):
    async with fitting_room(tmp_path) as client:
        for path in ("/numbers.json", "/numbers.csv"):
            reply = await client.get(f"{path}?{query}")
            assert reply.status == 400
            assert (await reply.text()).endswith(".\n")
