"""The big screen in a real Chromium: scanned, worn on, left, used again; a server that is killed; and nothing that piles up."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import (
    NO_CHROMIUM,
    PHONE,
    Server,
    astronaut_frames,
    chromium,
    find_chromium,
    next_frame,
    open_page,
    start_mirror,
    wait_until,
    watch,
    write_clip,
)

pytestmark = [pytest.mark.browser, pytest.mark.skipif(find_chromium() is None, reason=NO_CHROMIUM)]

PORTRAIT = {"width": 540, "height": 960}  # half a screen's: Chromium paints without a GPU here
PATIENCE = 60_000  # ms


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    clip = write_clip(tmp_path_factory.mktemp("clip") / "astronaut.y4m", astronaut_frames())
    with sync_playwright() as playwright, chromium(playwright, clip) as running:
        yield running


@contextlib.contextmanager
def opened(browser: Browser, url: str) -> Iterator[tuple[Page, list[str]]]:
    """A page on a screen of its own, and the list of what goes wrong on it."""
    with contextlib.closing(browser.new_context(viewport=PORTRAIT)) as context:
        page = context.new_page()
        wrong = watch(page)
        page.goto(url)
        yield page, wrong


def scan(screen: Page) -> str:
    """What a phone's camera reads off the screen: the code."""
    screen.wait_for_selector('body[data-show="idle"][data-link="up"] #code path[d]', timeout=PATIENCE)
    picture = np.asarray(Image.open(io.BytesIO(screen.screenshot(clip=screen.locator("#card").bounding_box()))).convert("L"))
    found, _, _ = cv2.QRCodeDetector().detectAndDecode(picture)
    assert "#" in found, "the code on the screen cannot be read"
    return found.split("#")[1]


def shown(screen: Page, what: str) -> None:
    screen.wait_for_selector(f'body[data-show="{what}"]', timeout=PATIENCE)


def held(screen: Page) -> dict[str, float]:
    """What the page holds: nodes and listeners, after a garbage collection."""
    session = screen.context.new_cdp_session(screen)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    session.detach()
    return {name: metrics[name] for name in ("Nodes", "JSEventListeners")}


def test_shoppers_come_and_go_and_nothing_of_them_stays(browser: Browser, server: Server) -> None:
    with opened(browser, f"{server.url}mirror") as (screen, wrong):
        come_and_go(browser, server, screen)
    assert [each for each in wrong if "WebSocket" not in each] == []  # on a busy machine a line may be opened twice


def come_and_go(browser: Browser, server: Server, screen: Page) -> None:
    kept = []
    for number in range(3):
        with open_page(browser, f"{server.url}#{scan(screen)}") as (phone, at_phone):
            phone.set_default_timeout(PATIENCE)
            assert "#" not in phone.url
            shown(screen, "welcome")
            start_mirror(phone)
            phone.locator("[data-garment]").nth(number + 1).click()
            shown(screen, "mirror")
            next_frame(screen)
            name = phone.locator("[data-garment]").nth(number + 1).inner_text()
            wait_until(screen, f"document.getElementById('worn').textContent === {name!r}", 30)
            assert at_phone == []
        shown(screen, "idle")
        assert screen.evaluate("document.getElementById('view').srcObject") is None
        kept.append(held(screen))
    assert kept[2]["JSEventListeners"] <= kept[1]["JSEventListeners"]
    assert kept[2]["Nodes"] <= kept[1]["Nodes"] + 20  # a picture more or less of the attract mode


def test_a_screen_with_its_own_camera_outlives_the_server(browser: Browser, server: Server) -> None:
    with opened(browser, f"{server.url}mirror") as (screen, _), contextlib.closing(browser.new_context(**PHONE)) as context:
        screen.evaluate("document.getElementById('own').click()")
        phone = context.new_page()
        phone.goto(f"{server.url}#{scan(screen)}")
        phone.wait_for_url("**/remote")
        phone.locator("[data-garment]").nth(1).click()
        name = phone.locator("[data-garment]").nth(1).inner_text()
        worn = f"document.body.dataset.show === 'mirror' && document.getElementById('worn').textContent === {name!r}"
        wait_until(screen, worn, 60)
        server.stop()  # kill -9
        wait_until(screen, "document.body.dataset.link === 'down'", 20)
        server.start()
        wait_until(screen, worn, 60)
        next_frame(screen)


def test_no_page_asks_anybody_else_for_anything(browser: Browser, server: Server) -> None:
    for page in ("", "signin", "numbers", "mirror", "remote", "studio", "profile"):
        with opened(browser, f"{server.url}{page}") as (shown_page, wrong):
            shown_page.wait_for_selector("svg, img, canvas", state="attached")
        assert [each for each in wrong if each.startswith("request to") or "Content Security Policy" in each] == [], page


def test_the_pages_say_who_may_come_in(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_text("trust_localhost = false\n")
    with (
        Server(tmp_path / "data", options=["--config", str(tmp_path / "shop.toml")]) as strict,
        open_page(browser, strict.url) as (page, _),
    ):
        assert page.locator("body").get_attribute("data-state") == "no-code"
        assert not page.locator("#start").is_visible()
        page.goto(f"{strict.url}#made-up")
        page.wait_for_selector('body[data-state="code-ended"]')
        assert page.goto(f"{strict.url}numbers").status == 403
