"""Two replicas on this machine under Ray Serve: one killed under real pages in a real Chromium, one let go with a shopper in it.

Slow, so not run by default: python -m pytest -m slow -s tests/test_cluster.py
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import contextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
from aiohttp import WSMsgType
from playwright.sync_api import sync_playwright

from engines.errors import UserError
from streamer.cluster import add_arguments, replica_range, run
from tests.browser import (
    NO_CHROMIUM,
    ROOT,
    Server,
    astronaut_frames,
    chromium,
    find_chromium,
    next_frame,
    open_page,
    wait_until,
    write_clip,
)
from tests.shopper import Shopper

PORTS = (27300, 27399)
GARMENT = "document.querySelector('[data-garment][aria-pressed=\"true\"]')?.dataset.garment"


def test_how_many_replicas():
    assert replica_range("3") == (3, 3)
    assert replica_range("1-4") == (1, 4)


@pytest.mark.parametrize("text", ["0", "4-1", "two", "", "1-", "-1", "1-2-3"])
def test_what_is_no_number_of_replicas(text):
    with pytest.raises(UserError, match="--replicas"):
        replica_range(text)


@pytest.mark.parametrize("option", ["--calm-seconds", "--leave-minutes", "--cpus", "--gpus"])
@pytest.mark.parametrize("value", ["-1", "nan", "inf"])
def test_what_cannot_be_meant_is_refused_before_anything_starts(option, value):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    with pytest.raises(UserError, match=f"{option} .* cannot be meant"):
        run(parser.parse_args([f"{option}={value}"]))


class Cluster(Server):
    """``python -m streamer cluster --http`` as a user starts it."""

    def __init__(self, data, options):
        super().__init__(data, options=("--host", "127.0.0.1", *options))
        self._command[self._command.index("serve")] = "cluster"

    def stop(self, how=signal.SIGINT):
        self._process.send_signal(how)
        self._process.wait(timeout=90)
        super().stop(signal.SIGKILL)


def replicas():
    """Process id and media ports of each replica that is alive."""
    found = {}
    inodes = {}
    for table in ("/proc/net/udp", "/proc/net/udp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            inodes[fields[9]] = int(fields[1].rsplit(":", 1)[1], 16)
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            title = process.joinpath("cmdline").read_bytes()
            if title.startswith(b"ray::") and b"fitting-room" in title:
                sockets = [str(each.readlink()) for each in process.joinpath("fd").iterdir()]
                ports = {inodes.get(each.removeprefix("socket:[").rstrip("]"), 0) for each in sockets}
                found[int(process.name)] = {port for port in ports if PORTS[0] <= port <= PORTS[1]}
    return found


def is_worn(page, garment, seconds=60):
    """Wait until a picture comes back in which this garment is worn."""
    wait_until(page, f"{GARMENT} === {garment!r} && document.body.dataset.state === 'ok'", seconds)
    next_frame(page)


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.skipif(find_chromium() is None, reason=NO_CHROMIUM)
def test_a_killed_replica_leaves_its_phone_to_the_other_with_the_garment_chosen(tmp_path, capsys):
    pytest.importorskip("ray", reason="Ray Serve is not installed: pip install -r requirements-cluster.txt")
    options = ("--replicas", "2", "--cpus", "0.5", "--max-sessions", "2", "--media-ports", f"{PORTS[0]}-{PORTS[1]}")
    clip = write_clip(tmp_path / "camera.y4m", astronaut_frames(60, (320, 240)))
    with (
        Cluster(tmp_path / "data", options) as cluster,
        sync_playwright() as playwright,
        chromium(playwright, clip) as browser,
        open_page(browser, cluster.url) as (one, _),
        open_page(browser, cluster.url) as (other, _),
    ):
        worn = {}
        for number, page in enumerate((one, other)):
            page.click("#start")
            page.wait_for_selector("body.returned", timeout=60_000)
            button = page.locator("[data-garment]").nth(1 + number)
            worn[page] = button.get_attribute("data-garment")
            button.click()
            is_worn(page, worn[page])
        before = replicas()
        assert len(before) == 2
        assert all(before.values()), f"each replica has one of the two phones, and ports of the range: {before}"
        killed, left = before
        os.kill(killed, signal.SIGKILL)
        start = time.monotonic()
        while len(replicas().get(left, ())) < 2 * len(before[left]):  # its phone has ports at the other one now
            assert time.monotonic() - start < 60, "the phone of the killed replica did not come to the other one"
            one.wait_for_timeout(100)
        for page in (one, other):
            is_worn(page, worn[page])
        with capsys.disabled():
            print(f"\nboth worn again {time.monotonic() - start:.1f} s after the kill")


WATCH = """
import json, time
import ray
from ray import serve
ray.init("auto", log_to_driver=False, logging_level="ERROR")
while True:
    print(json.dumps(serve.status().applications["fitting-room"].deployments["fitting-room"].replica_states), flush=True)
    time.sleep(0.5)
"""


@contextmanager
def states():
    """A deque whose last entry says how many replicas are in which state."""
    said = deque([{}], maxlen=1)
    with subprocess.Popen([sys.executable, "-c", WATCH], cwd=ROOT, stdout=subprocess.PIPE, text=True) as watching:

        def listen():
            for line in watching.stdout:
                said.append({state: count for state, count in json.loads(line).items() if count})

        listening = threading.Thread(target=listen)
        listening.start()
        try:
            yield said
        finally:
            watching.terminate()
            listening.join()


class Visitor(Shopper):
    """A shopper who also says something each second: under ASGI, pings are the carrier's and not heard by the server."""

    async def _ping(self):
        with suppress(ConnectionError):
            while not self.ws.closed:
                await self.ws.send_json({"type": "ping", "t": 0})
                if not self.opened.is_set():
                    await asyncio.sleep(1)
                    continue
                with suppress(TimeoutError):  # nobody else reads any more, and who does not read answers no pings of the carrier's
                    while (await self.ws.receive(timeout=1)).type is not WSMsgType.CLOSED:
                        pass

    async def _next(self):
        while (message := await super()._next())["type"] == "pong":
            pass
        return message


async def until(condition, seconds=90):
    """Wait for it. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.2)


async def goes_on(visitor, frames=15):
    """So many more pictures come back."""
    async with asyncio.timeout(30):
        for _ in range(frames):
            await visitor.frame()


@pytest.mark.slow
async def test_a_replica_that_is_no_longer_needed_lives_until_its_last_shopper_has_left(tmp_path, capsys):
    pytest.importorskip("ray", reason="Ray Serve is not installed: pip install -r requirements-cluster.txt")
    ports = f"{PORTS[0]}-{PORTS[1]}"
    options = ("--replicas", "1-2", "--cpus", "0.5", "--max-sessions", "4", "--calm-seconds", "3", "--media-ports", ports)
    with Cluster(tmp_path / "data", options) as cluster, states() as said:
        async with aiohttp.ClientSession(cluster.url) as client:

            async def come():
                visitor = Visitor(await client.ws_connect("session"))
                async with asyncio.timeout(60):
                    await visitor.connect()
                return visitor

            crowd = [await come() for _ in range(4)]  # more than three quarters of one replica's places: a second one starts
            await until(lambda: said[0] == {"RUNNING": 2})
            first = next(pid for pid, taken in replicas().items() if taken)
            other = await come()  # to the less busy of the two
            second = next(pid for pid, taken in replicas().items() if taken and pid != first)
            for each in crowd[1:]:
                await each.leave()
            await until(lambda: said[0] == {"RUNNING": 1, "STOPPING": 1})
            before = replicas()
            await asyncio.gather(goes_on(crowd[0]), goes_on(other))
            newcomer = await come()
            staying = next(pid for pid, taken in replicas().items() if len(taken) > len(before[pid]))
            await goes_on(newcomer)
            here, there = (crowd[0], other) if staying == second else (other, crowd[0])
            await goes_on(here)
            start = time.monotonic()
            await here.leave()  # the last of the one that is no longer needed
            await until(lambda: said[0] == {"RUNNING": 1} and len(replicas()) == 1)
            assert set(replicas()) == {staying}
            with capsys.disabled():
                print(f"\nthe replica ended {time.monotonic() - start:.1f} s after its last shopper had left")
            await asyncio.gather(goes_on(there), goes_on(newcomer))
            await there.leave()
            await newcomer.leave()
