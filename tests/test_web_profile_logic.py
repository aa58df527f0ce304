"""The profiler's arithmetic, in the browser it is for: marker, clock, frames put together, statistics, recordings."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, Playwright

from streamer import marker
from tests.browser import NO_CHROMIUM, ROOT, chromium, find_chromium

pytestmark = [pytest.mark.browser, pytest.mark.skipif(find_chromium() is None, reason=NO_CHROMIUM)]

SITE = "http://profile.test"


@pytest.fixture(scope="module")
def page(playwright: Playwright) -> Iterator[Page]:
    """An empty page that can import the modules; no server is needed."""

    def answer(route: Any) -> None:
        path = ROOT / "web" / route.request.url.removeprefix(f"{SITE}/static/")
        kind = "text/javascript" if path.suffix == ".js" else "text/html"
        route.fulfill(body=path.read_text() if path.suffix == ".js" else "<!doctype html>", content_type=kind)

    with chromium(playwright) as browser:
        page = browser.new_page()
        page.route(f"{SITE}/**", answer)
        page.goto(SITE)
        yield page


def call(page: Page, module: str, body: str, argument: Any = None) -> Any:
    """Run ``body`` in the page with the module's exports as ``m`` and the argument as ``x``."""
    return page.evaluate(f"async (x) => {{ const m = await import('/static/profile/{module}.js'); {body} }}", argument)


# --- marker ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "height"), [(640, 480), (480, 640), (1280, 720), (354, 630)])
def test_the_page_draws_what_the_server_draws_and_reads_it(page: Page, width: int, height: int) -> None:
    number = 48879
    drawn = call(
        page,
        "marker",
        """const [width, height, number] = x;
        const pixels = new Uint8Array(width * height * 1.5).fill(77);
        const chroma = width * height / 4;
        const layout = [{ offset: 0, stride: width }, { offset: 4 * chroma, stride: width / 2 }, { offset: 5 * chroma, stride: width / 2 }];
        m.drawPlanes(pixels, layout, 'I420', number, width, height);
        return { pixels: [...pixels], read: m.read(width, height, (px, py) => pixels[py * width + px]) };""",
        [width, height, number],
    )
    own = np.full((height * 3 // 2, width), 77, np.uint8)
    marker.draw(own, number)
    theirs = np.array(drawn["pixels"], np.uint8).reshape(own.shape)
    assert drawn["read"] == number
    assert marker.read(theirs) == number
    assert (theirs[:height] != own[:height]).mean() < 0.002  # a row or column at an edge may be rounded the other way


def test_a_picture_without_a_marker_has_no_number(page: Page) -> None:
    assert call(page, "marker", "return [0, 77, 125, 255].map((grey) => m.read(640, 480, () => grey));") == [None] * 4


# --- clock -------------------------------------------------------------------------------------------------------------


def test_the_clock_finds_the_offset_within_the_error_it_says(page: Page) -> None:
    rng = np.random.default_rng(7)
    answers = []
    for index in range(60):
        up, down = rng.exponential(4, 2) + 1
        asked = index * 500.0
        answers.append({"asked": asked, "received": asked + up + 1000, "sent": asked + up + 1000.2, "heard": asked + up + 0.2 + down})
    found = call(
        page,
        "clock",
        "const c = new m.ServerClock(); for (const a of x) c.heard(a); return [c.estimate(x.at(-1).heard), c.jumps];",
        answers,
    )
    estimate, jumps = found
    assert jumps == 0
    assert abs(estimate["offset"] - 1000) <= estimate["error"] < 4
    late = call(
        page,
        "clock",
        "const c = new m.ServerClock(); c.heard(x); return [c.estimate(x.heard).error, c.estimate(x.heard + 60000).error];",
        answers[0],
    )
    assert late[1] == pytest.approx(late[0] + 6)  # what is old is less certain


def test_a_clock_that_jumps_is_noticed_once_and_followed(page: Page) -> None:
    body = """const c = new m.ServerClock(), said = [];
        const ask = (t, offset, received = t + offset + 2) => said.push(c.heard({ asked: t, received, sent: received, heard: t + 4 }));
        for (let t = 0; t < 5000; t += 500) ask(t, 100);
        ask(5000, 90000); ask(5500, 100);      // one answer alone is no jump
        ask(6000, 90000); ask(6500, 90000);
        ask(7000, 90000); ask(7500, 90000, 1e9);
        return [said.filter(Boolean).length, c.jumps, c.estimate(7000).offset];"""
    assert call(page, "clock", body) == [1, 1, 90000]
    backwards = "const c = new m.ServerClock(); return [c.heard({ asked: 10, received: 5, sent: 5, heard: 3 }), c.estimate(0)];"
    assert call(page, "clock", backwards) == [True, None]


# --- frames ------------------------------------------------------------------------------------------------------------

STORY = {
    "stamped": {"number": 7, "timestamp": 1_000_000, "captured": None, "arrived": 1003, "done": 1004},
    "local": {"mediaTime": 0.9, "captureTime": 901},  # so the frame of 1,000,000 µs was captured at 1001
    "report": {
        "rtp": 99, "mark": 7, "status": "ok", "garment": "tee", "quality": None,
        "at": {"arrived": 5012, "complete": 5013, "decoded": 5015, "taken": 5018, "ready": 5030, "sent": 5036},
        "ms": {"decode": 2, "wait": 3, "to_rgb": 1, "find": 1, "body": 6, "fit": 2, "dress": 1, "out": 1, "encode": 4},
    },
    "metadata": {"rtpTimestamp": 99, "receiveTime": 1038, "presentationTime": 1041, "processingDuration": 0.002,
                 "expectedDisplayTime": 1050, "width": 640, "height": 480},
}  # fmt: skip
JOIN = """const done = [], book = new m.FrameBook((frame) => done.push(frame));
    book.shownLocally(x.local); book.stamped(x.stamped);"""


def test_a_frames_story_is_put_together_without_gaps(page: Page) -> None:
    told = "book.reported(x.report, { offset: 4000, error: 0.5 }); book.shown(7, x.metadata, 1042, { encode: 3, pacer: 1 });"
    body = f"{JOIN} {told} return [done, book.mismatches];"
    (frame,), mismatches = call(page, "frames", body, STORY)
    assert mismatches == 0
    assert (frame["start"], frame["shown"], frame["total"]) == (1001, 1041, 40)
    assert frame["ms"] == pytest.approx(
        {"capture": 2, "marker": 1, "page_encode": 3, "pacer": 1, "up": 4, "gather": 1, "decode": 2, "wait": 3, "to_rgb": 1, "find": 1,
         "body": 6, "fit": 2, "dress": 1, "rest": 1, "out": 1, "encode": 4, "send": 1, "down": 2, "jitter": 1, "page_decode": 2,
         "display": 9}
    )  # fmt: skip
    assert sum(ms for key, ms in frame["ms"].items() if key != "display") == pytest.approx(frame["total"])


def test_a_garment_laid_over_the_pages_own_picture_is_shown_when_that_is_done(page: Page) -> None:
    told = "book.reported(x.report, { offset: 4000, error: 0.5 }); book.shown(7, x.metadata, 1042, null, 1045);"
    (frame,) = call(page, "frames", f"{JOIN} {told} return done;", STORY)
    assert (frame["shown"], frame["total"], frame["ms"]["lay"], frame["ms"]["display"]) == (1045, 44, 4, 5)
    assert sum(ms for key, ms in frame["ms"].items() if key != "display") == pytest.approx(frame["total"])


def test_the_sharpness_is_that_of_the_cameras_picture(page: Page) -> None:
    body = """const draw = (size, filter) => {
          const canvas = Object.assign(document.createElement('canvas'), { width: 640 * size, height: 480 * size });
          const context = canvas.getContext('2d');
          Object.assign(context, { fillStyle: 'white' }).fillRect(0, 0, canvas.width, canvas.height);
          context.fillStyle = 'black';
          for (let at = 0; at < 640 * size; at += 6 * size) context.fillRect(at, 0, 3 * size, 480 * size);
          const blurred = Object.assign(document.createElement('canvas'), { width: canvas.width, height: canvas.height });
          Object.assign(blurred.getContext('2d'), { filter }).drawImage(canvas, 0, 0);
          return blurred;
        };
        const sharpness = new m.Sharpness(), own = draw(1, 'none');
        return [own, draw(1, 'blur(2px)'), draw(0.5, 'none'), document.createElement('video')].map((each) => sharpness.of(each, own));"""
    same, blurred, smaller, nothing = call(page, "sharpness", body)
    assert same == 1
    assert 0 <= blurred < 0.5
    assert smaller < 1
    assert nothing != nothing  # NaN


def test_without_the_browsers_times_of_a_frame_its_means_are_taken(page: Page) -> None:
    body = """delete x.metadata.receiveTime; delete x.metadata.processingDuration;
        book.reported(x.report, { offset: 4000, error: 0.5 });
        book.shown(7, x.metadata, 1042, { encode: NaN, pacer: NaN, decode: 1.5, jitterBuffer: 2 });"""
    ms = call(page, "frames", f"{JOIN} {body} return done[0].ms;", STORY)
    assert {key: ms[key] for key in ("page_encode", "pacer", "up", "down", "jitter", "page_decode")} == pytest.approx(
        {"page_encode": 0, "pacer": 0, "up": 8, "down": 1.5, "jitter": 2, "page_decode": 1.5}
    )


def test_whichever_comes_first_is_waited_for(page: Page) -> None:
    first = "book.shown(7, x.metadata, performance.now(), null); const before = done.length;"
    then = "book.reported(x.report, null); book.settle(performance.now()); return [before, done.length];"
    assert call(page, "frames", f"{JOIN} {first} {then}", STORY) == [0, 1]
    never = (
        JOIN + "book.shown(7, x.metadata, performance.now(), null); book.settle(performance.now() + 2000); return [done, book.unreported];"
    )
    (alone,), unreported = call(page, "frames", never, STORY)
    assert unreported == 1
    assert set(alone["ms"]) == {"capture", "marker", "display"}
    assert alone["total"] == 40  # the pixels alone tell so much


def test_numbers_that_disagree_are_counted_and_what_was_forgotten_is_not_taken(page: Page) -> None:
    wrong = "book.reported({ ...x.report, mark: 8 }, null); book.shown(7, x.metadata, 1042, null); return book.mismatches;"
    assert call(page, "frames", f"{JOIN} {wrong}", STORY) == 1
    gone = JOIN + "book.reported(x.report, null); book.forget(); book.shown(7, x.metadata, 1042, null); book.settle(1e12); return done;"
    assert call(page, "frames", gone, STORY) == []
    by_number = (
        JOIN + "delete x.metadata.rtpTimestamp; book.reported(x.report, null); book.shown(7, x.metadata, 1042, null); return done[0].rtp;"
    )
    assert call(page, "frames", by_number, STORY) == 99


# --- statistics --------------------------------------------------------------------------------------------------------


def test_percentiles_are_numpys(page: Page) -> None:
    numbers = np.random.default_rng(3).gamma(4, 10, 501).round(2).tolist()
    found = call(page, "statistics", "return m.summarize([...x, NaN]);", numbers)
    assert found["count"] == 501
    for share in (50, 95, 99):
        assert found[f"p{share}"] == pytest.approx(np.percentile(numbers, share))
    counts = call(page, "statistics", "return m.histogram([...x, NaN], 5, 30);", numbers)
    assert counts == np.histogram(np.minimum(numbers, 149.9), np.arange(0, 151, 5))[0].tolist()
    assert call(page, "statistics", "return [0.3, 1, 7, 12, 40, 99, 0].map(m.niceStep);") == pytest.approx([0.5, 1, 10, 20, 50, 100, 1])


# --- recordings --------------------------------------------------------------------------------------------------------

RECORD = """const { Recording } = await import('/static/profile/recording.js');
    const r = new Recording({ garment: 'a, "b"', size: [640, 480] }, { agent: 'x' }, new Date('2026-01-02T03:04:05Z'));
    for (let i = 0; i < 90; i += 1) r.frames.push({ number: i, rtp: i, start: 1000 + i * 33,
        shown: 1050 + i * 33 + i % 3, total: 50 + i % 3, ms: { capture: 2, up: i === 5 ? -0.3 : 8, body: 20, page_decode: 20, display: 9 },
        status: 'ok', garment: i ? 'a, "b"' : '=1+1',
        width: 640, height: 480, error: 0.5 });
    r.frames[4].start = r.frames[4].total = NaN;
    const flow = (kbps) => ({ kbps, fps: 30, width: 640, height: 480, codec: 'VP8' });
    r.samples.push({ at: 1500, up: flow(900), down: flow(700), limited: 'none', drops: { worker: 2 }, cost: 0.8 });
    r.samples.push({ at: 2500, up: flow(1100), down: flow(700), limited: 'cpu', drops: { worker: 5 }, cost: 1.2 });
    r.events.push({ at: 2000, what: 'page hidden' });"""


def check_trace(trace: dict[str, Any]) -> None:
    """Raise AssertionError unless it is valid in the Trace Event Format, as Perfetto reads it."""
    assert trace["displayTimeUnit"] in ("ms", "ns")
    lanes: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for event in trace["traceEvents"]:
        assert isinstance(event["name"], str)
        assert isinstance(event["pid"], int)
        assert isinstance(event["tid"], int)
        assert event["ts"] >= 0
        match event["ph"]:
            case "X":
                assert event["dur"] >= 0
                lanes.setdefault((event["pid"], event["tid"]), []).append((event["ts"], event["ts"] + event["dur"]))
            case "C":
                assert event["args"]
                assert all(np.isfinite(value) for value in event["args"].values())
            case "i":
                assert event["s"] in ("g", "p", "t")
            case "M":
                assert event["name"] in ("process_name", "thread_name")
                assert isinstance(event["args"]["name"], str)
            case other:
                raise AssertionError(f"an event of phase {other}")
    for slices in lanes.values():  # those of one thread must nest
        open_until: list[float] = []
        for start, end in sorted(slices, key=lambda each: (each[0], -each[1])):
            while open_until and open_until[-1] <= start + 1e-6:
                open_until.pop()
            assert not open_until or end <= open_until[-1] + 1e-6
            open_until.append(end)
    assert lanes


def test_a_trace_is_valid_and_is_read_back(page: Page) -> None:
    text = call(page, "trace", RECORD + "return JSON.stringify(m.toTrace(r));")
    trace = json.loads(text)
    check_trace(trace)
    frames = [event for event in trace["traceEvents"] if event.get("cat") == "frame"]
    assert len(frames) == 90
    assert len({event["tid"] for event in frames}) == 2  # 59 ms each, one every 33 ms
    asked = "r.frames.length, r.frames[5].ms, Number.isNaN(r.frames[4].total), r.started, r.events, r.summary()"
    body = f"const r = m.fromTrace(x); return [{asked}];"
    count, ms, unknown, started, events, summary = call(page, "trace", body, text)
    assert (count, unknown, started) == (90, True, "2026-01-02T03:04:05.000Z")
    assert ms == {"capture": 2, "up": -0.3, "body": 20, "page_decode": 20, "display": 9}
    assert events == [{"at": 2000, "what": "page hidden"}]
    assert (summary["p50_ms"], summary["count"], summary["frames"]) == (51, 89, 90)
    assert summary["fps"] == pytest.approx(30.3, abs=0.2)
    assert (summary["drops"], summary["limited"], summary["sent"]["kbps"]) == ({"worker": 3}, ["cpu"], 1000)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no JSON"),
        ('{"traceEvents": [', "cut off"),
        ("null", "no recording of this profiler"),
        ('{"traceEvents": []}', "no recording of this profiler"),
        ('{"traceEvents": [], "recording": {"format": "fitting-room-profile", "version": 9}}', "format 9"),
        ('{"traceEvents": [], "recording": {"format": "fitting-room-profile", "version": 1}}', "when it was made"),
        ('{"traceEvents": [null], "recording": {"format": "fitting-room-profile", "version": 1, "started": "2026-01-01"}}', "no frames"),
        (
            '{"traceEvents": [{"cat": "frame", "ph": "X", "args": {"shown": 1, "ms": {"body": "x"}}}], '
            '"recording": {"format": "fitting-room-profile", "version": 1, "started": "2026-01-01"}}',
            "damaged",
        ),
    ],
)
def test_a_damaged_recording_is_refused_in_words(page: Page, text: str, words: str) -> None:
    body = "try { m.fromTrace(x); return 'taken'; } catch (error) { return [error instanceof m.DamagedRecording, error.message]; }"
    is_named, message = call(page, "trace", body, text)
    assert is_named
    assert words in message


def test_csv_is_read_by_others(page: Page, tmp_path: Path) -> None:
    text = call(page, "csv", RECORD + "return m.toCsv(r);")
    assert text.count("\r\n") == 91
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 90
    assert rows[0]["start_ms"] == "0"
    assert rows[1]["total_ms"] == "51"
    assert rows[4]["total_ms"] == ""
    assert (rows[5]["up_ms"], rows[5]["body_ms"], rows[5]["find_ms"]) == ("-0.3", "20", "")
    assert rows[1]["garment"] == 'a, "b"'
    assert '"=1+1"' in text


def test_a_link_makes_the_settings_and_the_settings_the_link(page: Page) -> None:
    body = "return m.parseSettings(new URL(m.linkTo(x, 'http://a.test/profile?old=1')).search);"
    wanted = {"garment": "tee-sunset", "size": [1280, 720], "codec": "VP8", "mode": "overlay", "seconds": 30, "run": True}
    assert call(page, "settings", body, wanted) == {"settings": wanted, "wrong": []}
    bare = {"garment": None, "size": [640, 480], "codec": None, "mode": "whole", "seconds": 0, "run": False}
    assert call(page, "settings", body, bare)["settings"] == bare
    damaged = call(page, "settings", "return m.parseSettings('?size=9x9&codec=AV9&mode=none&seconds=-1&run=yes&garment=');")
    assert damaged["settings"] == bare
    assert len(damaged["wrong"]) == 6
    assert all("left out" in sentence for sentence in damaged["wrong"])
