"""Cutting garments into pieces."""

from __future__ import annotations

import gc
import weakref

import numpy as np

from engines.tryon.cut import SEAMS, cut
from tests import bodies


def test_torso_and_sleeves_are_apart_and_together_the_whole():
    garment = bodies.shirt()
    made = cut(garment)
    assert set(made.pieces) == {"torso", "left-sleeve", "right-sleeve"}
    whole = np.zeros(garment.picture.shape[:2], int)
    for piece in made.pieces.values():
        x, y = piece.origin
        height, width = piece.picture.shape[:2]
        whole[y : y + height, x : x + width] += piece.picture[..., 3] > 127
    opaque = garment.picture[..., 3] > 127
    assert (whole[opaque] > 0).mean() > 0.98  # less the outermost pixel
    assert (whole > 1).mean() < 0.05  # but for the overlap at the armholes
    sleeve = made.pieces["left-sleeve"]
    assert sleeve.origin[0] + sleeve.picture.shape[1] < 270


def test_a_long_sleeve_is_cut_at_the_elbow():
    made = cut(bodies.shirt(long=True))
    assert {"left-forearm", "right-forearm"} <= set(made.pieces)
    left, right = made.sleeves
    assert left is not None
    assert right is not None
    assert left.reach == right.reach == 2.0
    assert left.fore is not None
    assert np.allclose(left.upper[:, -1], left.fore[:, 0], atol=12)  # both end on the elbow's line
    short = cut(bodies.shirt()).sleeves[0]
    assert short is not None
    assert 0.3 < short.reach < 0.9


def test_straps_are_no_sleeves():
    made = cut(bodies.shirt(sleeves=False))
    assert made.sleeves == (None, None)
    assert set(made.pieces) == {"torso"}


def test_trousers_fall_into_legs_and_a_skirt_does_not():
    assert set(cut(bodies.trousers()).pieces) == {"left-leg", "right-leg"}
    made = cut(bodies.skirt())
    assert set(made.pieces) == {"skirt"}
    assert made.seams.shape == (2, SEAMS, 2)


def test_no_colour_from_outside_comes_in():
    garment = bodies.shirt()
    picture = garment.picture.copy()
    picture[picture[..., 3] == 0, :3] = 255
    pale = bodies.Garment("pale", "pale", "blouse", picture, garment.landmarks)
    for name, piece in cut(pale).pieces.items():
        assert (piece.picture[..., :3].max(2) <= piece.picture[..., 3].astype(int) + 1).all(), name
        for size in piece.sizes:
            assert (size[..., :3].max(2) <= size[..., 3].astype(int) + 2).all(), name


def test_a_cut_goes_when_its_garment_goes():
    garment = bodies.shirt()
    made = weakref.ref(cut(garment))
    assert cut(garment) is made()
    del garment
    gc.collect()
    assert made() is None
