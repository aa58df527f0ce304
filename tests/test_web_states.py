"""Every state of the page has words a shopper understands, and the page gets into it when it should."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright

from tests.browser import NO_CHROMIUM, ROOT, Server, chromium, find_chromium, open_page, start_mirror

pytestmark = [pytest.mark.browser, pytest.mark.skipif(find_chromium() is None, reason=NO_CHROMIUM)]

WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5"
IPHONE = f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) {WEBKIT} Mobile/15E148 Safari/604.1"
CHROME_ON_IPHONE = IPHONE.replace("Version/18.5", "CriOS/137.0.7151.51")
ANDROID = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Mobile Safari/537.36"
SAMSUNG = ANDROID.replace("Chrome/", "SamsungBrowser/28.0 Chrome/")
IPAD = f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Safari/605.1.15"
INSTAGRAM = IPHONE.replace("Safari/604.1", "Instagram 380.0.0.28.83")
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One place only, so that a second shopper finds it full."""
    with Server(tmp_path_factory.mktemp("data"), options=["--max-sessions", "1"]) as running:
        yield running


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """Things go wrong on it."""
    with open_page(browser, server.url) as (opened, _):
        yield opened


def says(page: Page, state: str) -> str:
    """Wait for a state of the page; what it says then."""
    page.wait_for_selector(f'body[data-state="{state}"]')
    return page.locator("#status").inner_text()


def refuse(page: Page, error: str, message: str = "") -> None:
    """Let the browser refuse the camera with this DOMException."""
    page.evaluate(
        """([name, message]) => {
            navigator.mediaDevices.getUserMedia = async () => { throw new DOMException(message, name); };
        }""",
        [error, message],
    )


def test_every_state_has_words_in_whole_sentences(page: Page) -> None:
    words: dict[str, Any] = page.evaluate("""async () => {
        const { states, wordsFor } = await import('/static/words.js');
        return Object.fromEntries(states.map((state) => [state, wordsFor(state, { system: 'ios', browser: 'safari' })]));
    }""")
    assert len(words) > 20
    for state, said in words.items():
        assert state in ("start", "ok") or said["title"], state
        assert not said["detail"] or said["detail"].endswith("."), state
        assert "undefined" not in said["title"] + said["detail"], state


def test_every_state_the_page_can_be_in_has_words(page: Page) -> None:
    missing = page.evaluate("""async () => {
        const { states } = await import('/static/words.js');
        const { stateOf } = await import('/static/status.js');
        const seen = new Set(['insecure', 'too-old', 'in-app', 'denied', 'denied-by-system', 'no-camera', 'busy', 'camera-failed']);
        for (const camera of ['off', 'opening', 'asking', 'open', 'paused'])
            for (const session of ['off', 'connecting', 'live', 'reconnecting', 'unreachable', 'blocked', 'full'])
                for (const frame of ['ok', 'plain', 'nobody', 'step-back'])
                    for (const garments of [0, 3])
                        for (const wearing of [false, true])
                            for (const notice of [null, 'no-such-garment', 'not-saved'])
                                seen.add(stateOf({ camera, session, frame, garments, wearing, notice }));
        return [...seen].filter((state) => !states.includes(state));
    }""")
    assert missing == []


@pytest.mark.parametrize(
    ("agent", "way"),
    [
        (IPHONE, "Website Settings"),
        (IPAD, "Website Settings"),
        (CHROME_ON_IPHONE, "Open the iPhone’s Settings"),
        (ANDROID, "icon left of the address, choose Permissions"),
        (SAMSUNG, "browser’s menu"),
        (FIREFOX, "crossed-out camera"),
    ],
)
def test_the_way_to_allow_the_camera_is_the_browsers_own(page: Page, agent: str, way: str) -> None:
    detail = page.evaluate(
        """async (userAgent) => {
            const { wordsFor } = await import('/static/words.js');
            const { describeDevice } = await import('/static/device.js');
            return wordsFor('denied', describeDevice({ userAgent, maxTouchPoints: 5 })).detail;
        }""",
        agent,
    )
    assert way in detail


def test_a_doubt_of_a_few_frames_is_not_worth_a_word(page: Page) -> None:
    seen = [
        ["ok", 0],
        ["ok", 300],
        ["nobody", 400],
        ["ok", 500],
        ["nobody", 600],
        ["nobody", 1400],
        ["nobody", 1600],
        ["ok", 1700],
        ["ok", 2000],
    ]
    said = page.evaluate(
        """async (seen) => {
            const { Steady } = await import('/static/status.js');
            const steady = new Steady();
            return seen.map(([value, now]) => steady.push(value, now));
        }""",
        seen,
    )
    assert said == ["plain", "ok", "ok", "ok", "ok", "ok", "nobody", "nobody", "ok"]


@pytest.mark.parametrize(
    ("text", "size"), [("1280x720", [1280, 720, 30]), ("320x240@15", [320, 240, 15]), ("huge", [640, 480, 30]), (None, [640, 480, 30])]
)
def test_a_link_may_ask_for_another_camera_size(page: Page, text: str | None, size: list[int]) -> None:
    asked = page.evaluate(
        """async (text) => {
            const { sizeAsked } = await import('/static/camera.js');
            const { width, height, frameRate } = sizeAsked(text);
            return [width.ideal, height.ideal, frameRate.ideal];
        }""",
        text,
    )
    assert asked == size


def test_a_camera_that_is_not_allowed(playwright: Playwright, server: Server) -> None:
    with chromium(playwright, answer="deny") as browser, open_page(browser, server.url, user_agent=ANDROID) as (page, _):
        page.click("#start")
        text = says(page, "denied")
        assert text.startswith("The camera is not allowed")
        assert "choose Permissions, allow Camera" in text
        assert page.locator("#start").inner_text() == "Try again"


def test_no_camera_at_all(playwright: Playwright, server: Server) -> None:
    with chromium(playwright, cameras=0) as browser, open_page(browser, server.url) as (page, _):
        page.click("#start")
        assert says(page, "no-camera").startswith("No camera found")


def test_a_page_that_is_not_secure(playwright: Playwright, server: Server) -> None:
    url = f"http://fitting-room.test:{server.port}/"
    with (
        chromium(playwright, flags=["--host-resolver-rules=MAP fitting-room.test 127.0.0.1"]) as browser,
        open_page(browser, url) as (page, _),
    ):
        text = says(page, "insecure")
        assert "https://" in text
        assert not page.locator("#start").is_visible()


@pytest.mark.parametrize(
    ("error", "message", "state"),
    [
        ("NotReadableError", "Could not start video source", "busy"),
        ("NotAllowedError", "Permission denied by system", "denied-by-system"),
        ("UnknownError", "", "camera-failed"),
    ],
)
def test_a_camera_that_does_not_start_may_start_later(page: Page, error: str, message: str, state: str) -> None:
    page.evaluate("() => { window.camera = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices); }")
    refuse(page, error, message)
    page.click("#start")
    assert says(page, state)
    page.evaluate("() => { navigator.mediaDevices.getUserMedia = window.camera; }")
    start_mirror(page)


def test_a_browser_that_is_too_old(browser: Browser, server: Server) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.add_init_script("delete window.RTCPeerConnection")
        page.goto(server.url)
        assert says(page, "too-old").startswith("This browser is too old")


def test_a_browser_inside_an_app(browser: Browser, server: Server) -> None:
    with browser.new_context(user_agent=INSTAGRAM) as context:
        page = context.new_page()
        page.add_init_script("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
        page.goto(server.url)
        assert "Open in browser" in says(page, "in-app")


def test_a_long_question_for_the_camera_is_announced(page: Page) -> None:
    page.evaluate("""() => {
        const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = (wanted) => new Promise((answer) => { window.allow = () => answer(open(wanted)); });
    }""")
    page.click("#start")
    assert says(page, "asking").startswith("Allow the camera")
    page.evaluate("window.allow()")
    page.wait_for_selector("body.returned")


def test_a_full_server_lets_the_shopper_in_as_soon_as_it_can(browser: Browser, server: Server) -> None:
    with open_page(browser, server.url) as (first, _), open_page(browser, server.url) as (second, _):
        start_mirror(first)
        second.click("#start")
        text = says(second, "full")
        assert text.startswith("All mirrors are in use")
        first.click("#stop")
        second.wait_for_selector("body.returned")
        assert says(second, "choose")


def test_a_camera_taken_away_by_another_app(page: Page) -> None:
    start_mirror(page)
    page.evaluate("document.querySelector('#local').srcObject.getTracks()[0].onmute()")
    assert says(page, "paused").startswith("The camera is paused")
    page.evaluate("document.querySelector('#local').srcObject.getTracks()[0].onunmute()")
    assert says(page, "choose")


def test_a_network_that_blocks_the_picture(page: Page) -> None:
    """The server answers but no media gets through: after three attempts the shopper is told what it may be."""
    page.evaluate("""() => {
        RTCPeerConnection.prototype.setRemoteDescription = async () => { throw new Error('no way through'); };
    }""")
    page.click("#start")
    assert says(page, "blocked").startswith("The picture cannot get through")


def test_icons_and_words_used_by_the_page_exist() -> None:
    html = (ROOT / "web" / "index.html").read_text()
    words = (ROOT / "web" / "words.js").read_text()
    for icon in re.findall(r"icons\.svg#(\w+)", html):
        assert f'<symbol id="{icon}"' in (ROOT / "web" / "icons.svg").read_text()
    for label in re.findall(r'data-(?:text|label)="(\w+)"', html):
        assert re.search(rf"^  {label}: ", words, re.MULTILINE), label


@pytest.mark.parametrize("path", sorted(p for p in (ROOT / "web").rglob("*") if p.is_file()), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_page_needs_nothing_from_elsewhere_and_nothing_inline(path: Path) -> None:
    text = re.sub(r"http://www\.w3\.org/\S+", "", path.read_text())
    assert not re.search(r"https?://\w", text), "an address of another host"
    assert not re.search(r"<style|<script(?![^>]*src)|\sstyle=|\son\w+=\"", text), "inline code or style"
