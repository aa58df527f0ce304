"""Fixtures shared by the tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

    from tests.browser import Server

ROOT = Path(__file__).resolve().parent.parent
SHARED_DATA = Path(os.environ.get("FITTING_ROOM_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The training data's folder; tests that need it are skipped where it is not present."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no training data at {SHARED_DATA}")
    return SHARED_DATA


# Browser tests import Playwright here, when one of them runs: the others do without it.


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Chromium's camera sees: the astronaut portrait, swaying."""
    from tests.browser import astronaut_frames, write_clip

    return write_clip(tmp_path_factory.mktemp("clip") / "astronaut.y4m", astronaut_frames())


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """A module's, for its event loop must not run while another module has its own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def browser(playwright: Playwright, clip: Path) -> Iterator[Browser]:
    """A Chromium that plays the clip."""
    from tests.browser import chromium

    with chromium(playwright, clip) as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server as a user starts it."""
    from tests.browser import Server

    with Server(tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """The page on a phone. Nothing may go wrong on it: no error on the console, no request to another host."""
    from tests.browser import open_page

    with open_page(browser, server.url) as (opened, wrong):
        yield opened
    assert wrong == []
