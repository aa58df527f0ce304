"""What the browser tests and the latency benchmark share: Chromium, its camera, and the server as a user starts it."""

from __future__ import annotations

import base64
import contextlib
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self
from urllib.request import urlopen

import cv2
import numpy as np
from playwright.sync_api import Browser, Page

from streamer.chromium import NO_CHROMIUM, chromium, find_chromium, write_clip

__all__ = ["NO_CHROMIUM", "chromium", "find_chromium", "write_clip"]

ROOT = Path(__file__).resolve().parent.parent
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True}
DESKTOP = {"viewport": {"width": 1440, "height": 900}}


class Server:
    """``python -m streamer serve --http`` as a user starts it; ready when entered, stopped by Ctrl-C when left."""

    def __init__(self, data: Path, port: int | None = None, options: Sequence[str] = ()) -> None:
        self.port = port or free_port()
        self.url = f"http://localhost:{self.port}/"
        self._command = [sys.executable, "-m", "streamer", "serve", "--http", "--port", str(self.port), "--data", str(data), *options]
        self._process: subprocess.Popen[str] | None = None
        self.said: deque[str] = deque(maxlen=200)  # its last lines

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop(signal.SIGINT)

    def start(self) -> None:
        """Start and wait for the address it prints. Raises RuntimeError with what it printed if it ends instead."""
        self._process = subprocess.Popen(self._command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.said.append(line)
            if "http://" in line and f":{self.port}" in line:
                break
        else:
            self._process.wait()
            raise RuntimeError(f"the server did not start: {''.join([*self.said][-5:]).strip()}")
        self._reader = threading.Thread(target=self.said.extend, args=(self._process.stdout,), daemon=True)
        self._reader.start()  # else it would stand still when the pipe is full
        with urlopen(f"{self.url}healthz", timeout=10) as answer:
            assert answer.status == 200

    @property
    def pid(self) -> int:
        """The server's process, while it runs."""
        assert self._process is not None
        return self._process.pid

    def stop(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End it with a signal: SIGKILL leaves every session without goodbye."""
        if self._process is None:
            return
        self._process.send_signal(how)
        self._process.wait(timeout=20)
        self._reader.join(timeout=20)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None


def free_port() -> int:
    """A TCP port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


def watch(page: Page) -> list[str]:
    """A list that fills with what must not happen on a page: errors, warnings on the console, requests to other hosts."""
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("console", lambda message: wrong.append(f"console: {message.text}") if message.type in ("error", "warning") else None)
    page.on("request", lambda request: None if _is_own(request.url) else wrong.append(f"request to {request.url}"))
    return wrong


def _is_own(url: str) -> bool:
    return url.startswith(("http://localhost:", "ws://localhost:", "blob:http://localhost:", "data:"))


def astronaut_frames(count: int = 60, size: tuple[int, int] = (640, 480)) -> Iterator[np.ndarray]:
    """A person from the waist up before a camera, swaying a little: RGB uint8 (H, W, 3). Plays in a loop without a jump."""
    from skimage.data import astronaut

    picture = astronaut()
    width, height = size
    base = height / picture.shape[0]
    for index in range(count):
        turn = 2 * np.pi * index / count
        scale = base * (1.0 + 0.015 * np.sin(turn))
        x = width / 2 - 0.5 * picture.shape[1] * scale + 6 * np.sin(turn)
        y = height - picture.shape[0] * scale + 2.0
        matrix = np.array([[scale, 0, x], [0, scale, y]])
        yield cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)


def video_frames(path: Path, count: int, size: tuple[int, int] = (640, 480)) -> Iterator[np.ndarray]:
    """The first ``count`` frames of a video as RGB uint8 of ``size`` (width, height); shorter videos start again."""
    import av

    made = 0
    while made < count:
        with av.open(str(path)) as container:
            before = made
            for frame in container.decode(video=0):
                yield cv2.resize(frame.to_ndarray(format="rgb24"), size, interpolation=cv2.INTER_AREA)
                made += 1
                if made == count:
                    return
            if made == before:
                raise ValueError(f"{path} holds no frame")


READ_PIXELS = """id => {
  const video = document.getElementById(id);
  const canvas = new OffscreenCanvas(video.videoWidth ?? video.width, video.videoHeight ?? video.height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(video, 0, 0);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  return { width: canvas.width, height: canvas.height, data: btoa(data.reduce((text, byte) => text + String.fromCharCode(byte), '')) };
}"""


def read_video(page: Page, id: str = "view") -> np.ndarray:
    """What a <video> or a <canvas> shows at this moment: RGB uint8 (H, W, 3)."""
    answer: dict[str, Any] = page.evaluate(READ_PIXELS, id)
    pixels = np.frombuffer(base64.b64decode(answer["data"]), np.uint8)
    return pixels.reshape(answer["height"], answer["width"], 4)[:, :, :3].copy()


def wait_until(page: Page, condition: str, seconds: float = 15) -> None:
    """Wait until a JavaScript expression is true. Unlike Playwright's ``wait_for_function`` it needs no eval, which the page's CSP forbids.

    Raises TimeoutError naming the condition.
    """
    held = page.evaluate(
        f"""async (limit) => {{
            const end = performance.now() + limit;
            while (!({condition})) {{
                if (performance.now() > end) return false;
                await new Promise((next) => setTimeout(next, 30));
            }}
            return true;
        }}""",
        seconds * 1000,
    )
    if not held:
        raise TimeoutError(f"not within {seconds:g} s: {condition}; status: {page.locator('#status').inner_text()!r}")


def next_frame(page: Page, id: str = "view", seconds: float = 10) -> None:
    """Wait until a <video> has shown one more frame. Raises TimeoutError when none comes."""
    shown = page.evaluate(
        """([id, limit]) => new Promise((done) => {
            document.getElementById(id).requestVideoFrameCallback(() => done(true));
            setTimeout(() => done(false), limit);
        })""",
        [id, seconds * 1000],
    )
    if not shown:
        raise TimeoutError(f"#{id} showed no new frame within {seconds:g} s; status: {page.locator('#status').inner_text()!r}")


@contextlib.contextmanager
def open_page(browser: Browser, url: str, **options: Any) -> Iterator[tuple[Page, list[str]]]:
    """A page of its own context at ``url``, ready for the tap, and the list of what goes wrong on it (see :func:`watch`)."""
    context = browser.new_context(**{**PHONE, **options})
    try:
        page = context.new_page()
        page.set_default_timeout(20_000)
        wrong = watch(page)
        page.goto(url)
        page.wait_for_selector("body[data-ready]")
        yield page, wrong
    finally:
        context.close()


def start_mirror(page: Page) -> None:
    """Tap the start button and wait for the first returned picture."""
    page.click("#start")
    page.wait_for_selector("body.returned")
