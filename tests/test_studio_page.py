"""The studio in a real Chromium, beside a shopper's live mirror: from a photo to a garment that is worn, and away again."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import cv2
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from tests.browser import DESKTOP, NO_CHROMIUM, Server, find_chromium, open_page, start_mirror, wait_until
from tests.photos import coded, lying

pytestmark = [pytest.mark.browser, pytest.mark.skipif(find_chromium() is None, reason=NO_CHROMIUM)]

LEFT = (255, 208, 138)
"""The colour of a chosen point on the garment's left."""


def ask(server: Server, path: str) -> Any:
    with urlopen(f"{server.url}studio/garments{path}") as answer:
        return json.load(answer)


def alpha_of(server: Server, id: str) -> np.ndarray:
    with urlopen(f"{server.url}studio/garments/{id}/picture.png") as answer:
        return np.asarray(Image.open(io.BytesIO(answer.read())))[..., 3]


def wait_for_editor(page: Page) -> None:
    wait_until(page, "document.querySelector('#editor').open && !document.querySelector('#form').inert", 60)


def chosen_point(page: Page) -> tuple[float, float]:
    """Where the chosen point of the left is on the screen."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    seen = np.asarray(Image.open(io.BytesIO(page.screenshot(scale="css"))).convert("RGB")).astype(int)
    _, _, stats, centres = cv2.connectedComponentsWithStats((np.abs(seen - LEFT) < 8).all(axis=2).astype(np.uint8))
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    return float(centres[largest][0]), float(centres[largest][1])


def drag(page: Page, *points: tuple[float, float]) -> None:
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=4)
    page.mouse.up()


def middle(page: Page) -> tuple[float, float]:
    """Where the middle of the picture is on the screen: the tools take some room below."""
    box = page.locator("#canvas").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + (box["height"] - 66) / 2


def test_a_photo_becomes_a_garment_that_is_worn(browser: Browser, server: Server, tmp_path: Path) -> None:
    photo = tmp_path / "IMG_0042.jpg"
    photo.write_bytes(coded(lying("tee-sunset", (900, 700))))
    with open_page(browser, server.url) as (shopper, wrong_there), open_page(browser, f"{server.url}studio") as (page, wrong):
        start_mirror(shopper)

        # a photo comes in and is read
        page.set_input_files("#camera", photo)
        wait_for_editor(page)
        (draft,) = [each for each in ask(server, "")["garments"] if not each["published"]]
        before = ask(server, f"/{draft['id']}")
        assert page.locator("#name").input_value() == before["name"]
        assert page.locator("#tags li").count() >= 3
        assert page.locator('#categories [aria-pressed="true"]').get_attribute("data-category") == before["category"]
        page.click('[data-category="skirt"]')  # whatever it was taken for
        wait_until(page, "document.querySelector('#name').value.endsWith(' skirt')")
        page.click("#undo")
        assert page.locator("#name").input_value() == before["name"]
        page.click('[data-category="blouse"]')
        wait_until(page, "document.querySelector('[data-category=blouse]').ariaPressed === 'true'")

        # its first point is dragged, and taken back a step
        page.locator("#canvas").focus()
        page.keyboard.press(".")
        assert page.locator("#pointed").inner_text() == "Left neck"
        x, y = chosen_point(page)
        drag(page, (x, y), (x + 30, y + 20))
        moved_x, moved_y = chosen_point(page)
        assert (moved_x - x, moved_y - y) == pytest.approx((30, 20), abs=1.5)
        drag(page, (moved_x, moved_y), (moved_x + 50, moved_y))
        page.click("#undo")
        assert chosen_point(page) == pytest.approx((moved_x, moved_y), abs=1)
        page.keyboard.press("ArrowRight")

        # its outline is brushed: a piece of the middle goes, a piece of the floor comes, a third stroke is taken back
        alpha = alpha_of(server, draft["id"])
        centre_x, centre_y = middle(page)
        page.click("#tool-erase")
        drag(page, (centre_x, centre_y), (centre_x + 20, centre_y))
        page.click("#tool-keep")
        drag(page, (centre_x - 90, centre_y + 150), (centre_x - 60, centre_y + 150))
        drag(page, (centre_x + 90, centre_y + 150), (centre_x + 60, centre_y + 150))
        page.click("#undo")

        # it is named and hung up: there it is in the shopper's row, without a reload
        page.fill("#name", "Sunset over the sea")
        page.fill("#price", "29 €")
        page.fill("#link", "https://shop.example/sunset")
        page.click("#save")
        page.wait_for_selector("#editor", state="hidden")
        assert "is in every shopper’s row" in page.locator("#toast").inner_text()
        garment = f'[data-garment="{draft["id"]}"]'
        shopper.wait_for_selector(garment)
        assert shopper.locator(garment).inner_text().split("\n") == ["Sunset over the sea", "29 €"]

        after = ask(server, f"/{draft['id']}")
        assert after["published"]
        x, y = after["landmarks"]["neckline_left"]
        changed = alpha_of(server, draft["id"]).astype(int) - alpha
        height, width = changed.shape
        assert changed[height // 2, width // 2] < -200, "erased"
        assert (changed[int(height * 0.75) :, : width // 2] > 200).sum() > 300, "brought back"
        assert (changed[int(height * 0.75) :, width // 2 :] > 200).sum() == 0, "taken back"

        # it is tried on
        shopper.click(garment)
        wait_until(shopper, f"document.querySelector('{garment}').ariaPressed === 'true' && !document.querySelector('.waiting')")
        assert shopper.locator("#offer").inner_text() == "29 € · See it in the shop"

        # what the shopper came in is told, with what the shop has like it
        shopper.click("#look")
        shopper.wait_for_selector("#worn li", timeout=60_000)
        assert shopper.locator("#worn strong").first.inner_text()
        another = shopper.locator(f'[data-similar]:not([data-similar="{draft["id"]}"])').first
        similar = another.get_attribute("data-similar")
        another.click()
        wait_until(shopper, f"document.querySelector('[data-garment=\"{similar}\"]').ariaPressed === 'true'")
        shopper.click(garment)

        # changed later, and taken down while it is worn
        page.click(f'[data-id="{draft["id"]}"]')
        wait_for_editor(page)
        page.fill("#name", "Sunset")
        page.click("#save")
        wait_until(shopper, f"document.querySelector('{garment}').innerText.startsWith('Sunset\\n')")
        assert shopper.locator(garment).get_attribute("aria-pressed") == "true"
        page.click(f'[data-id="{draft["id"]}"]')
        wait_for_editor(page)
        page.click("#delete")
        page.click("#delete")
        page.wait_for_selector("#editor", state="hidden")
        wait_until(shopper, f"!document.querySelector('{garment}') && document.body.dataset.state === 'choose'")
        assert wrong == []
        assert wrong_there == []


def test_many_photos_at_once_are_read_one_after_another(browser: Browser, server: Server, tmp_path: Path) -> None:
    good, text, nothing = (tmp_path / name for name in ("skirt.jpg", "text.jpg", "floor.jpg"))
    good.write_bytes(coded(lying("skirt-denim")))
    text.write_text("no picture")
    nothing.write_bytes(coded(np.full((600, 500, 3), 130, np.uint8)))
    with open_page(browser, f"{server.url}studio", **DESKTOP) as (page, wrong):
        page.set_input_files("#files", [good, text, nothing])
        wait_until(page, "/^One photo is read, 2 could not be/.test(document.querySelector('#batch-title').innerText)", 60)
        failures = page.locator("#failures").inner_text()
        assert "text.jpg This file is not a picture" in failures
        assert "floor.jpg There is no garment" in failures
        page.click("#draft-cards button")
        wait_for_editor(page)
        page.click("#delete")
        assert page.locator("#delete").inner_text() == "Really delete?"
        page.click("#delete")
        page.wait_for_selector("#editor", state="hidden")
        page.wait_for_selector("#drafts", state="hidden")
        assert [line for line in wrong if "422" not in line] == []
