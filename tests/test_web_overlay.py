"""The garment laid over the page's own picture, in a real browser: the right frame behind it; the whole picture where that cannot be."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Playwright

from streamer import overlay
from tests.browser import NO_CHROMIUM, PHONE, Server, chromium, find_chromium, read_video, start_mirror, wait_until, watch
from tests.latency import marked_clip

pytestmark = [pytest.mark.browser, pytest.mark.skipif(find_chromium() is None, reason=NO_CHROMIUM)]

GARMENT = "tee-sunset"
SLOW = "GPU stall due to ReadPixels"  # a browser without a graphics card shows a canvas by reading it

# Reads the number on what the canvas shows, and asks the server for the number on the frame that it dressed.
LISTEN = """
globalThis.seen = { drawn: [], marks: {}, channel: null };
globalThis.RTCPeerConnection = class extends RTCPeerConnection {
  createDataChannel(...settings) {
    const channel = super.createDataChannel(...settings);
    channel.addEventListener('open', () => channel.send('{"type":"profile","on":true}'));
    channel.addEventListener('message', ({ data }) => {
      const message = JSON.parse(data);
      if (message.type === 'frame') seen.marks[message.rtp] = message.mark;
    });
    return channel;
  }
};
document.addEventListener('DOMContentLoaded', async () => {
  const { read, extent } = await import('/static/profile/marker.js');
  const { Layers } = await import('/static/overlay/layers.js');
  const draw = Layers.prototype.draw;
  Layers.prototype.draw = function (frame, ...more) {
    draw.call(this, frame, ...more);
    const { width, height } = document.getElementById('composed');
    const strip = extent(width, height);
    const context = new OffscreenCanvas(strip.width, strip.height).getContext('2d', { willReadFrequently: true });
    context.drawImage(document.getElementById('composed'), 0, 0);
    const { data } = context.getImageData(0, 0, strip.width, strip.height);
    seen.drawn.push([read(width, height, (x, y) => data[4 * (y * strip.width + x) + 1]), frame.metadata().rtpTimestamp]);
  };
  globalThis.listening = true;
});"""


@pytest.fixture(scope="module")
def browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A Chromium whose camera's frames are numbered."""
    with chromium(playwright, marked_clip(tmp_path_factory.mktemp("clip") / "marked.y4m", None, (640, 480))) as running:
        yield running


def opened(browser: Browser, url: str, script: str) -> tuple[Page, list[str]]:
    page = browser.new_context(**{**PHONE, "device_scale_factor": 1}).new_page()
    page.set_default_timeout(60_000)
    wrong = watch(page)
    page.add_init_script(script)
    page.goto(f"{url}?mode=overlay")
    page.wait_for_selector("body[data-ready]")
    return page, wrong


def test_each_garment_is_laid_over_the_camera_frame_it_was_made_of(browser: Browser, server: Server, tmp_path: Path) -> None:
    page, wrong = opened(browser, server.url, LISTEN)
    wait_until(page, "globalThis.listening")
    start_mirror(page)
    page.locator(f'[data-garment="{GARMENT}"]').click()
    wait_until(page, "!document.querySelector('.waiting')", 60)
    page.evaluate("seen.drawn.length = 0")
    wait_until(page, "seen.drawn.length >= 40", 60)
    numbers = page.evaluate("seen.drawn.map(([number, rtp]) => [number, seen.marks[rtp]])")
    off = [background - garment for background, garment in numbers if background is not None and garment is not None]
    assert len(off) >= 20
    # A frame that a busy page did not see has its neighbour behind it.
    assert abs(statistics.median(off)) <= 0.5, off
    assert sum(abs(each) <= 1 for each in off) >= 0.7 * len(off), off

    width, height = page.evaluate("[view.videoWidth, view.videoHeight]")
    assert any(own + overlay.cover_size(width, own)[1] == height for own in range(0, height, 2)), "only the packed garment comes back"
    assert page.evaluate("getComputedStyle(composed).opacity + getComputedStyle(view).opacity") == "10"
    # Behind the garment is the camera's own picture, in its own colours; the person sways between the two looks at it.
    shown = read_video(page, "composed").astype(int)
    camera = read_video(page, "local").astype(int)
    assert shown.shape == camera.shape == (480, 640, 3)
    assert np.median(abs(shown[40:240] - camera[40:240])) <= 8
    assert abs(shown[250:300, 250:300] - camera[250:300, 250:300]).mean() > 20, "a T-shirt over an orange suit"

    page.click("#snapshot")
    page.wait_for_selector("#sheet[open]")
    assert page.evaluate("picture.width * picture.height") > 100_000
    page.click("#close")
    page.click("#stop")
    assert "overlaid" not in page.evaluate("document.body.className")
    page.context.close()
    assert [each for each in wrong if SLOW not in each] == []


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("HTMLCanvasElement.prototype.getContext = () => null", "WebGL 2"),
        (
            """const ask = HTMLVideoElement.prototype.requestVideoFrameCallback;
            HTMLVideoElement.prototype.requestVideoFrameCallback = function (call) {
              return ask.call(this, (now, { captureTime, ...metadata }) => call(now, metadata));
            }""",
            "capture times",
        ),
    ],
)
def test_a_browser_that_lacks_something_gets_the_whole_picture(browser: Browser, server: Server, missing: str, said: str) -> None:
    page, wrong = opened(browser, server.url, missing)
    spoken: list[str] = []
    page.on("console", lambda message: spoken.append(message.text))
    start_mirror(page)
    wait_until(page, "!document.body.classList.contains('overlaid') && view.videoHeight === view.videoWidth * 3 / 4", 60)
    assert any(said in text for text in spoken)
    page.context.close()
    assert [each for each in wrong if SLOW not in each] == []
