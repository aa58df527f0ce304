"""The shopper's page in a real Chromium, against the server as a user starts it: what is tapped, worn, compared, kept and saved."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from urllib.request import urlopen

import cv2
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Playwright

from tests.browser import (
    DESKTOP,
    NO_CHROMIUM,
    Server,
    astronaut_frames,
    chromium,
    find_chromium,
    next_frame,
    open_page,
    read_video,
    start_mirror,
    video_frames,
    wait_until,
    write_clip,
)

pytestmark = [pytest.mark.browser, pytest.mark.skipif(find_chromium() is None, reason=NO_CHROMIUM)]

# Where the astronaut's clip shows what, in pixels of its 640x480: rows, columns.
FACE = np.s_[80:145, 262:322]
TORSO = np.s_[290:380, 205:310]


def garments(server: Server) -> list[dict[str, str]]:
    with urlopen(f"{server.url}garments.json") as answer:
        return list(json.load(answer))


def colours_of(server: Server, garment: dict[str, str]) -> np.ndarray:
    """The main colours of a garment's picture: RGB float32 (n, 3), each at least a tenth of it."""
    with urlopen(server.url.rstrip("/") + garment["picture"]) as answer:
        picture = np.asarray(Image.open(io.BytesIO(answer.read())).convert("RGBA"))
    solid = picture[picture[..., 3] > 250][:, :3].astype(np.float32)
    sample = solid[:: max(1, len(solid) // 4000)]
    criteria = (cv2.TERM_CRITERIA_MAX_ITER, 20, 1.0)
    _, nearest, centres = cv2.kmeans(sample, min(4, len(np.unique(sample, axis=0))), None, criteria, 2, cv2.KMEANS_PP_CENTERS)
    shares = np.bincount(nearest.ravel(), minlength=len(centres)) / len(nearest)
    return centres[shares >= 0.1]


def share_of(pixels: np.ndarray, colours: np.ndarray) -> float:
    """How much of a picture has one of these colours, light and codec allowed for: 0..1."""
    picked, wanted = (cv2.cvtColor((c.reshape(1, -1, 3) / 255).astype(np.float32), cv2.COLOR_RGB2LAB)[0] for c in (pixels, colours))
    difference = (picked[:, None] - wanted[None]) * np.float32([0.5, 1, 1])  # folds change the lightness most
    return float((np.linalg.norm(difference, axis=2).min(axis=1) < 20).mean())


def strangest(server: Server, torso: np.ndarray) -> tuple[dict[str, str], np.ndarray]:
    """The top whose colours are rarest on the torso as it is, with its colours."""
    tops = [garment for garment in garments(server) if garment["category"] in ("blouse", "outwear", "dress")]
    found = [(garment, colours_of(server, garment)) for garment in tops]
    return min(found, key=lambda pair: share_of(torso, pair[1]))


def wear(page: Page, id: str | None) -> None:
    """Tap a garment (None: the one worn) and wait until the returned frames say that they wear it."""
    page.click(f'[data-garment="{id}"]' if id else '[data-garment][aria-pressed="true"]')
    wait_until(page, "!document.querySelector('.waiting')")


def picture_of(page: Page, id: str = "view") -> np.ndarray:
    """What a <video> shows, at the clip's 640x480: a busy machine's Chromium sends a smaller picture."""
    picture = read_video(page, id)
    assert abs(picture.shape[1] * 3 - picture.shape[0] * 4) <= 8, picture.shape
    return cv2.resize(picture, (640, 480))


def seen(page: Page) -> np.ndarray:
    """What is on the screen: RGB uint8 (844, 390, 3) on the phone."""
    return np.asarray(Image.open(io.BytesIO(page.screenshot(scale="css"))).convert("RGB"))


def off_the_clip(picture: np.ndarray, part: tuple[slice, slice]) -> float:
    """How far a part of a picture is from that part of the clip's nearest frame: mean difference of smoothed colours, 0..255."""
    smooth = cv2.blur(picture, (9, 9))[part].astype(int)
    return min(float(np.abs(smooth - cv2.blur(frame, (9, 9))[part]).mean()) for frame in astronaut_frames())


def uncropped(picture: np.ndarray) -> np.ndarray:
    """What a 390x844 screen shows of 640x480, put back where it was."""
    whole = np.zeros((480, 640, 3), np.uint8)
    whole[:, 209:431] = cv2.resize(picture, (222, 480), interpolation=cv2.INTER_AREA)
    return whole


def test_the_torso_wears_the_garment_and_the_face_does_not(page: Page, server: Server) -> None:
    start_mirror(page)
    bare = picture_of(page)
    garment, colours = strangest(server, bare[TORSO])
    before = share_of(bare[TORSO], colours)
    wear(page, garment["id"])
    for _ in range(60):  # the picture has the choice at once; the codec may take a few frames to get the colours right
        dressed = picture_of(page)
        if share_of(dressed[TORSO], colours) > 0.6:
            break
        next_frame(page)
    assert before < 0.3
    assert share_of(dressed[TORSO], colours) > 0.6, garment
    assert share_of(dressed[FACE], colours) < share_of(bare[FACE], colours) + 0.1
    assert off_the_clip(dressed, FACE) < 8


def test_a_clip_of_a_real_shopper_is_dressed(playwright: Playwright, server: Server, shared_data: Path, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.y4m", video_frames(shared_data / "clips" / "walk.mkv", 60))
    with chromium(playwright, clip) as browser, open_page(browser, server.url, **DESKTOP) as (page, wrong):
        start_mirror(page)
        torso = np.s_[230:330, 270:370]
        bare = picture_of(page)
        garment, colours = strangest(server, bare[torso])
        before = share_of(bare[torso], colours)
        wear(page, garment["id"])
        for _ in range(60):
            after = share_of(picture_of(page)[torso], colours)
            if after > before + 0.4:
                break
            next_frame(page)
        assert after > before + 0.4, garment
        assert wrong == []


def test_pressing_on_the_picture_shows_the_shopper_as_they_are(page: Page, server: Server) -> None:
    start_mirror(page)
    wear(page, garments(server)[0]["id"])
    shown = "getComputedStyle(document.querySelector('#view')).opacity"
    page.mouse.move(195, 300)
    page.mouse.down()
    assert page.evaluate(shown) == "0"
    own = cv2.flip(seen(page), 1)
    page.mouse.up()
    assert page.evaluate(shown) == "1"
    assert off_the_clip(uncropped(own), np.s_[120:200, 230:410]) < 8
    page.locator("#compare").focus()
    page.keyboard.down("Space")
    assert page.evaluate(shown) == "0"
    page.keyboard.up("Space")
    assert page.evaluate(shown) == "1"


def test_a_picture_is_saved_as_it_was_seen(page: Page, server: Server) -> None:
    start_mirror(page)
    wear(page, garments(server)[0]["id"])
    page.click("#snapshot")
    assert page.locator("#sheet").is_visible()
    with page.expect_download() as download:
        page.click("#save")
    assert re.fullmatch(r"fitting-room-[\d-]+\.jpg", download.value.suggested_filename)
    picture = np.asarray(Image.open(download.value.path()))
    assert picture.shape[1] / picture.shape[0] == pytest.approx(390 / 844, abs=0.01)  # the part of the video the screen shows
    assert not page.locator("#sheet").is_visible()
    assert off_the_clip(uncropped(cv2.flip(picture, 1)), FACE) < 8 < off_the_clip(uncropped(picture), FACE)


def test_a_picture_is_shared_where_the_device_can(browser: Browser, server: Server) -> None:
    with open_page(browser, server.url) as (page, wrong):
        page.evaluate("""() => {
            navigator.canShare = ({ files }) => files.length === 1;
            navigator.share = async ({ files }) => { document.title = `${files[0].type} ${files[0].size}`; };
        }""")
        start_mirror(page)
        page.click("#snapshot")
        page.click("#share")
        wait_until(page, "document.title.startsWith('image/jpeg ')")
        assert int(page.title().split()[1]) > 5000
        assert not page.locator("#sheet").is_visible()
        assert wrong == []


def test_a_top_and_trousers_are_worn_at_once(page: Page, server: Server) -> None:
    start_mirror(page)
    ids: dict[str, list[str]] = {}
    for garment in garments(server):
        ids.setdefault(garment["category"], []).append(garment["id"])
    top, other, trousers, skirt = *ids["blouse"][:2], ids["trousers"][0], ids["skirt"][0]
    pressed = page.locator('[data-garment][aria-pressed="true"]')

    def tap(id: str, *now: str) -> None:
        page.click(f'[data-garment="{id}"]')
        assert {each.get_attribute("data-garment") for each in pressed.all()} == set(now)
        wait_until(page, "!document.querySelector('.waiting')")  # the server has put on just these

    tap(top, top)
    tap(trousers, top, trousers)
    tap(other, other, trousers)
    tap(skirt, other, skirt)
    tap(ids["dress"][0], ids["dress"][0])
    tap(ids["outwear"][0], ids["dress"][0], ids["outwear"][0])
    tap(ids["dress"][0], ids["outwear"][0])
    tap(ids["outwear"][0], "")


def test_a_second_tap_takes_the_garment_off(page: Page, server: Server) -> None:
    start_mirror(page)
    assert page.locator("#status").inner_text() == "Tap a garment to try it on"
    first, second = (garment["id"] for garment in garments(server)[:2])
    chosen = page.locator('[data-garment][aria-pressed="true"]')
    assert chosen.get_attribute("data-garment") == ""
    wear(page, first)
    assert chosen.get_attribute("data-garment") == first
    wear(page, second)
    assert chosen.get_attribute("data-garment") == second
    wear(page, None)
    assert chosen.get_attribute("data-garment") == ""
    assert page.locator("#status").inner_text() == "Tap a garment to try it on"


def test_a_garment_that_is_gone_is_said_to_be_gone(page: Page, server: Server) -> None:
    start_mirror(page)
    first, second = (garment["id"] for garment in garments(server)[:2])
    wear(page, first)
    page.evaluate("id => { document.querySelector(`[data-garment=${id}]`).dataset.garment = 'sold-out'; }", second)
    page.click('[data-garment="sold-out"]')
    page.wait_for_selector('body[data-state="no-such-garment"]')
    assert page.locator("#status").inner_text().startswith("This garment is not available")
    page.wait_for_selector(f'[data-garment="{first}"][aria-pressed="true"]')


def test_garments_are_chosen_with_the_keyboard(page: Page, server: Server) -> None:
    start_mirror(page)
    page.locator('[data-garment=""]').focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    wait_until(page, "!document.querySelector('.waiting')")
    assert page.locator('[aria-pressed="true"][data-garment]').get_attribute("data-garment") == garments(server)[0]["id"]


def test_the_mirror_is_turned_off_and_on(page: Page) -> None:
    start_mirror(page)
    turned = "getComputedStyle(document.querySelector('#view')).transform"
    assert page.evaluate(turned).startswith("matrix(-1")
    page.click("#mirror")
    assert page.evaluate(turned) == "none"
    assert page.locator("#mirror").get_attribute("aria-pressed") == "false"
    page.click("#mirror")
    assert page.evaluate(turned).startswith("matrix(-1")


def test_a_server_that_comes_back_finds_the_garment_and_the_consent_still_given(browser: Browser, tmp_path: Path) -> None:
    settings, kept = tmp_path / "settings.toml", tmp_path / "calibration" / "live"
    settings.write_text("keep_crops = 50")
    with Server(tmp_path, options=("--config", str(settings))) as server, open_page(browser, server.url) as (page, wrong):
        start_mirror(page)
        id = garments(server)[1]["id"]
        wear(page, id)
        page.click("#keep")
        assert not page.is_checked("#consent-on")
        assert page.locator("#consent-count").inner_text() == "Nothing of you is kept."
        assert not kept.exists()
        page.check("#consent-on")
        page.wait_for_selector("#consent-count:text-matches('^[1-9]\\\\d* of 20 kept$')")
        assert len(list(kept.glob("*/*.png"))) >= 1
        page.click("#consent-close")
        server.stop()  # killed: no goodbye
        page.wait_for_selector('body[data-state="reconnecting"]:not(.returned)')
        assert page.locator("#status").inner_text() == "Reconnecting…"
        server.start()
        page.wait_for_selector("body.returned")
        wait_until(page, "document.body.dataset.state !== 'reconnecting' && !document.querySelector('.waiting')")
        assert page.locator('[aria-pressed="true"][data-garment]').get_attribute("data-garment") == id
        page.wait_for_selector("#keep.on")
        page.click("#keep")
        page.click("#consent-delete")
        page.wait_for_selector("#consent-count:text('Nothing of you is kept.')")
        assert not page.is_checked("#consent-on")
        assert not list(kept.iterdir())
        assert [line for line in wrong if "WebSocket connection" not in line and "ERR_CONNECTION_REFUSED" not in line] == []
        page.reload()
        page.wait_for_selector(f'[data-garment="{id}"][aria-pressed="true"]', state="attached")


def test_the_camera_is_off_while_the_page_is_hidden(page: Page) -> None:
    start_mirror(page)
    page.evaluate("window.track = document.querySelector('#local').srcObject.getTracks()[0]")
    see(page, "hidden")
    wait_until(page, "window.track.readyState === 'ended'")
    see(page, "visible")
    wait_until(page, "document.querySelector('#local').srcObject.getTracks()[0].readyState === 'live'")
    next_frame(page)
    next_frame(page)
    assert page.locator("body").get_attribute("data-state") == "choose"


def see(page: Page, state: str) -> None:
    """Headless pages are always visible: say otherwise, as the browser would."""
    page.evaluate(
        """state => {
            Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
            document.dispatchEvent(new Event('visibilitychange'));
        }""",
        state,
    )


def test_a_camera_that_ends_is_opened_again(page: Page) -> None:
    start_mirror(page)
    page.evaluate("""() => {
        window.track = document.querySelector('#local').srcObject.getTracks()[0];
        window.track.stop();
        window.track.dispatchEvent(new Event('ended'));
    }""")
    wait_until(page, "document.querySelector('#local').srcObject.getTracks()[0].readyState === 'live'")
    next_frame(page)
    next_frame(page)
    assert page.evaluate("document.querySelector('#local').srcObject.getTracks()[0] !== window.track")


def test_a_turned_phone_swaps_width_and_height(browser: Browser, server: Server) -> None:
    with open_page(browser, server.url) as (page, wrong):
        page.evaluate("""() => {
            const canvas = document.createElement('canvas');
            window.turn = (width, height) => Object.assign(canvas, { width, height });
            window.turn(640, 480);
            const context = canvas.getContext('2d');
            const draw = () => {
                context.fillStyle = `rgb(${Math.random() * 40} 120 60)`;
                context.fillRect(0, 0, canvas.width, canvas.height);
                requestAnimationFrame(draw);
            };
            draw();
            navigator.mediaDevices.getUserMedia = async () => canvas.captureStream(30);
        }""")
        start_mirror(page)
        shape = "document.querySelector('#view').videoWidth / document.querySelector('#view').videoHeight"
        wait_until(page, f"Math.abs({shape} - 4 / 3) < 0.02")
        page.evaluate("window.turn(480, 640)")
        wait_until(page, f"Math.abs({shape} - 3 / 4) < 0.02")
        page.set_viewport_size({"width": 844, "height": 390})
        box = page.locator("#view").bounding_box()
        assert box is not None
        assert (box["width"], box["height"]) == (844, 390)
        assert wrong == []


def test_another_camera_is_switched_to(playwright: Playwright, server: Server) -> None:
    """Chromium's second fake camera is a depth camera, which it shows but does not send: look at it, and back at the first."""
    with chromium(playwright, cameras=2) as browser, open_page(browser, server.url) as (page, wrong):
        start_mirror(page)
        device = "document.querySelector('#local').srcObject.getTracks()[0].getSettings().deviceId"
        first = page.evaluate(device)
        page.click("#switch")
        wait_until(page, f"{device} !== '{first}'")
        next_frame(page, "local")
        page.click("#switch")
        wait_until(page, f"{device} === '{first}'")
        next_frame(page)
        next_frame(page)
        assert wrong == []


def test_stopping_turns_the_camera_off_and_frees_the_place(page: Page, server: Server) -> None:
    start_mirror(page)
    page.evaluate("window.track = document.querySelector('#local').srcObject.getTracks()[0]")
    page.click("#stop")
    assert page.evaluate("window.track.readyState") == "ended"
    assert page.locator("#start").is_visible()
    wait_until(page, "(await (await fetch('/healthz')).json()).sessions === 0")
    start_mirror(page)


def test_the_picture_read_back_is_a_picture(page: Page) -> None:
    """The helper the other tests lean on: what it reads of the local video is the clip."""
    start_mirror(page)
    own = picture_of(page, "local")
    assert off_the_clip(own, np.s_[:, :]) < 4
