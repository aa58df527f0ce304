"""Sessions opened and dropped one after another, half of them without goodbye: what is left in the server's process?

    python -m tests.soak [--sessions 200]

The server (with the tests' pipeline) runs in a child process that counts its own threads, descriptors, tasks, live sessions
and memory. A table for people, one JSON line last; exit status 1 when something was left behind.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import resource
import sys
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import aiohttp
from aiohttp import web

from streamer.aiohttp_app import make_app
from streamer.config import Config
from streamer.rtc.connection import PeerConnection
from streamer.server import Server
from streamer.session import Session
from tests.fakes import FakeCatalog, FakePipeline
from tests.shopper import Shopper

SILENCE = 1.5  # seconds the server waits for a silent page here; 4 in a shop
ENDS = ("bye", "vanish", "bye", "silence")  # how sessions end, in turn
POOLS = ("encoder", "files")  # their threads stay, and are few
CLOSED = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
MEMORY_MB = 20  # growth that is still the allocator's: after 300 sessions there is none any more


async def child() -> None:
    """The server; a line on stdin is answered by its counts."""
    server = Server(replace(Config(), max_sessions=50, silence_seconds=SILENCE, ping_seconds=0.3), FakePipeline(), FakeCatalog())
    runner = web.AppRunner(make_app(server), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    lines = asyncio.StreamReader()
    pipe, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while await lines.readline():
        print(json.dumps(counts(server)), flush=True)
    await runner.cleanup()
    pipe.close()


def counts(server: Server) -> dict:
    """What this process holds now."""
    gc.collect()
    kinds = Counter(type(thing) for thing in gc.get_objects() if isinstance(thing, Session | PeerConnection))
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "sessions": len(server.sessions),
        "live": sum(kinds.values()),
        "threads": sum(not thread.name.startswith(POOLS) for thread in threading.enumerate()),
        "tasks": len(asyncio.all_tasks()),
        "descriptors": len(os.listdir("/proc/self/fd")),  # noqa: PTH208
        "mb": round(pages * resource.getpagesize() / 2**20, 1),
    }


async def soak(sessions: int, warm_up: int, say=print) -> tuple[dict, dict]:
    """The counts after the warm-up and at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.soak", "--child", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        port = int(await process.stdout.readline())
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
            await open_and_drop(client, warm_up)
            before = await settled(process)
            say(f"after {warm_up:4} sessions: {before}")
            for done in range(0, sessions, 50):
                await open_and_drop(client, min(50, sessions - done))
                after = await settled(process)
                say(f"after {warm_up + min(done + 50, sessions):4} sessions: {after}")
        return before, after
    finally:
        process.stdin.close()
        await process.wait()


async def settled(process: asyncio.subprocess.Process) -> dict:
    """The child's counts once its sessions have ended and nothing but the reading of this request goes on."""
    deadline = time.monotonic() + 10 * SILENCE + 10
    while True:
        process.stdin.write(b"\n")
        found = json.loads(await process.stdout.readline())
        if (found["sessions"] == 0 and found["tasks"] == 1) or time.monotonic() > deadline:
            return found
        await asyncio.sleep(0.2)


async def open_and_drop(client: aiohttp.ClientSession, count: int) -> None:
    """Each session sees a dressed frame and ends in its way; silent ones are left lying while the next go on."""
    silent = []
    for number in range(count):
        end = ENDS[number % len(ENDS)]
        ws = await client.ws_connect("/session", autoping=end != "silence", max_msg_size=2**20)
        shopper = Shopper(ws)
        await shopper.connect(garment="red")
        await shopper.frame()
        if end == "bye":
            await shopper.leave()
        elif end == "vanish":
            await shopper.vanish()
        else:
            await shopper.go_silent()
            silent.append(shopper)
    for shopper in silent:
        async with asyncio.timeout(SILENCE + 10):
            while (await shopper.ws.receive()).type not in CLOSED:
                pass  # the server has noticed when it closes
        await shopper.clean_up()


def left_behind(before: dict, after: dict) -> list[str]:
    """In words, what there is more of than before."""
    counted = ("threads", "tasks", "descriptors")
    grown = [f"{after[name]} {name} instead of {before[name]}" for name in counted if after[name] > before[name]]
    grown += [f"{after['live']} session objects"] if after["live"] else []
    grown += [f"{after['mb'] - before['mb']:.1f} MB"] if after["mb"] - before["mb"] > MEMORY_MB else []
    return grown


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--warm-up", type=int, default=50, help="sessions before counting starts: pools fill, caches are made")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        asyncio.run(child())
        return 0
    start = time.monotonic()
    before, after = asyncio.run(soak(args.sessions, args.warm_up))
    left = left_behind(before, after)
    print("left behind: " + (", ".join(left) or "nothing"))
    seconds = round(time.monotonic() - start)
    print(json.dumps({"sessions": args.sessions, "seconds": seconds, "before": before, "after": after, "left": left}))
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
