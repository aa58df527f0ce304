"""The arithmetic round the garment networks: the square they see, decoding, outlines, colours, patterns, figures."""

import cv2
import numpy as np
import pytest

from engines.contract import GARMENT_LANDMARKS
from engines.garment import colours, cutting, pattern
from engines.garment.cut import letterbox
from engines.garment.evaluate import normalised_errors, outline
from engines.garment.landmarks import MIRRORED, decode
from engines.garment.similar import in_words, nearest
from engines.garment.square import GREY, square


def disc(height=300, width=200, centre=(120, 80), radius=40, colour=(200, 30, 40)):
    rgba = np.zeros((height, width, 4), np.uint8)
    cv2.circle(rgba, centre, radius, (*colour, 255), -1)
    return rgba


def test_the_square_holds_the_piece_in_its_middle_on_grey():
    picture, onto = square(disc(), 96)
    assert picture.shape == (96, 96, 4)
    assert onto @ (120, 80, 1) == pytest.approx([47.5, 47.5], abs=0.6)
    assert picture[48, 48].tolist() == [200, 30, 40, 255]
    assert picture[2, 2].tolist() == [GREY, GREY, GREY, 0]
    covered = np.nonzero(picture[..., 3] > 127)
    assert np.ptp(covered[0]) == np.ptp(covered[1])  # not squeezed


def test_a_large_piece_is_shrunk_to_the_same_square():
    small, _ = square(disc(), 96)
    large, onto = square(cv2.resize(disc(), (1400, 2100), interpolation=cv2.INTER_NEAREST), 96)
    assert np.abs(small.astype(int) - large).mean() < 3
    assert onto[0, 0] == pytest.approx(96 / (81 * 7 * 1.12), rel=0.02)


def test_the_letterbox_keeps_the_whole_photo():
    picture = np.zeros((300, 200, 3), np.uint8)
    picture[150, 100] = 255
    boxed, onto = letterbox(picture, 160)
    assert boxed.shape == (160, 160, 3)
    y, x = np.unravel_index(boxed[..., 0].argmax(), (160, 160))
    assert onto @ (100, 150, 1) == pytest.approx([x, y], abs=0.6)


def test_maps_are_decoded_between_their_cells():
    y, x = np.mgrid[:24, :24]
    one = np.exp(-((x - 7.3) ** 2 + (y - 15.6) ** 2) / 1.5)
    flat = np.full((24, 24), 1 / 576)
    found = decode(np.stack([one / one.sum(), flat]).astype(np.float32))
    assert found[0, :2] == pytest.approx([(7.3 + 0.5) * 4 - 0.5, (15.6 + 0.5) * 4 - 0.5], abs=0.5)
    assert found[0, 2] > 0.95
    assert found[1, 2] < 0.1


def test_left_and_right_change_places_in_a_mirror():
    assert GARMENT_LANDMARKS[MIRRORED[GARMENT_LANDMARKS.index("cuff_left_in")]] == "cuff_right_in"
    assert GARMENT_LANDMARKS[MIRRORED[GARMENT_LANDMARKS.index("crotch")]] == "crotch"
    assert [MIRRORED[i] for i in MIRRORED] == list(range(24))


@pytest.mark.parametrize(
    ("rgb", "name"),
    [((10, 10, 12), "black"), ((245, 245, 244), "white"), ((200, 25, 35), "red"), ((25, 32, 66), "navy"), ((60, 110, 180), "blue"),
     ((60, 140, 70), "green"), ((240, 210, 70), "yellow"), ((238, 178, 190), "pink"), ((112, 80, 55), "brown"), ((225, 210, 182), "beige"),
     ((128, 128, 128), "grey")],
)  # fmt: skip
def test_colours_have_names(rgb, name):
    found = colours.describe(disc(colour=rgb))
    assert found[0]["name"] == name
    assert found[0]["share"] > 0.95
    assert found[0]["rgb"] == list(rgb)


def test_several_colours_are_listed_by_their_share():
    rgba = disc(radius=70)
    rgba[:80, :, :3] = (20, 30, 70)
    rgba[80:100, :, :3] = (240, 240, 240)
    found = colours.describe(rgba)
    assert [c["name"] for c in found] == ["navy", "red", "white"]
    assert colours.describe(np.zeros((50, 50, 4), np.uint8)) == []


def cloth(paint):
    y, x = np.mgrid[:240, :200]
    picture = paint(x, y, np.random.default_rng(0)).astype(np.uint8)
    picture = np.clip(picture + np.random.default_rng(1).normal(0, 2, picture.shape), 0, 255).astype(np.uint8)
    return np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])


def two(where, a=(30, 40, 90), b=(235, 230, 225)):
    return np.where(where[..., None], a, b)


def dots(x, y, random):
    where = np.zeros(x.shape, bool)
    for cx, cy, r in random.uniform((0, 0, 4), (200, 240, 11), (60, 3)):
        where |= (x - cx) ** 2 + (y - cy) ** 2 < r * r
    return two(where)


@pytest.mark.parametrize(
    ("name", "paint"),
    [("plain", lambda x, y, _: np.full((*x.shape, 3), (70, 90, 140)) + 12 * np.sin(x / 30 + y / 50)[..., None]),
     ("striped", lambda x, y, _: two(y // 9 % 2 == 0)), ("striped", lambda x, y, _: two((x + y) // 10 % 2 == 0)),
     ("checked", lambda x, y, _: two((x // 12 + y // 12) % 2 == 0)), ("printed", dots)],
)  # fmt: skip
def test_patterns(name, paint):
    assert pattern.of(cloth(paint)) == name


def test_nothing_opaque_is_plain():
    assert pattern.of(np.zeros((60, 60, 4), np.uint8)) == "plain"


def test_crumbs_and_pinholes_go_sleeves_stay():
    found = np.zeros((200, 200), bool)
    found[40:160, 60:140] = True
    found[90:94, 90:94] = False  # a pinhole
    found[50:110, 20:50] = True  # a sleeve that a seam cut off
    found[5:9, 5:9] = True  # a crumb
    tidy = cutting.tidy(found)
    assert tidy[92, 92]
    assert tidy[80, 35]
    assert not tidy[7, 7]


def test_the_network_is_refined_to_the_edge_of_the_colours():
    picture = np.full((128, 128, 3), (190, 180, 160), np.uint8)
    cv2.circle(picture, (64, 64), 40, (40, 60, 120), -1)
    picture = np.clip(picture + np.random.default_rng(0).normal(0, 4, picture.shape), 0, 255).astype(np.uint8)
    y, x = np.mgrid[:128, :128]
    blurred = 1 / (1 + np.exp((np.hypot(x - 66, y - 62) - 38) / 4))  # too small, beside the disc, soft
    found = cutting.region(picture, np.dstack([1 - blurred, 0 * blurred, blurred]).astype(np.float32))
    real = np.hypot(x - 64, y - 64) < 40
    assert (found & real).sum() / (found | real).sum() > 0.97


def test_figures():
    mask = outline([[[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]]], (80, 40))
    assert mask.sum() == pytest.approx(40 * 20, rel=0.08)
    found = np.zeros((24, 3))
    truth = {name: np.array([10.0 * i, 0.0]) for i, name in enumerate(("waistband_left", "waistband_right", "hemline_left"))}
    for i, name in enumerate(truth):
        found[GARMENT_LANDMARKS.index(name), :2] = truth[name] + (0, i)
    assert normalised_errors(found, truth, "skirt") == pytest.approx([0, 0.1, 0.2])


def test_the_most_similar_come_first():
    shelf = np.eye(128, dtype=np.float32)
    assert nearest(shelf[5] * 0.8 + shelf[3] * 0.6, shelf, 2) == [(5, pytest.approx(0.8)), (3, pytest.approx(0.6))]
    assert nearest(shelf[0], np.zeros((0, 128), np.float32)) == []
    assert in_words({"pattern": "plain", "colours": [{"name": "red"}], "kind": "skirt"}) == "plain red skirt"
