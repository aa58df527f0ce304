"""``python -m streamer profile``: glass to glass in a real browser, through the profiler's own page. A store's acceptance test."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import urlopen

import cv2
import numpy as np

from engines.errors import UserError

from .chromium import chromium, playwright, write_clip
from .clip import clip_frames, default_clip
from .config import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page

LONGEST_CLIP = 300  # frames; the camera plays them over and over
START_SECONDS = 60  # until the own server answers
SLACK_SECONDS = 60  # beyond what is measured, until a run is called stuck
PASSWORD = "FITTING_ROOM_PASSWORD"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``profile``."""
    parser.add_argument("--url", help=f"a running fitting room (default: one is started here); {PASSWORD} signs in as staff")
    parser.add_argument("--seconds", type=float, default=30, help="how long to measure (default %(default)s)")
    parser.add_argument("--video", type=Path, metavar="FILE", help="what the camera sees (default: as in bench)")
    parser.add_argument("--size", default="640x480", metavar="WxH", help="of the camera (default %(default)s)")
    parser.add_argument("--garment", metavar="ID", help='what to wear (default: the first of the list; "none": nothing)')
    parser.add_argument("--codec", choices=("H264", "VP8"), help="default: the server's choice")
    parser.add_argument("--mode", choices=("whole", "overlay"), default="whole", help="what comes back (default %(default)s)")
    parser.add_argument("--trace", type=Path, metavar="FILE", help="save the recording as a trace, for Perfetto and for the page")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="save the frames as CSV")
    parser.add_argument("--p50", type=float, metavar="MS", help="exit with status 1 where the median is above")
    parser.add_argument("--p95", type=float, metavar="MS", help="the same for the 95th percentile")
    parser.add_argument("--fps", type=float, metavar="N", help="the same where fewer frames a second come back")


def run(args: argparse.Namespace) -> int:
    """Measure and print: a table, then one JSON object as the last line. Raises :class:`UserError`."""
    size = parse_size(args.size)
    if not 1 <= args.seconds <= 3600:
        raise UserError(f"--seconds {args.seconds:g} cannot be measured: take 1 to 3600.")
    if args.url and urlsplit(args.url).scheme not in ("http", "https"):
        raise UserError(f"--url {args.url} is no web address: it starts with https:// or http://.")
    with contextlib.ExitStack() as stack:
        started = stack.enter_context(playwright())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fitting-room-profile-")))
        clip = write_clip(folder / "clip.y4m", fitted(clip_frames(args.video or default_clip()), size))
        browser = stack.enter_context(chromium(started, clip))
        url = args.url or stack.enter_context(own_server(folder))
        context = stack.enter_context(browser.new_context(ignore_https_errors=True, viewport={"width": 1280, "height": 900}))
        result = measure(context.new_page(), url.rstrip("/"), args, size)
    print(table(result))
    print(json.dumps(result))
    return 1 if missed(result, args) else 0


def parse_size(text: str) -> tuple[int, int]:
    """``WxH``, even. Raises :class:`UserError`."""
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and all(160 <= int(each) <= 4096 and int(each) % 2 == 0 for each in (width, height))):
        raise UserError(f"--size {text} is no size of a camera: write it as 640x480, both even and from 160 to 4096.")
    return int(width), int(height)


def fitted(frames: Iterable[np.ndarray], size: tuple[int, int]) -> Iterator[np.ndarray]:
    """The first frames, cropped to the size's shape around the middle and scaled to it."""
    width, height = size
    for count, frame in enumerate(frames):
        if count == LONGEST_CLIP:
            return
        scale = max(width / frame.shape[1], height / frame.shape[0])
        across, down = round(width / scale), round(height / scale)
        left, top = (frame.shape[1] - across) // 2, (frame.shape[0] - down) // 2
        part = frame[top : top + down, left : left + across]
        yield cv2.resize(part, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


@contextlib.contextmanager
def own_server(folder: Path) -> Iterator[str]:
    """A server on this machine for as long as it is needed: its address. Raises :class:`UserError` where it does not start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamer", "serve", "--http", "--host", "127.0.0.1", "--port", str(port), "--data", str(folder)]
    with (folder / "server.log").open("w+") as said:
        process = subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=subprocess.STDOUT)
        try:
            url = f"http://localhost:{port}"
            end = time.monotonic() + START_SECONDS
            while not _answers(f"{url}/healthz"):
                if process.poll() is not None or time.monotonic() > end:
                    said.seek(0)
                    last = (said.read().strip().splitlines() or ["it said nothing"])[-1]
                    raise UserError(f"The server did not start: {last}")
                time.sleep(0.1)
            yield url
        finally:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=20)
            process.kill()


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def measure(page: Page, url: str, args: argparse.Namespace, size: tuple[int, int]) -> dict[str, Any]:
    """Open the profiler with these settings, wait for its run to end: what it says of it. Raises :class:`UserError`."""
    from playwright.sync_api import Error

    try:
        sign_in(page, url)
        garment = args.garment or _first_garment(page, url)
        settings = {"garment": garment, "size": f"{size[0]}x{size[1]}", "mode": args.mode, "seconds": f"{args.seconds:g}", "run": "1"}
        page.goto(f"{url}/profile?{urlencode(settings | ({'codec': args.codec} if args.codec else {}))}")
        page.wait_for_selector("body[data-ready]", timeout=20_000)
    except Error as error:
        raise UserError(f"{url}/profile cannot be opened: {error.message.splitlines()[0]}") from None
    try:
        page.wait_for_selector("body[data-recorded]", timeout=(args.seconds + SLACK_SECONDS) * 1000)
    except Error:
        said = ". ".join([page.inner_text("#status"), *page.locator("#notes li").all_inner_texts()])
        raise UserError(f"The run came to no end. The page says: {said}") from None
    if args.garment not in (None, "none") and (missing := page.locator("#notes li", has_text="There is no garment").all_inner_texts()):
        raise UserError(missing[0])
    result: dict[str, Any] = json.loads(page.locator("#summary").text_content() or "{}")
    if result.get("p50_ms") is None:
        raise UserError("No returned frame could be read: did the picture come back, and the marker on it?")
    for button, path in (("#trace", args.trace), ("#csv", args.csv)):
        if path is not None:
            with page.expect_download() as download:
                page.click(button)
            download.value.save_as(path)
    return result | {"garment": garment}


def sign_in(page: Page, url: str) -> None:
    """Get past the staff door, where there is one. Raises :class:`UserError` where it stays shut."""
    answer = page.request.get(f"{url}/profile", headers={"Accept": "application/json"})
    if answer.status == 404:
        raise UserError(f"There is no profiler at {url}: is this a fitting room, and a new one?")
    if answer.status not in (401, 403):
        return
    password = os.environ.get(PASSWORD)
    if not password:
        raise UserError(f"{url} lets only staff to its profiler ({answer.text().strip()}) Put the staff password into {PASSWORD}.")
    answer = page.request.post(f"{url}/signin", data={"password": password})
    if not answer.ok:
        raise UserError(f"{url} does not take the password of {PASSWORD}: {answer.text().strip()}")


def _first_garment(page: Page, url: str) -> str:
    garments = page.request.get(f"{url}/garments.json").json()
    return str(garments[0]["id"]) if garments else "none"


def missed(result: Mapping[str, Any], args: argparse.Namespace) -> bool:
    """Whether a limit was not kept; says so on stderr."""
    limits = [("p50_ms", args.p50, 1), ("p95_ms", args.p95, 1), ("fps", args.fps, -1)]
    found = [(name, limit) for name, limit, sign in limits if limit is not None and sign * (result[name] or 0) > sign * limit]
    for name, limit in found:
        print(f"not kept: {name} is {result[name]}, asked for {limit:g}", file=sys.stderr)
    return bool(found)


def _placed(overlay: Mapping[str, int] | None) -> str:
    return "" if overlay is None else f"; overlay: {', '.join(f'{count} {how}' for how, count in overlay.items())}"


def table(result: Mapping[str, Any]) -> str:
    """The result for people."""

    def number(value: float | None) -> str:
        return f"{'-' if value is None else format(value, '.1f'):>9}"

    def percentiles(name: str, of: Mapping[str, Any]) -> str:
        return f"  {name:<16}{''.join(number(of[key]) for key in ('p50_ms', 'p95_ms', 'p99_ms'))}"

    sent, returned = result["sent"], result["returned"]
    drops = ", ".join(f"{count} {cause}" for cause, count in result["drops"].items() if count) or "none"
    return "\n".join(
        [
            f"{result['frames']} frames in {result['seconds']} s, wearing {result['garment']}",
            f"  {'ms':<16}{'p50':>9}{'p95':>9}{'p99':>9}",
            percentiles("glass to glass", result),
            *(percentiles(name, each) for name, each in result["stages"].items()),
            f"  returned        {number(result['fps'])} frames/s",
            f"  first dressed   {number(result['first_dressed_ms'])} ms after the start",
            f"  p50 by minute   {''.join(number(each) for each in result['per_minute_p50_ms'])} ms",
            f"  clock           {number(result['clock_error_ms'])} ms of error",
            f"  measuring       {number(result['cost_ms_a_frame'])} ms a frame",
            f"  sent            {sent['size']}, {sent['kbps']} kbit/s, {sent['codec']}",
            f"  returned        {returned['size']}, {returned['kbps']} kbit/s, {returned['codec']}",
            f"  sharpness       {number(100 * (result['sharpness'] or 0))} % of the camera's{_placed(result['overlay'])}",
            f"  quality limited by {', '.join(result['limited']) or 'nothing'}; dropped: {drops}",
        ]
    )
