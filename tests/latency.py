"""How late the mirror is: a real Chromium with a clip as its camera, against the real server, on this machine.

    python -m tests.latency [--video FILE] [--seconds N] [--garment ID|none] [--mode whole|overlay] [--sessions N] [--url URL]

Every frame of the clip carries its number in the pixels. The page's own camera picture and the returned picture are both
watched; the delay of a frame is the time it was shown returned less the time it was shown locally, on one clock.
"Shown" is requestVideoFrameCallback's presentationTime: handed to the screen's compositor. What comes after, up to the next
refreshes of the screen, is the same for both pictures but rounded to them: a figure of its own (``p50_at_refresh_ms``).
A garment laid over the page's own picture is shown when it is drawn.
Prints a table, then one JSON object on the last line. Exit status 1 when no returned frame could be read.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np
from playwright.sync_api import Page, sync_playwright

from tests import marker
from tests.browser import PHONE, ROOT, Server, astronaut_frames, chromium, video_frames, wait_until, write_clip

LOOP = 300  # frames of the clip: 10 s, longer than any delay that is not called hopeless
WARM_UP = 3.0  # seconds left out at the start: the codecs settle
CHUNK = 5.0  # seconds between two fetches of what the page has seen
CODEC_FIGURES = {  # name: (report, sum, count) of getStats: mean over the measured time, in ms
    "page encode": ("outbound-rtp", "totalEncodeTime", "framesEncoded"),
    "page send (a packet)": ("outbound-rtp", "totalPacketSendDelay", "packetsSent"),
    "page assembly": ("inbound-rtp", "totalAssemblyTime", "framesAssembledFromMultiplePackets"),
    "page jitter buffer": ("inbound-rtp", "jitterBufferDelay", "jitterBufferEmittedCount"),
    "page decode": ("inbound-rtp", "totalDecodeTime", "framesDecoded"),
    "page receive to decoded": ("inbound-rtp", "totalProcessingDelay", "framesDecoded"),
}


@dataclass
class Seen:
    """What the page saw: rows of [number, presentation ms, expected display ms, callback ms, frames presented]."""

    local: list[list[float]] = field(default_factory=list)
    view: list[list[float]] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)
    read_ms: list[float] = field(default_factory=list)
    unread: dict[str, int] = field(default_factory=dict)
    first_ms: float = float("nan")
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)


def unwrap(rows: list[list[float]], loop: int = LOOP) -> list[int]:
    """Frame numbers that go on counting where the clip starts again; a step back or ahead is less than half a loop."""
    numbers: list[int] = []
    for row in rows:
        if not numbers:
            numbers.append(int(row[0]))
            continue
        step = (int(row[0]) - numbers[-1]) % loop
        numbers.append(numbers[-1] + (step - loop if step > loop // 2 else step))
    return numbers


def delays(local: list[list[float]], view: list[list[float]], column: int = 1, loop: int = LOOP) -> np.ndarray:
    """Pairs (ms since the first, delay ms), one for each returned frame whose number was also seen locally: float64 (n, 2)."""
    shown: dict[int, float] = {}
    for number, row in zip(unwrap(local, loop), local, strict=True):
        shown.setdefault(number, row[column])
    numbers = unwrap(view, loop)
    if numbers:  # the returned picture is behind the local one, by less than a loop at the start
        start = max((n for n, at in shown.items() if at <= view[0][column] and n % loop == numbers[0] % loop), default=numbers[0])
        numbers = [number + start - numbers[0] for number in numbers]
    found: dict[int, tuple[float, float]] = {}
    for number, row in zip(numbers, view, strict=True):
        if number in shown:
            found.setdefault(number, (row[column] - view[0][column], row[column] - shown[number]))
    return np.array(list(found.values()), float).reshape(-1, 2)


def marked_clip(path: Path, video: Path | None, size: tuple[int, int]) -> Path:
    """The camera's clip: LOOP numbered frames of a video, or of the astronaut portrait."""

    def frames() -> Iterator[np.ndarray]:
        source = video_frames(video, LOOP, size) if video else astronaut_frames(LOOP, size)
        for number, frame in enumerate(source):
            marker.draw(frame, number)
            yield frame

    return write_clip(path, frames())


def measure(
    page: Page,
    url: str,
    garment: str | None,
    seconds: float,
    size: tuple[int, int],
    mode: str = "whole",
    midway: Callable[[], object] | None = None,
) -> Seen:
    """Start the mirror on ``page``, wear the garment, watch for ``seconds``; ``midway`` is called after half of them."""
    page.add_init_script(path=ROOT / "tests" / "latency.js")
    page.goto(f"{url}?camera={size[0]}x{size[1]}&mode={mode}")
    page.wait_for_selector("body[data-ready]")
    page.click("#start")
    page.wait_for_selector("body.returned")
    if garment:
        page.locator(f'[data-garment="{garment}"]').click()
        wait_until(page, "!document.querySelector('.waiting')")
    page.evaluate("size => latency.begin(size)", size)
    page.evaluate("ms => new Promise((done) => setTimeout(done, ms))", WARM_UP * 1000)
    page.evaluate("latency.clear()")
    seen = Seen(before=page.evaluate("latency.stats()"))
    left = seconds
    while left > 0:
        page.evaluate("ms => new Promise((done) => setTimeout(done, ms))", min(CHUNK, left) * 1000)
        left -= CHUNK
        if midway and left <= seconds / 2:
            midway()
            midway = None
        taken = page.evaluate("latency.take()")
        for name in ("local", "view", "reports"):
            getattr(seen, name).extend(taken[name])
        seen.read_ms.extend(taken["readMs"])
        seen.unread, seen.first_ms = taken["unread"], taken["first"] - taken["tap"]
    seen.after = page.evaluate("latency.stats()")
    return seen


def watch(url: str, clip: Path, size: tuple[int, int], garment: str | None, seconds: float, flags: Sequence[str] = (), **more: Any) -> Seen:
    """:func:`measure` in a Chromium with this clip as its camera."""
    with sync_playwright() as playwright, chromium(playwright, clip, flags=flags) as browser:
        page = browser.new_context(**{**PHONE, "device_scale_factor": 1}).new_page()
        return measure(page, url, garment, seconds, size, **more)


def first_garment(url: str) -> str:
    """The id of the first garment of a server's list."""
    with urlopen(f"{url.rstrip('/')}/garments.json") as answer:
        return str(json.load(answer)[0]["id"])


def percentile(values: Any, share: float) -> float:
    """A rounded percentile; NaN of nothing."""
    return round(float(np.percentile(values, share)), 1) if len(values) else float("nan")


def summary(seen: Seen, garment: str | None) -> dict[str, Any]:
    """The figures of one measurement."""
    pairs = delays(seen.local, seen.view)
    late = pairs[:, 1]
    minutes = [late[(pairs[:, 0] >= at) & (pairs[:, 0] < at + 60_000)] for at in range(0, int(pairs[-1:, 0].sum()) + 1, 60_000)]
    per_minute = [percentile(part, 50) for part in minutes if len(part) >= 30]
    seconds = (seen.view[-1][1] - seen.view[0][1]) / 1000 if len(seen.view) > 1 else float("nan")
    stages: dict[str, list[float]] = {}
    for report in seen.reports:
        for stage, ms in report["ms"].items():
            stages.setdefault(stage, []).append(ms)
    inbound = seen.after.get("inbound-rtp", {})
    return {
        "p50_ms": percentile(late, 50),
        "p95_ms": percentile(late, 95),
        "p99_ms": percentile(late, 99),
        "p50_at_refresh_ms": percentile(delays(seen.local, seen.view, column=3)[:, 1], 50),
        "fps": round((len({*unwrap(seen.view)}) - 1) / seconds, 2),
        "camera_fps": round((len({*unwrap(seen.local)}) - 1) / seconds, 2),
        "frames": len(late),
        "unread": seen.unread,
        "per_minute_p50_ms": per_minute,
        "growth_ms": round(per_minute[-1] - per_minute[0], 1) if per_minute else float("nan"),
        "first_picture_ms": round(seen.first_ms),
        "garment": garment,
        "worn": sorted({str(report.get("garment")) for report in seen.reports}),
        "status": sorted({str(report.get("status")) for report in seen.reports}),
        "kbps": codec_rate(seen),
        "returned": f"{inbound.get('frameWidth')}x{inbound.get('frameHeight')}",
        "dropped_by_server": seen.reports[-1]["dropped"] - seen.reports[0]["dropped"] if seen.reports else None,
        "stages": {name: {"p50_ms": percentile(ms, 50), "p95_ms": percentile(ms, 95)} for name, ms in stages.items()},
        "page": codec_figures(seen.before, seen.after),
        "measuring_ms": percentile(seen.read_ms, 50),
        "seconds": round(seconds, 1),
    }


def codec_figures(before: dict[str, Any], after: dict[str, Any]) -> dict[str, float]:
    """Mean ms a frame spent in the page's own codecs and buffers between two getStats."""
    found = {}
    for name, (report, total, count) in CODEC_FIGURES.items():
        start, end = before.get(report, {}), after.get(report, {})
        if total in end and end[count] > start.get(count, 0):
            found[name] = round(1000 * (end[total] - start.get(total, 0)) / (end[count] - start.get(count, 0)), 2)
    return found


def codec_rate(seen: Seen) -> dict[str, float]:
    """kbit/s that the page sent and received between two getStats."""
    rates = {}
    for name, report, total in (("sent", "outbound-rtp", "bytesSent"), ("returned", "inbound-rtp", "bytesReceived")):
        start, end = seen.before.get(report, {}), seen.after.get(report, {})
        if total in end and end["timestamp"] > start.get("timestamp", 0):
            rates[name] = round(8 * (end[total] - start.get(total, 0)) / (end["timestamp"] - start.get("timestamp", 0)))
    return rates


def table(figures: dict[str, Any]) -> str:
    """The figures for people."""
    lines = [
        f"from shown locally to shown returned, {figures['returned']}, {figures['seconds']} s, garment {figures['garment']}",
        f"  {'p50':<26}{figures['p50_ms']:>9.1f} ms",
        f"  {'p95':<26}{figures['p95_ms']:>9.1f} ms",
        f"  {'p99':<26}{figures['p99_ms']:>9.1f} ms",
        f"  {'returned':<26}{figures['fps']:>9.2f} frames/s (camera {figures['camera_fps']:.2f})",
        f"  {'sent, returned':<26}{' '.join(str(rate) for rate in figures['kbps'].values()):>9} kbit/s",
        f"  {'first picture after tap':<26}{figures['first_picture_ms']:>9} ms",
        f"  {'p50 minute by minute':<26}{' '.join(f'{ms:.1f}' for ms in figures['per_minute_p50_ms']):>9} ms",
        "server                         p50      p95",
        *(f"  {name:<22}{each['p50_ms']:>9.1f}{each['p95_ms']:>9.1f} ms" for name, each in figures["stages"].items()),
        "page (mean)",
        *(f"  {name:<26}{ms:>9.2f} ms" for name, ms in figures["page"].items()),
    ]
    return "\n".join(lines)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.latency", description=__doc__.split("\n")[0])
    parser.add_argument("--url", help="a running server's page (default: one is started)")
    parser.add_argument("--video", type=Path, metavar="FILE", help="what the camera sees (default: the astronaut portrait, swaying)")
    parser.add_argument("--size", default="640x480", metavar="WxH", help="of the camera (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=30, help="how long to measure (default %(default)s)")
    parser.add_argument("--mode", choices=("whole", "overlay"), default="whole", help="what comes back (default %(default)s)")
    parser.add_argument("--sessions", type=int, default=1, metavar="N", help="so many at once, each in a Chromium (default %(default)s)")
    parser.add_argument("--garment", metavar="ID", help='what to wear (default: the first of the list; "none": nothing)')
    return parser.parse_args()


def main() -> int:
    args = arguments()
    width, height = map(int, args.size.split("x"))
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="latency-")))
        clip = marked_clip(folder / "clip.y4m", args.video, (width, height))
        url = args.url or stack.enter_context(Server(folder / "data")).url
        garment = None if args.garment == "none" else args.garment or first_garment(url)
        with ThreadPoolExecutor(args.sessions) as pool:  # a Playwright each: its calls wait
            started = [pool.submit(watch, url, clip, (width, height), garment, args.seconds, mode=args.mode) for _ in range(args.sessions)]
            each = [summary(session.result(), garment) | {"mode": args.mode} for session in started]
    if not all(figures["frames"] for figures in each):
        print("error: no returned frame could be read: is the marker still in the returned picture?", file=sys.stderr)
        return 1
    for figures in each:
        print(table(figures))
    print(json.dumps(each[0] if args.sessions == 1 else {"sessions": each}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
