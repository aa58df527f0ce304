"""kill -9 while garments are uploaded and edited: is each whole or absent, is the server back, is the phone?

    python -m tests.kills [--kills 50]

The real server is started again whenever it dies, at once, as systemd does with the unit of the README; a real page in Chromium
wears a garment all the time. Staff upload photos, change and delete garments over the studio's addresses, and at a random moment
the server is killed. Then: how long until it answers; is every garment as it was before or after what was under way, with all
of its files and no other; does the page wear its garment again? A line a kill, one JSON line last; exit status 1 when not.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from http.client import HTTPException
from pathlib import Path
from statistics import median
from urllib.error import URLError
from urllib.request import Request, urlopen

import cv2
import numpy as np
from playwright.sync_api import Page, sync_playwright

from streamer.catalog import Catalog
from tests.browser import ROOT, astronaut_frames, chromium, free_port, next_frame, open_page, start_mirror, wait_until, write_clip
from tests.photos import coded, lying
from tests.test_catalog import landmarks, png

FEWEST = 4  # garments there have to be for one to be deleted
LONGEST = 5.0  # s from the start of the changes to the kill
PHOTO = coded(lying())
GONE = (URLError, HTTPException, ConnectionError, TimeoutError)


class Kept:
    """A server that is started again whenever it ends, until ``stop``."""

    def __init__(self, data: Path) -> None:
        self.data, self.port = data, free_port()
        self.url = f"http://localhost:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._keep)
        self._thread.start()

    def _keep(self) -> None:
        command = [sys.executable, "-m", "streamer", "serve", "--http", "--port", str(self.port), "--data", str(self.data)]
        with (self.data / "log").open("ab") as log:
            while not self._stopping:
                self.process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
                self.process.wait()

    def wait(self, seconds: float = 180) -> float:
        """Until it answers: how long that took. Raises TimeoutError."""
        start = time.monotonic()
        while time.monotonic() - start < seconds:
            try:
                if self.ask("GET", "/healthz")[0] == 200:
                    return time.monotonic() - start
            except GONE:
                time.sleep(0.02)
        raise TimeoutError(f"the server did not answer within {seconds:g} s: {(self.data / 'log').read_text()[-500:]}")

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """One request. Raises one of GONE where the server dies under it."""
        with urlopen(Request(self.url + path, body, method=method), timeout=60) as reply:
            return reply.status, reply.read()

    def kill(self) -> None:
        """From one moment to the next."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)

    def stop(self) -> None:
        self._stopping = True
        while self._thread.is_alive():  # again and again: the one that was told may just have been followed by another
            if self.process is not None:
                self.process.send_signal(signal.SIGTERM)
            self._thread.join(5)


class Staff:
    """Uploads, changes and deletes until the server is gone. ``known``: each garment's name as it was answered last."""

    def __init__(self, server: Kept, dice: random.Random) -> None:
        self.server, self.dice = server, dice
        self.known: dict[str, str] = {}
        self.doing: tuple[str, str, str] | None = None  # what is under way: what, which garment, which name
        self.done = 0

    def begin(self) -> None:
        """What there is, but for what came with the project."""
        listed = json.loads(self.server.ask("GET", "/studio/garments")[1])["garments"]
        self.known = {each["id"]: each["name"] for each in listed if each["source"] != "built-in"}

    def work(self, kinds: tuple[str, ...]) -> None:
        """Do what ``kinds`` name, in any order, until the server is gone."""
        try:
            while True:
                self._one(self.dice.choice(kinds))
                self.done += 1
        except GONE:
            pass

    def _one(self, what: str) -> None:
        if what == "upload":
            self.doing = ("upload", "", "")
            _, body = self.server.ask("POST", f"/studio/garments?name=Kill+{self.done}.jpg", PHOTO)
            made = json.loads(body)
            self.known[made["id"]] = made["name"]
        elif what == "rename" or len(self.known) < FEWEST:
            id, name = self.dice.choice(sorted(self.known)), f"Name {self.dice.randrange(1000)}"
            self.doing = ("rename", id, name)
            self.server.ask("PUT", f"/studio/garments/{id}", json.dumps({"name": name}).encode())
            self.known[id] = name
        else:
            id = self.dice.choice(sorted(self.known))
            self.doing = ("delete", id, "")
            self.server.ask("DELETE", f"/studio/garments/{id}")
            del self.known[id]
        self.doing = None

    def look(self) -> list[str]:
        """In words, what is not as it was before or after what was under way; then ``known`` is what there is."""
        wrong = []
        listed = json.loads(self.server.ask("GET", "/studio/garments")[1])["garments"]
        found = {each["id"]: each["name"] for each in listed if each["source"] != "built-in"}
        what, which, name = self.doing or ("", "", "")
        if what != "upload":
            wrong += [f"{id} came from nowhere" for id in found.keys() - self.known.keys()]
        for id, kept in self.known.items():
            if id not in found and (what, which) != ("delete", id):
                wrong.append(f"{id} is gone")
            elif id in found and found[id] != kept and (what, which, name) != ("rename", id, found[id]):
                wrong.append(f"{id} is called {found[id]!r} instead of {kept!r}")
        for each in listed:
            wrong += self._files_of(each["id"])
        self.known, self.doing = found, None
        return wrong

    def _files_of(self, id: str) -> list[str]:
        wrong = []
        has_photo = json.loads(self.server.ask("GET", f"/studio/garments/{id}")[1])["has_photo"]
        for name in ("picture.png", "thumb.png", *(["photo.jpg"] if has_photo else [])):
            data = self.server.ask("GET", f"/studio/garments/{id}/{name}")[1]
            if cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) is None:
                wrong.append(f"{name} of {id} is damaged")
        return wrong


def orphans(server: Kept, count: int) -> list[str]:
    """Picture files beyond those of ``count`` garments: what a kill left and the next start did not sweep away."""
    files = [path.name for path in (server.data / "catalog" / "pictures").iterdir()]
    return [f"{len(files)} pictures of {count} garments"] if len(files) != count else []


def children() -> set[int]:
    """Processes of this project that nobody looks after any more."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((process / "stat").read_text().rsplit(") ", 1)[1].split()[1])
            if parent == 1 and b"streamer" in (process / "cmdline").read_bytes() and (process / "cwd").resolve() == ROOT:
                found.add(int(process.name))
        except OSError:
            continue
    return found


def stock(data: Path) -> None:
    """Garments to be changed and deleted."""
    catalog = Catalog(data / "catalog")
    for number in range(8):
        catalog.add(png(40 + 20 * number), f"Stock {number}", "blouse", landmarks("blouse"), photo=PHOTO)
    catalog.close()


def run(kills: int, seed: int, back_seconds: float, data: Path) -> dict:
    """The whole benchmark."""
    dice, wrong, back, again = random.Random(seed), [], [], []
    before = children()
    clip = write_clip(data / "camera.y4m", astronaut_frames(60, (320, 240)))
    stock(data)
    server = Kept(data)
    try:
        server.wait()
        with sync_playwright() as playwright, chromium(playwright, clip) as browser, open_page(browser, server.url + "/") as (page, _):
            garment = wear(page)
            staff = Staff(server, dice)
            staff.begin()
            for number in range(1, kills + 1):
                kinds = ("upload",) if number % 2 else ("rename", "rename", "rename", "delete")  # an upload takes much longer than a change
                working = threading.Thread(target=staff.work, args=(kinds,))
                working.start()
                page.wait_for_timeout(1000 * dice.uniform(0.05, LONGEST))
                server.kill()
                killed = time.monotonic()
                working.join()
                doing = staff.doing
                server.wait()
                back.append(time.monotonic() - killed)
                found = staff.look()
                found += orphans(server, len(json.loads(server.ask("GET", "/studio/garments")[1])["garments"]))
                is_worn(page, garment)
                again.append(time.monotonic() - killed)
                if back[-1] > back_seconds:
                    found.append(f"back after {back[-1]:.1f} s")
                what = doing[0] if doing else "nothing"
                print(f"{number:3}  during {what:7}  back {back[-1]:.1f} s, worn {again[-1]:.1f} s  {'; '.join(found)}", flush=True)
                wrong += found
    finally:
        server.stop()
    if left := children() - before:
        wrong.append(f"{len(left)} processes are left")
    return {
        "kills": kills,
        "changes": staff.done,
        "back_s": {"p50": round(median(back), 2), "max": round(max(back), 2)},
        "worn_again_s": {"p50": round(median(again), 2), "max": round(max(again), 2)},
        "wrong": wrong,
    }


def wear(page: Page) -> str:
    """Start the mirror and put the first garment on: its id."""
    start_mirror(page)
    button = page.locator("[data-garment]").nth(1)
    button.click()
    garment = button.get_attribute("data-garment") or ""
    is_worn(page, garment)
    return garment


def is_worn(page: Page, garment: str) -> None:
    """Wait until a picture comes back in which this garment is worn."""
    chosen = "document.querySelector('[data-garment][aria-pressed=\"true\"]')?.dataset.garment"
    wait_until(page, f"{chosen} === {garment!r} && document.body.dataset.state === 'ok'", 60)
    next_frame(page)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=50, metavar="N", help="default %(default)s")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the moments (default %(default)s)")
    parser.add_argument("--back", type=float, default=5, metavar="S", help="in which it has to answer again (default %(default)g)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = run(args.kills, args.seed, args.back, Path(folder))
    print(json.dumps(result))
    return 1 if result["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
