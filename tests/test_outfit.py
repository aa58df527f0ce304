"""Several pieces at once, and what is shown of them while the shopper turns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engines.body import Reading
from engines.contract import CLASSES, LANDMARKS
from engines.errors import UserError
from engines.tryon.doubt import turned_away
from engines.tryon.fit import fit, under
from engines.tryon.outfit import outfit
from streamer.fading import put_on, step
from tests import bodies
from tests.bodies import Body


def coat() -> bodies.Garment:
    return replace(bodies.shirt(long=True), category="outwear")


def test_an_outfit_goes_from_the_inside_out():
    top, jacket, jeans = bodies.shirt(), coat(), bodies.trousers()
    assert outfit([jacket, top, jeans]) == (jeans, top, jacket)
    for worn in ([top, bodies.shirt()], [jeans, bodies.skirt()], [replace(top, category="dress"), jeans]):
        with pytest.raises(UserError, match="the same place"):
            outfit(worn)


def test_pieces_share_what_is_measured_and_a_coat_hides_the_sleeves_under_it():
    _, crop, reading = Body().read()
    worn, doubt = put_on(outfit([coat(), bodies.shirt(), bodies.trousers()]), reading, crop, ())
    assert doubt is None
    jeans, top, jacket = (fitted for _, fitted in worn)
    assert jeans.outline is top.outline is jacket.outline
    assert [layer.piece.name for group in top.layers for layer in group] == ["torso"]
    assert top.reach == jacket.reach
    assert under(jeans, jacket) is jeans
    alone = fit(bodies.shirt(), reading, crop)
    assert alone is not None
    sleeveless = fit(replace(bodies.shirt(sleeves=False), category="outwear"), reading, crop)
    assert sleeveless is not None
    assert under(alone, sleeveless) is alone, "its sleeves come out of a waistcoat"


def turned(reading: Reading, scale: float) -> Reading:
    """The same body with its shoulders and hips seen ``scale`` as wide; below 0 from behind."""
    points = reading.landmarks.copy()
    wide = [LANDMARKS.index(name) for name in LANDMARKS if any(part in name for part in ("shoulder", "hip", "elbow", "wrist"))]
    middle = points[LANDMARKS.index("neck"), 0]
    points[wide, 0] = middle + (points[wide, 0] - middle) * scale
    parsing = reading.parsing.copy()
    if scale < 0:
        parsing[CLASSES.index("hair")] += parsing[CLASSES.index("face")]
        parsing[CLASSES.index("face")] = 0
    return Reading(parsing, points)


@pytest.mark.parametrize(("scale", "away"), [(1.0, False), (0.7, False), (0.2, True), (-1.0, True)])
def test_from_the_side_and_from_behind_nothing_is_put_on(scale: float, away: bool):
    _, crop, reading = Body().read()
    reading = turned(reading, scale)
    made = fit(bodies.shirt(), reading, crop)
    assert made is not None
    assert turned_away(made, reading) is away
    _, doubt = put_on((bodies.shirt(),), reading, crop, ())
    assert doubt == ("turn" if away else None)


def test_unsure_shoulders_are_a_doubt():
    _, crop, reading = Body().read()
    made = fit(bodies.shirt(), reading, crop)
    assert made is not None
    points = reading.landmarks.copy()
    points[:, 2] = 0.2
    assert turned_away(made, Reading(reading.parsing, points))


def test_what_was_worn_is_kept_while_it_fades_if_it_is_still_wanted():
    _, crop, reading = Body().read()
    shirt = bodies.shirt()
    before, _ = put_on((shirt,), reading, crop, ())
    nobody = Reading(reading.parsing, np.zeros((18, 3), np.float32))
    assert put_on((shirt,), nobody, crop, before) == (before, "step-back")
    assert put_on((bodies.shirt(),), nobody, crop, before) == ((), "step-back")


def test_a_garment_fades_out_over_some_frames_and_in_again():
    assert step(None, True) == 1
    assert step(None, False) == 0
    out, back = [1.0], [0.0]
    while out[-1] > 0:
        out.append(step(out[-1], False))
    while back[-1] < 1:
        back.append(step(back[-1], True))
    assert len(out) == 6
    assert len(back) == 5
    assert step(1.0, True) == 1
    assert step(0.0, False) == 0
