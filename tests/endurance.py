"""A day in a shop, made short: shoppers come, turn their phones, and go, garments are uploaded; does the server stay as it was?

    python -m tests.endurance [--minutes 60]

The real server, as a user starts it; shoppers with clips for cameras (tests/crowd.py). Compared are the first sixth after a
warm-up and the last: memory within 5%, the middle delay within 5 ms. When all have gone, no thread and no socket is left that
was not there before. A table for people, one JSON line last; exit status 1 when something has changed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import aiohttp
import cv2
import numpy as np

from streamer.catalog import Catalog
from tests.browser import Server
from tests.crowd import Guest, clip, cpu_seconds, descriptors, memory_mb, threads

SIZES = ((320, 240), (240, 320), (480, 360), (360, 480))  # of the cameras: small ones, for the crowd shares the cores with the server
STAY = (4.0, 14.0)  # s a shopper stays
TURN = 2.5  # s between two turns of a phone
UPLOAD = 20.0  # s between two uploads
MEMORY, DELAY_MS = 0.05, 5.0  # what may have changed
ENDS = ("bye", "vanish", "bye")
LAZY = 6  # threads that asyncio's own pool may still start when it is first asked for so many at once (min(32, cores + 4) here)


@dataclass
class Log:
    """What was seen: (s since the start, value)."""

    memory: list[tuple[float, float]] = field(default_factory=list)
    delays: list[tuple[float, float]] = field(default_factory=list)
    sessions: int = 0
    uploads: int = 0
    turned: int = 0
    unread: int = 0
    wrong: list[str] = field(default_factory=list)


async def shop(server: Server, catalog: Catalog, seconds: float, at_once: int, seed: int = 0) -> Log:
    """Be a day's shoppers for ``seconds``."""
    for size in SIZES:
        clip(*size)  # encoded before anybody comes: it takes seconds, and a silent phone is given up
    log, dice, start = Log(), random.Random(seed), time.perf_counter()
    end = start + seconds
    async with aiohttp.ClientSession(server.url) as client, asyncio.TaskGroup() as everybody:
        for number in range(at_once):
            everybody.create_task(_queue(client, log, random.Random(dice.random()), start, end, number))
        everybody.create_task(_upload(catalog, log, end))
        everybody.create_task(_weigh(server, log, start, end))
    return log


async def try_everything_on(server: Server) -> None:
    """One shopper puts on every garment: the server keeps decoded ones, up to a limit that is to be reached before anything is compared."""
    clip(*SIZES[0])
    async with aiohttp.ClientSession(server.url) as client:
        guest = Guest(await client.ws_connect("session", max_msg_size=2**20), SIZES[0])
        try:
            await guest.connect()
            for garment in guest.hello["garments"]:
                guest.say(type="garment", id=garment["id"])
                for _ in range(10):
                    await guest.hear(type="frame")
            await guest.leave()
        except BaseException:
            await guest.clean_up()
            raise


async def _queue(client: aiohttp.ClientSession, log: Log, dice: random.Random, start: float, end: float, number: int) -> None:
    """One shopper after another."""
    while (left := end - time.perf_counter()) > 0:
        try:
            async with asyncio.timeout(60):
                await _visit(client, log, dice, start, min(left, dice.uniform(*STAY)), ENDS[(log.sessions + number) % len(ENDS)])
        except (TimeoutError, AssertionError, aiohttp.ClientError) as error:
            log.wrong.append(f"{type(error).__name__}: {error}"[:200])


async def _visit(client: aiohttp.ClientSession, log: Log, dice: random.Random, start: float, stay: float, end: str) -> None:
    ws = await client.ws_connect("session", max_msg_size=2**20)
    guest = Guest(ws, dice.choice(SIZES))
    watching = None
    try:
        await guest.connect()
        garments = [garment["id"] for garment in guest.hello["garments"]]
        guest.say(type="garment", id=dice.choice(garments))
        watching = asyncio.ensure_future(guest.watch())
        until = time.perf_counter() + stay
        while (left := until - time.perf_counter()) > 0:
            await asyncio.sleep(min(TURN, left))
            guest.camera.turn(dice.choice(SIZES))
            guest.say(type="garment", id=dice.choice([*garments, None]))
            log.turned += 1
        await (guest.leave() if end == "bye" else guest.vanish())
        await asyncio.gather(watching, return_exceptions=True)
    except BaseException:
        await guest.clean_up()
        raise
    finally:
        if watching:
            watching.cancel()
        log.sessions += 1
        log.unread += guest.unread
        log.delays += [(seen.at - start, 1000 * seen.delay) for seen in guest.seen]
    if not guest.seen and stay > 3:
        log.wrong.append(f"a shopper who stayed {stay:.1f} s saw nothing")


async def _upload(catalog: Catalog, log: Log, end: float) -> None:
    """Garments come and go, from another process than the server's."""
    loop, kept = asyncio.get_running_loop(), []
    while end - time.perf_counter() > UPLOAD:
        await asyncio.sleep(UPLOAD)
        entry = await loop.run_in_executor(None, lambda: catalog.add(_picture(log.uploads), f"Upload {log.uploads}", "skirt", _LANDMARKS))
        kept.append(entry.id)
        log.uploads += 1
        if len(kept) > 5:
            await loop.run_in_executor(None, catalog.delete, kept.pop(0))


async def _weigh(server: Server, log: Log, start: float, end: float) -> None:
    while time.perf_counter() < end:
        log.memory.append((time.perf_counter() - start, memory_mb(server.pid)))
        await asyncio.sleep(1)


_LANDMARKS = {"waistband_left": [60, 20], "waistband_right": [140, 20], "hemline_left": [40, 280], "hemline_right": [160, 280]}


def _picture(number: int) -> bytes:
    picture = np.zeros((300, 200, 4), np.uint8)
    cv2.fillConvexPoly(picture, np.array([[60, 10], [140, 10], [170, 290], [30, 290]]), (number * 37 % 255, 90, 160, 255))
    return cv2.imencode(".png", picture)[1].tobytes()


def held(server: Server) -> dict:
    """The threads and open files of the server's process."""
    return {"threads": Counter(threads(server.pid)), "descriptors": Counter(descriptors(server.pid))}


def settled(server: Server, like: dict | None = None, seconds: float = 30) -> dict:
    """What the server holds once nobody is left; waits until that is no more than ``like``, or no longer."""
    until = time.monotonic() + seconds
    while True:
        now = held(server)
        if (like is not None and not more(like, now)) or time.monotonic() > until:
            return now
        time.sleep(1)


def more(before: dict, after: dict) -> list[str]:
    """In words, what there is more of."""
    allowed = {"threads": LAZY, "descriptors": 0}
    grown = ((kind, name, count) for kind in before for name, count in (after[kind] - before[kind]).items())
    return [f"{count} more {kind}: {name}" for kind, name, count in grown if count > allowed[kind]]


def parts(samples: list[tuple[float, float]], begin: float, end: float) -> tuple[float, float]:
    """The median of the first sixth between ``begin`` and ``end`` and that of the last."""
    length = (end - begin) / 6
    first = [value for at, value in samples if begin <= at < begin + length]
    last = [value for at, value in samples if end - length <= at < end]
    return median(first), median(last)


def judge(log: Log, begin: float, end: float, before: dict, after: dict) -> tuple[dict, list[str]]:
    """The figures, and in words what is not as it was."""
    memory, delay = parts(log.memory, begin, end), parts(log.delays, begin, end)
    wrong = [*log.wrong, *more(before, after)]
    if memory[1] > memory[0] * (1 + MEMORY):
        wrong.append(f"{memory[1]:.1f} MB instead of {memory[0]:.1f}")
    if delay[1] > delay[0] + DELAY_MS:
        wrong.append(f"middle delay {delay[1]:.1f} ms instead of {delay[0]:.1f}")
    figures = {
        "sessions": log.sessions,
        "turned": log.turned,
        "uploads": log.uploads,
        "frames": len(log.delays),
        "unread": log.unread,
        "memory_mb": [round(value, 1) for value in memory],
        "delay_ms": [round(value, 1) for value in delay],
        "wrong": wrong,
    }
    return figures, wrong


def run(minutes: float, at_once: int, data: Path) -> tuple[dict, list[str]]:
    """The whole benchmark."""
    catalog = Catalog(data / "catalog")
    try:
        with Server(data, options=("--max-sessions", str(at_once + 2))) as server:
            warm_up = min(60.0, 12 * minutes)
            asyncio.run(try_everything_on(server))
            asyncio.run(shop(server, catalog, warm_up, at_once, seed=1))  # pools fill
            before = settled(server)
            cpu = cpu_seconds(server.pid)
            log = asyncio.run(shop(server, catalog, 60 * minutes, at_once))
            cpu = cpu_seconds(server.pid) - cpu
            after = settled(server, before)
            figures, wrong = judge(log, 0, 60 * minutes, before, after)
    finally:
        catalog.close()
    return figures | {"minutes": minutes, "cpu_ms_a_frame": round(1000 * cpu / max(1, len(log.delays)), 1)}, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=60, metavar="N", help="after a warm-up (default %(default)g)")
    parser.add_argument("--at-once", type=int, default=2, metavar="N", help="shoppers at once (default %(default)s)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures, wrong = run(args.minutes, args.at_once, Path(folder))
    for name, value in figures.items():
        print(f"{name:>16}  {value}")
    print(json.dumps(figures))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
