"""The profiler in a real browser against the real server: a run from a link, its files, what goes wrong on the way; and the command."""

from __future__ import annotations

import contextlib
import csv
import json
import statistics
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from engines.errors import exit_on_user_error
from streamer import chromium as chromium_module
from streamer.__main__ import main
from streamer.video import VideoWriter
from tests.browser import DESKTOP, NO_CHROMIUM, Server, astronaut_frames, find_chromium, wait_until, watch
from tests.test_web_profile_logic import check_trace

pytestmark = [pytest.mark.browser, pytest.mark.skipif(find_chromium() is None, reason=NO_CHROMIUM)]

GARMENT = "tee-sunset"
PATIENCE = 60  # seconds: a busy machine takes its time to encode, dress and show a few frames


@contextlib.contextmanager
def profiler(browser: Browser, server: Server, query: str = "", script: str = "") -> Iterator[Page]:
    """The profiler's page, ready, in a browser changed by ``script`` first. Nothing may go wrong on it."""
    context = browser.new_context(**DESKTOP)
    page = context.new_page()
    wrong = watch(page)
    try:
        page.set_default_timeout(PATIENCE * 1000)
        page.add_init_script(script)
        page.goto(f"{server.url}profile{query}")
        page.wait_for_selector("body[data-ready]")
        yield page
    finally:
        context.close()
        assert wrong == []  # here, because it says best why something else failed


def saved(page: Page, button: str, path: Path) -> str:
    """The file a button saves."""
    with page.expect_download() as download:
        page.click(button)
    download.value.save_as(path)
    return path.read_bytes().decode()


def notes(page: Page) -> str:
    return " ".join(page.locator("#notes li").all_inner_texts())


def test_a_run_from_a_link_is_recorded_saved_and_compared(browser: Browser, server: Server, tmp_path: Path) -> None:
    with profiler(browser, server, f"?garment={GARMENT}&size=640x480&seconds=3&run=1") as page:
        wait_until(page, "document.body.dataset.recorded", PATIENCE)
        summary = json.loads(page.locator("#summary").text_content() or "")
        assert summary["frames"] == int(page.locator("body").get_attribute("data-recorded") or 0)
        assert summary["count"] >= 0.8 * summary["frames"] >= 1, "the marker comes back on the pixels"
        assert 5 < summary["p50_ms"] <= summary["p95_ms"] <= summary["p99_ms"] < 20_000
        assert GARMENT in summary["worn"]
        assert summary["cost_ms_a_frame"] > 0
        assert summary["overlay"] is None
        assert summary["sharpness"] > 0
        assert summary["sent"]["size"] == "640x480"
        stages = {"capture", "marker", "page_encode", "up", "gather", "wait", "body", "fit", "encode", "down", "page_decode"}
        assert stages <= summary["stages"].keys()
        assert page.locator("#waterfall").evaluate("canvas => canvas.width") > 300

        trace = json.loads(saved(page, "#trace", tmp_path / "before.json"))
        check_trace(trace)
        frames = [event["args"] for event in trace["traceEvents"] if event.get("cat") == "frame"]
        assert len(frames) == summary["frames"]
        whole = [frame for frame in frames if frame["total"] is not None and "up" in frame["ms"]]
        assert whole
        for frame in whole:  # the stages follow one another, from capture to shown
            parts = sum(ms for stage, ms in frame["ms"].items() if stage != "display")
            assert parts == pytest.approx(frame["total"], abs=0.5)
        # Single frames on a busy machine fall outside the clock's error, most do not.
        for way in ("up", "down"):
            assert statistics.median(frame["ms"][way] + 2 * frame["error"] for frame in whole) > 0
        rows = list(csv.DictReader(saved(page, "#csv", tmp_path / "before.csv").splitlines()))
        assert [row["number"] for row in rows] == [str(frame["number"]) for frame in frames]

        page.set_input_files("#file", tmp_path / "before.json")
        page.wait_for_selector("body.comparing")
        assert "Outlined: fitting-room-" in notes(page)
        assert page.locator("#table td.before").first.is_visible()
        (tmp_path / "cut.json").write_text((tmp_path / "before.json").read_text()[:-100])
        page.set_input_files("#file", tmp_path / "cut.json")
        page.wait_for_selector("#notes li:has-text('cut.json cannot be compared with')")

        page.click("#link")
        assert "garment=tee-sunset&size=640x480&seconds=3&run=1" in page.url
        page.click("#start")
        assert page.inner_text("#status") == "Not running"


LOST_CHANNEL = """
globalThis.channels = [];
globalThis.RTCPeerConnection = class extends RTCPeerConnection {
  createDataChannel(...settings) {
    channels.push(super.createDataChannel(...settings));
    return channels.at(-1);
  }
};"""


def test_without_the_channel_the_pixels_still_tell_and_a_hidden_page_says_so(browser: Browser, server: Server) -> None:
    with profiler(browser, server, "?garment=no-such-thing&size=9x9", LOST_CHANNEL) as page:
        page.wait_for_selector("#notes li:has-text('There is no garment “no-such-thing”')")
        assert "size=9x9" in notes(page)
        page.click("#start")
        wait_until(page, "document.getElementById('p50').value !== '–'", PATIENCE)
        page.evaluate("channels.at(-1).onmessage = null")  # a closed one is opened again at once
        page.wait_for_selector("#notes li:has-text('control channel is silent')", timeout=PATIENCE * 1000)
        # the last frame has its number from the pixels, and nothing from the server
        wait_until(page, "/^[0-9]+$/.test(document.getElementById('which').textContent)", PATIENCE)

        page.evaluate(
            """() => {
                Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
                document.dispatchEvent(new Event('visibilitychange'));
                Object.defineProperty(document, 'visibilityState', { value: 'visible', configurable: true });
                document.dispatchEvent(new Event('visibilitychange'));
            }"""
        )
        assert "The page was hidden" in notes(page)
        page.click("#record")
        wait_until(page, "document.getElementById('recorded').textContent.includes('frames')", PATIENCE)
        page.click("#record")
        page.click("#start")
        assert page.locator("#trace").is_enabled()


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("delete window.MediaStreamTrackProcessor", "no MediaStreamTrackProcessor"),
        ("delete window.MediaStreamTrackProcessor; delete HTMLCanvasElement.prototype.captureStream", "without the marker"),
        ("delete HTMLVideoElement.prototype.requestVideoFrameCallback", "no requestVideoFrameCallback"),
    ],
)
def test_a_browser_that_can_less_goes_on_with_less(browser: Browser, server: Server, missing: str, said: str) -> None:
    with profiler(browser, server, f"?garment={GARMENT}", missing) as page:
        assert said in notes(page)
        page.click("#start")
        wait_until(page, "document.getElementById('returned').textContent.includes('fps')", PATIENCE)
        if "captureStream" not in missing and "Callback" not in missing:  # the marker goes over a canvas
            wait_until(page, "document.getElementById('p50').value !== '–'", PATIENCE)
        elif "captureStream" in missing:  # stages from the server, no delay of the whole
            wait_until(page, "document.querySelectorAll('#table tbody tr').length > 10", PATIENCE)
            assert page.inner_text("#p50") == "–"


# --- the command -------------------------------------------------------------------------------------------------------


def test_the_command_measures_a_running_room(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "profile",
        "--url",
        server.url,
        "--seconds",
        "2",
        "--mode",
        "overlay",
        "--garment",
        GARMENT,
        "--video",
        str(small_clip(tmp_path)),
    ]
    status = in_a_thread(lambda: main([*words, "--trace", str(tmp_path / "t.json"), "--csv", str(tmp_path / "t.csv"), "--p50", "1"]))
    said = capsys.readouterr()
    assert status == 1, "a median above 1 ms is what it was told to fail at"
    assert "not kept: p50_ms is" in said.err
    *lines, last = said.out.splitlines()
    result = json.loads(last)
    assert result["garment"] == GARMENT
    assert result["p50_ms"] > 1
    assert result["overlay"]["exact"] + result["overlay"]["near"] >= 1
    assert {"pack", "lay"} <= result["stages"].keys()
    assert result["sharpness"] > 0
    assert any(line.strip().startswith("glass to glass") for line in lines)
    check_trace(json.loads((tmp_path / "t.json").read_text()))
    assert len((tmp_path / "t.csv").read_text().splitlines()) == result["frames"] + 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--size", "640"], "640x480"),
        (["--size", "641x480"], "both even"),
        (["--seconds", "0"], "take 1 to 3600"),
        (["--url", "localhost:8443"], "https://"),
        (["--video", "no-such.mkv"], "no-such.mkv"),
        (["--url", "http://localhost:9"], "cannot be opened"),
    ],
)
def test_what_the_command_cannot_do_is_said_in_words(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = [] if "--video" in words else ["--video", str(small_clip(tmp_path))]
    assert in_a_thread(lambda: exit_on_user_error(lambda: main(["profile", *words, *video]))) == 2
    assert said in capsys.readouterr().err


def test_without_playwright_or_chromium_it_says_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["profile", "--video", str(small_clip(tmp_path))]
    monkeypatch.setattr(chromium_module, "PLACES", ())
    monkeypatch.delenv("CHROMIUM", raising=False)
    assert in_a_thread(lambda: exit_on_user_error(lambda: main(words))) == 2
    assert "install Debian's package chromium" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    assert exit_on_user_error(lambda: main(words)) == 2
    assert "pip install -r requirements-profile.txt" in capsys.readouterr().err


def in_a_thread(call: Callable[[], int]) -> int:
    """Playwright's sync API runs once a thread, and this one has it already."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result()


def small_clip(folder: Path) -> Path:
    path = folder / "clip.mkv"
    with VideoWriter(path, (640, 480), Fraction(30)) as writer:
        for number, frame in enumerate(astronaut_frames(30)):
            writer.write(frame, Fraction(number, 30))
    return path
