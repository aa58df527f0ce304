"""The mirror over a bad network: as tests.latency, with Chromium in a network namespace of its own behind a path that loses and delays.

    python -m tests.lossy [--loss 5] [--delay 50] [--seconds N] [--size WxH] [--switch]

The path is two TUN devices, one in the namespace, with a process between them that drops packets at random and holds the others
back; tc's netem does the same, but not every kernel has it. Its packets are 1,280 bytes at most. Root on Linux only.
Prints a table, then one JSON object on the last line.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import heapq
import json
import os
import random
import select
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.browser import Server, find_chromium
from tests.latency import Seen, first_garment, marked_clip, percentile, summary, table, unwrap, watch

NAMESPACE, HERE, THERE, ELSEWHERE = "fitting-room-test", "10.213.77.1", "10.213.77.2", "10.213.77.3"
DEVICES = ("mirror-here", "mirror-there")
MTU = 1280
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000


def relay(loss: float, delay: float, seed: int = 1) -> None:
    """Carry packets between the two devices until killed: each lost with probability ``loss``, the others ``delay`` seconds late."""
    ends = [_tun(name) for name in DEVICES]
    print("ready", flush=True)
    luck = random.Random(seed)
    under_way: list[tuple[float, int, int, bytes]] = []
    number = 0
    while True:
        wait = max(0.0, under_way[0][0] - time.monotonic()) if under_way else None
        for end in select.select(ends, [], [], wait)[0]:
            packet = os.read(end, 65536)
            number += 1
            if luck.random() >= loss:
                heapq.heappush(under_way, (time.monotonic() + delay, number, ends[end == ends[0]], packet))
        while under_way and under_way[0][0] <= time.monotonic():
            _, _, end, packet = heapq.heappop(under_way)
            with contextlib.suppress(OSError):  # the device is not up yet: one more packet is lost
                os.write(end, packet)


def _tun(name: str) -> int:
    end = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(end, TUNSETIFF, struct.pack("16sH14s", name.encode(), IFF_TUN | IFF_NO_PI, b""))
    return end


@contextlib.contextmanager
def bad_path(loss: float, delay: float) -> Iterator[None]:
    """A namespace that reaches this machine at HERE over a path with this loss (0..1) and delay (seconds, each way)."""
    run = [sys.executable, "-m", "tests.lossy", "--relay", str(loss), str(delay)]
    with subprocess.Popen(run, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            if process.stdout.readline() != "ready\n":
                raise RuntimeError("no TUN devices here: this benchmark needs Linux, root and /dev/net/tun")
            inside = ("ip", "-n", NAMESPACE)
            subprocess.run(["ip", "netns", "delete", NAMESPACE], check=False, capture_output=True)  # of a run that was killed
            for command in (
                ("ip", "netns", "add", NAMESPACE),
                ("ip", "link", "set", DEVICES[1], "netns", NAMESPACE),
                ("ip", "address", "add", f"{HERE}/29", "dev", DEVICES[0]),
                ("ip", "link", "set", DEVICES[0], "mtu", str(MTU), "up"),
                (*inside, "address", "add", f"{THERE}/29", "dev", DEVICES[1]),
                (*inside, "link", "set", DEVICES[1], "mtu", str(MTU), "up"),
                (*inside, "link", "set", "lo", "up"),
            ):
                subprocess.run(command, check=True)
            yield
        finally:
            process.kill()
            subprocess.run(["ip", "netns", "delete", NAMESPACE], check=False, capture_output=True)


def switch_network() -> None:
    """Give Chromium's side another address: every connection of the old one is dead."""
    for what, address in (("delete", THERE), ("add", ELSEWHERE)):
        subprocess.run(["ip", "-n", NAMESPACE, "address", what, f"{address}/29", "dev", DEVICES[1]], check=True)


def recovery(seen: Seen) -> dict[str, Any]:
    """How long the returned picture stood still, and how long the server waited for the packets of a frame, ms."""
    shown = sorted({number: row[1] for number, row in reversed([*zip(unwrap(seen.view), seen.view, strict=True)])}.values())
    still = np.diff(shown)
    at = [report["at"] for report in seen.reports if "at" in report]
    return {
        "assembled_ms": {f"p{share}": percentile([each["complete"] - each["arrived"] for each in at], share) for share in (50, 95)},
        "still_p99_ms": percentile(still, 99),
        "still_longest_ms": percentile(still, 100),
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.lossy", description=__doc__.split("\n")[0])
    parser.add_argument("--loss", type=float, default=5, help="percent of packets, each way (default %(default)s)")
    parser.add_argument("--delay", type=float, default=50, help="ms, each way (default %(default)s)")
    parser.add_argument("--size", default="640x480", metavar="WxH", help="of the camera (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=30, help="how long to measure (default %(default)s)")
    parser.add_argument(
        "--switch", action="store_true", help="midway from Wi-Fi to mobile, so to speak: all connections of the old address are dead"
    )
    parser.add_argument("--relay", nargs=2, type=float, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.relay:
        relay(*args.relay)
    width, height = map(int, args.size.split("x"))
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lossy-")))
        clip = marked_clip(folder / "clip.y4m", None, (width, height))
        server = stack.enter_context(Server(folder / "data", options=["--no-door"]))
        garment = first_garment(server.url)
        stack.enter_context(bad_path(args.loss / 100, args.delay / 1000))
        inside = folder / "chromium"
        inside.write_text(f'#!/bin/sh\nexec ip netns exec {NAMESPACE} {find_chromium()} "$@"\n')
        inside.chmod(0o755)
        os.environ["CHROMIUM"] = str(inside)
        url = f"http://mirror.localhost:{server.port}/"  # by its name a page that may use the camera
        flags = (f"--host-resolver-rules=MAP mirror.localhost {HERE}",)
        midway = switch_network if args.switch else None
        seen = watch(url, clip, (width, height), garment, args.seconds, flags, midway=midway)
    figures = summary(seen, garment) | recovery(seen) | {"loss_percent": args.loss, "delay_ms": args.delay}
    print(table(figures))
    print(f"  {'picture stood still, p99':<26}{figures['still_p99_ms']:>9.1f} ms (at most {figures['still_longest_ms']:.0f})")
    print(f"  {'server waits for packets':<26}{figures['assembled_ms']['p50']:>9.1f}{figures['assembled_ms']['p95']:>9.1f} ms (p50, p95)")
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
