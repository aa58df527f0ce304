"""Two replicas on this machine under Ray Serve, real pages in a real Chromium, one replica killed.

Slow, so not run by default: python -m pytest -m slow -s tests/test_cluster.py
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from engines.errors import UserError
from streamer.cluster import replica_range
from tests.browser import NO_CHROMIUM, Server, astronaut_frames, chromium, find_chromium, next_frame, open_page, wait_until, write_clip

PORTS = (27300, 27399)
GARMENT = "document.querySelector('[data-garment][aria-pressed=\"true\"]')?.dataset.garment"


def test_how_many_replicas():
    assert replica_range("3") == (3, 3)
    assert replica_range("1-4") == (1, 4)


@pytest.mark.parametrize("text", ["0", "4-1", "two", "", "1-", "-1", "1-2-3"])
def test_what_is_no_number_of_replicas(text):
    with pytest.raises(UserError, match="--replicas"):
        replica_range(text)


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
