"""Twice as many shoppers as fit: do those who were let in keep their picture, and do the others get their turn?

    python -m tests.overload [--places 2] [--seconds 40]

The real server with ``--max-sessions`` places, and twice as many shoppers with clips of 640x480 at 30 frames a second
(tests/crowd.py). Those let in are watched; then one after another leaves, and the first in the queue must be let in. A table
for people, one JSON line last; exit status 1 where an admitted one fell below 15 frames a second or behind, or the queue's
order was not kept.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import aiohttp
import numpy as np

from tests.browser import Server
from tests.crowd import Guest, Seen, clip, cpu_seconds

SIZE = (640, 480)
SETTLE = 12.0  # s left out at the start: the codecs settle, and the picture takes the size that can be kept up
LEAST_FPS = 15.0
BOUND_MS = 1000.0  # a delay above this is not bounded: something queues
GROWTH_MS = 100.0  # and so much more at the end than at the beginning, too


@dataclass(frozen=True)
class Figures:
    """What one admitted shopper got."""

    fps: float
    delay_ms: tuple[float, float]  # median and 95th percentile
    growth_ms: float  # last third's median less the first's
    sizes: list[str]  # in the order in which they came


def figures(seen: list[Seen], begin: float, end: float) -> Figures:
    """Of what came back between two times of perf_counter."""
    inside = [each for each in seen if begin <= each.at < end]
    if len(inside) < 3:
        return Figures(0.0, (float("inf"), float("inf")), float("inf"), [])
    delays = np.array([1000 * each.delay for each in inside])
    third = (end - begin) / 3
    first = [d for d, each in zip(delays, inside, strict=True) if each.at < begin + third]
    last = [d for d, each in zip(delays, inside, strict=True) if each.at >= end - third]
    growth = float(median(last) - median(first)) if first and last else float("inf")
    sizes = list(dict.fromkeys(f"{each.size[0]}x{each.size[1]}" for each in seen))
    p50, p95 = np.percentile(delays, (50, 95))
    return Figures(round(len(inside) / (end - begin), 1), (round(p50, 1), round(p95, 1)), round(growth, 1), sizes)


async def crowd(server: Server, places: int, seconds: float) -> dict:
    """Fill the places twice; the figures of those admitted, and the order in which the others were."""
    clip(*SIZE)  # encoded before anybody comes: it takes seconds, and a silent phone is given up
    admitted: list[int] = []
    guests: list[Guest] = []
    watching: list[asyncio.Task] = []

    async def come(number: int) -> None:
        await guests[number].connect()
        admitted.append(number)
        guests[number].say(type="garment", id=guests[number].hello["garments"][0]["id"])
        watching.append(asyncio.ensure_future(guests[number].watch()))

    async with aiohttp.ClientSession(server.url) as client:
        coming = []
        for number in range(2 * places):
            guests.append(Guest(await client.ws_connect("session", max_msg_size=2**20), SIZE))
            coming.append(asyncio.ensure_future(come(number)))
            if number < places:
                await coming[number]
            else:
                while not guests[number].places:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        told = [guest.places[0] for guest in guests[places:]]
        await asyncio.sleep(SETTLE)
        begin, cpu = time.perf_counter(), cpu_seconds(server.pid)
        await asyncio.sleep(seconds)
        end, cpu = time.perf_counter(), cpu_seconds(server.pid) - cpu
        got = [figures(guests[number].seen, begin, end) for number in admitted]
        frames = sum(sum(begin <= each.at < end for each in guests[number].seen) for number in admitted)
        let_in = []
        lost = [number for number in admitted if not await _is_heard(guests[number])]
        if lost:
            return {"lost": lost, "server": list(server.said)[-5:]}
        for number in range(places):
            left = time.perf_counter()
            await guests[number].leave()
            await coming[places + number]
            let_in.append(round(1000 * (time.perf_counter() - left)))
        for guest in guests[places:]:
            await guest.leave()
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
    return {
        "admitted": [vars(each) for each in got],
        "told_places": told,
        "order": admitted,
        "connected_ms_after_one_left": let_in,
        "frames_a_second": round(frames / (end - begin), 1),
        "server_cores": round(cpu / (end - begin), 2),
        "cpu_ms_a_frame": round(1000 * cpu / max(1, frames), 1),
    }


async def _is_heard(guest: Guest) -> bool:
    try:
        await guest.ws.send_json({"type": "ping", "t": 0})
    except ConnectionError:
        return False
    return not guest.ws.closed


def judge(result: dict, places: int) -> list[str]:
    """In words, what is not as it is meant."""
    if "lost" in result:
        return [f"the server lost shopper {number}: {result['server']}" for number in result["lost"]]
    wrong = []
    for number, each in enumerate(result["admitted"]):
        if each["fps"] < LEAST_FPS:
            wrong.append(f"shopper {number} got {each['fps']} frames a second")
        if each["delay_ms"][1] > BOUND_MS or each["growth_ms"] > GROWTH_MS:
            wrong.append(f"shopper {number}'s delay is not bounded: p95 {each['delay_ms'][1]} ms, {each['growth_ms']} ms more at the end")
    if result["told_places"] != list(range(1, places + 1)):
        wrong.append(f"the places told were {result['told_places']}")
    if result["order"] != list(range(2 * places)):
        wrong.append(f"the order was {result['order']}")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--places", type=int, default=2, metavar="N", help="the server's --max-sessions (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=40, metavar="N", help="how long they are watched (default %(default)g)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder), options=("--max-sessions", str(args.places))) as server:
        result = asyncio.run(crowd(server, args.places, args.seconds))
    wrong = judge(result, args.places)
    if "lost" in result:
        print("wrong: " + "; ".join(wrong))
        return 1
    for number, each in enumerate(result["admitted"]):
        p50, p95 = each["delay_ms"]
        print(f"shopper {number}: {each['fps']:5.1f} frames a second, {p50:6.1f} ms (95%: {p95:.1f}), sizes {', '.join(each['sizes'])}")
    print(f"queue: told {result['told_places']}, let in {result['order']}; ms from one's leaving to the next's connection:", end=" ")
    print(*result["connected_ms_after_one_left"])
    print(f"server: {result['server_cores']} cores, {result['cpu_ms_a_frame']} ms of processor time a frame")
    print("wrong: " + ("; ".join(wrong) or "nothing"))
    print(json.dumps(result | {"wrong": wrong}))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
