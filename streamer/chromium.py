"""The Chromium or Chrome of this machine, driven by Playwright, with a clip as its camera.

Playwright is an extra (requirements-profile.txt) and brings no browser: it drives the one that is installed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from engines.errors import UserError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

PLACES = (
    "/usr/bin/chromium",  # Debian's package
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "/opt/google/chrome/chrome",
    "/snap/bin/chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
FLAGS = (
    "--no-sandbox",  # root in a container has no other way
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NO_CHROMIUM = "no Chromium or Chrome on this machine: install Debian's package chromium, or set CHROMIUM to its path"


def find_chromium() -> str | None:
    """The Chromium or Chrome of this machine, or None. ``CHROMIUM`` in the environment names another."""
    for place in (os.environ.get("CHROMIUM", ""), *PLACES):
        if place and (found := shutil.which(place)):
            return found
    return None


@contextlib.contextmanager
def playwright() -> Iterator[Playwright]:
    """Playwright, started. Raises :class:`UserError` where it is not installed."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise UserError("Playwright drives the browser and is not installed: run `pip install -r requirements-profile.txt`.") from None
    with sync_playwright() as started:
        yield started


@contextlib.contextmanager
def chromium(
    playwright: Playwright, clip: Path | None = None, answer: str = "allow", cameras: int = 1, flags: Sequence[str] = ()
) -> Iterator[Browser]:
    """A headless Chromium whose camera plays ``clip`` (Chromium's own test picture without one).

    ``answer``: "allow" or "deny", to every question for the camera; ``cameras``: how many it has, 0 included.
    Raises :class:`UserError` where there is no Chromium, or it does not start.
    """
    path = find_chromium()
    if path is None:
        raise UserError(f"There is {NO_CHROMIUM}.")
    prompt = "--use-fake-ui-for-media-stream" + ("" if answer == "allow" else f"={answer}")
    camera = [f"--use-file-for-fake-video-capture={clip}"] if clip else []
    count = "" if cameras == 1 else f"=device-count={cameras}"
    try:
        browser = playwright.chromium.launch(
            executable_path=path, args=[*FLAGS, prompt, f"--use-fake-device-for-media-stream{count}", *camera, *flags]
        )
    except Exception as error:  # Playwright's own; its first line is the cause
        raise UserError(f"{path} does not start: {str(error).strip().splitlines()[0]} Set CHROMIUM to another one's path.") from None
    try:
        yield browser
    finally:
        browser.close()


def write_clip(path: Path, frames: Iterable[np.ndarray], fps: int = 30) -> Path:
    """Write RGB uint8 frames (H, W, 3), H and W even, as the uncompressed Y4M file Chromium takes for its camera."""
    with path.open("wb") as file:
        for index, frame in enumerate(frames):
            height, width = frame.shape[:2]
            if index == 0:
                file.write(f"YUV4MPEG2 W{width} H{height} F{fps}:1 Ip A1:1 C420jpeg\n".encode())
            file.write(b"FRAME\n")
            file.write(cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420).tobytes())
    return path
