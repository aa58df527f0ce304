"""A garment read from a photo, from pixels to tags: drawn garments on a floor, so that the truth is known; and photos that are no good."""

import cv2
import numpy as np
import pytest

from engines.contract import CATEGORY_LANDMARKS, EMBEDDING, KINDS
from engines.errors import UserError
from engines.garment import cutting
from engines.garment.read import GarmentReader, category_scores
from tests.garments import floor, laid


@pytest.fixture(scope="module")
def reader():
    return GarmentReader.load(threads=1)


@pytest.fixture(scope="module")
def breton(reader):
    picture, alpha, points = laid("breton")
    return reader(picture), picture, alpha, points


@pytest.fixture(scope="module")
def jeans(reader):
    picture, alpha, points = laid("jeans", share=0.9, seed=3)
    return reader(picture), picture, alpha, points


def iou(rgba, alpha):
    found, real = rgba[..., 3] > 127, alpha > 0.5
    return (found & real).sum() / (found | real).sum()


def test_the_cut_out_is_the_garment(breton, jeans):
    # White on a light floor, with floor between sleeves and body, is hard; blue jeans are not.
    for (reading, picture, alpha, _), least in ((breton, 0.8), (jeans, 0.93)):
        assert reading.rgba.shape == (*picture.shape[:2], 4)
        assert reading.rgba.dtype == np.uint8
        assert iou(reading.rgba, alpha) > least


def test_its_edge_is_soft_and_bears_no_floor(breton):
    reading, picture, alpha, _ = breton
    found = reading.rgba[..., 3]
    half = (found > 30) & (found < 225)
    assert 200 < half.sum() < 0.05 * found.size
    # The half-covered pixels were mended: they are no longer those of the photo, in which the floor shows.
    edge = half & (alpha > 0.05) & (alpha < 0.95)
    assert (reading.rgba[edge][:, :3] != picture[edge]).any(1).mean() > 0.8


def test_category_and_landmarks(breton, jeans):
    for (reading, _, _, points), category, measure in ((breton, "blouse", "armpit"), (jeans, "trousers", "waistband")):
        assert reading.category == category
        assert sum(reading.scores[kind] for kind in KINDS) == pytest.approx(1, abs=1e-3)
        assert max(CATEGORY_LANDMARKS, key=reading.scores.get) == category
        assert set(reading.landmarks) == set(CATEGORY_LANDMARKS[category])
        size = np.linalg.norm(np.subtract(points[f"{measure}_left"], points[f"{measure}_right"]))
        errors = [np.linalg.norm(np.subtract(reading.landmarks[name][:2], points[name])) / size for name in points]
        assert np.mean(errors) < 0.16
        assert all(0 <= score <= 1 for _, _, score in reading.landmarks.values())
        # Left and right are the viewer's.
        for name, (x, _, _) in reading.landmarks.items():
            if "_left" in name and "in" not in name.split("_"):
                assert x < reading.landmarks[name.replace("left", "right")][0]


def test_tags(breton, jeans):
    tags = breton[0].tags
    assert tags["kind"] in KINDS
    assert tags["pattern"] == "striped"
    assert tags["wearable"]
    names = {colour["name"] for colour in tags["colours"]}
    assert names & {"white", "light grey"}
    assert names & {"navy", "black"}
    assert sum(colour["share"] for colour in tags["colours"]) <= 1
    assert jeans[0].tags["kind"] in ("pants", "shorts")
    assert {colour["name"] for colour in jeans[0].tags["colours"]} & {"blue", "navy"}


def test_similar_is_the_same_piece_on_another_floor(reader, breton, jeans):
    again = reader(laid("breton", at=(0.52, 0.48), share=0.7, seed=8)[0])
    assert again.embedding.shape == (EMBEDDING,)
    assert np.linalg.norm(again.embedding) == pytest.approx(1, abs=1e-4)
    assert again.embedding @ breton[0].embedding > again.embedding @ jeans[0].embedding + 0.2


def test_a_cut_out_is_described_without_being_cut_again(reader, jeans):
    tags, embedding = reader.describe(jeans[0].rgba)
    assert tags["kind"] == jeans[0].tags["kind"]
    assert embedding @ jeans[0].embedding > 0.99
    with pytest.raises(UserError, match="hardly anything"):
        reader.describe(np.zeros((50, 50, 4), np.uint8))


def test_a_large_photo_keeps_its_size(reader):
    picture, alpha, points = laid("jeans", height=2880, seed=3)
    reading = reader(picture)
    assert reading.rgba.shape == (2880, 2160, 4)
    assert iou(reading.rgba, alpha) > 0.93
    assert np.linalg.norm(np.subtract(reading.landmarks["crotch"][:2], points["crotch"])) < 200


def test_a_picture_with_transparency_is_cut_out_already(reader):
    picture, alpha, _ = laid("breton")
    given = np.dstack([picture, (alpha * 255).astype(np.uint8)])
    assert (reader(given).rgba[..., 3] == given[..., 3]).all()


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (floor(400, 300), "no garment"),
        (np.full((300, 300, 3), 200, np.uint8), "no garment"),
        (np.zeros((20, 300, 3), np.uint8), "at least 32"),
        (np.zeros((300, 300, 4), np.uint8), "transparent all over"),
    ],
    ids=["floor", "plain", "tiny", "transparent"],
)
def test_a_photo_with_nothing_on_it_is_refused(reader, picture, said):
    with pytest.raises(UserError, match=said):
        reader(picture)


def test_a_garment_cut_off_by_the_edge_is_said(reader):
    hints = reader(laid("breton", at=(0.5, 0.95), share=0.95)[0]).hints
    assert any("cut off by the edge" in hint for hint in hints)


def test_two_garments_are_said(reader):
    one, other = laid("jeans", at=(0.25, 0.5), share=0.45), laid("jeans", at=(0.75, 0.5), share=0.45)
    both = np.where(other[1][..., None] > 0.5, other[0], one[0])
    assert any("two pieces" in hint for hint in reader(both).hints)


def test_much_skin_is_said():
    solid = np.zeros((60, 60), bool)
    solid[10:50, 10:50] = True
    assert any("Skin" in hint for hint in cutting._hints(solid, 0.1))
    assert not cutting._hints(solid, 0.01)


def test_a_category_has_the_probability_of_its_kinds():
    scores = category_scores(dict.fromkeys(KINDS, 0.0) | {"shoes": 0.4, "pants": 0.2, "shorts": 0.15, "skirt": 0.25})
    assert scores == pytest.approx({"blouse": 0, "outwear": 0, "dress": 0, "trousers": 0.35, "skirt": 0.25})


def test_no_colour_of_the_floor_is_taken_for_the_garments(breton):
    reading, picture, *_ = breton
    inside = cv2.erode((reading.rgba[..., 3] > 250).astype(np.uint8), np.ones((9, 9))) > 0
    assert (reading.rgba[inside][:, :3] == picture[inside]).all()
