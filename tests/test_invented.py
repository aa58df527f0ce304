"""Legs that the try-on network invents where a skirt is shorter than what is worn; and what the network is shown."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engines.body import Reading
from engines.contract import BODY_PLANES, CLASSES, TRYON_TOM
from engines.crop import Crop
from engines.samples import sample_inputs
from engines.tryon.agnostic import Agnostic, draw_small, look, old_cloth
from engines.tryon.dress import dress
from engines.tryon.fit import Fit, fit
from engines.tryon.invented import legs
from engines.tryon.tom import Rendered, TryOnModule
from tests import bodies
from tests.bodies import JEANS, SKIN, Body


@pytest.fixture(scope="module")
def network() -> TryOnModule:
    return TryOnModule.load()


def seen(garment: bodies.Garment) -> tuple[np.ndarray, Fit, Reading, Crop]:
    frame, crop, reading = Body().read()
    made = fit(garment, reading, crop)
    assert made is not None
    return frame, made, reading, crop


def shown(garment: bodies.Garment) -> Agnostic:
    _, made, reading, crop = seen(garment)
    return look(made, reading, crop, old_cloth(made.category, reading.parsing))


def test_the_old_garment_is_hidden_from_the_network():
    agnostic = shown(bodies.skirt(330))
    free = agnostic.person[..., 3] == 255
    assert 0.02 < free.mean() < 0.6
    painted = agnostic.person[free][:, :3].astype(int)
    assert np.ptp(painted, axis=0).max() <= 1, "one colour, of the person's skin"
    assert np.abs(painted.mean(0) - SKIN).max() < 12
    parsing = agnostic.body[..., : sum(bool(names) for names in BODY_PLANES.values())]
    assert parsing[free].max() == 0, "nothing is said of what is in the free region"
    assert agnostic.body[..., list(BODY_PLANES).index("leg strokes")].max() == 255


def test_the_small_garment_lies_where_the_large_one_is_drawn():
    frame, made, reading, crop = seen(bodies.skirt(330))
    small = draw_small(made.layers, crop)[..., 3] > 127
    large = np.full_like(frame, 0)
    dress(large, made, reading, crop)
    onto = crop.matrix / 2
    onto[:, 2] -= 0.25
    drawn = cv2.warpAffine(large.max(2), onto, (96, 128), flags=cv2.INTER_LINEAR) > 40
    assert (small & drawn).sum() / drawn.sum() > 0.9


def test_legs_are_bare_below_a_skirt_over_trousers(network):
    frame, made, reading, crop = seen(bodies.skirt(330))
    plain, bare = frame.copy(), frame.copy()
    dress(plain, made, reading, crop)
    dress(bare, made, reading, crop, invent=network)
    x, y = crop.to_frame(made.pose.knees[0] * 0.4 + made.pose.ankles[0] * 0.6)
    shin = slice(int(y) - 6, int(y) + 6), slice(int(x) - 3, int(x) + 4)
    assert np.abs(plain[shin].mean((0, 1)) - JEANS).max() < 6
    assert np.abs(bare[shin].mean((0, 1)) - SKIN).max() < 45
    waist = int(crop.to_frame(made.pose.place(0, 0.5))[1])
    assert (bare[:waist] == plain[:waist]).all(), "the upper body stays as it was"


def test_the_network_is_asked_only_where_the_new_garment_ends_above_the_old():
    asked = []

    def invent(agnostic: Agnostic) -> Rendered:
        asked.append(agnostic)
        return Rendered(*(np.zeros((128, 96, 3), np.float32),) * 2, *(np.zeros((128, 96), np.float32),) * 2)

    _, made, reading, crop = seen(bodies.skirt(330))
    found = legs(invent, made, reading, crop)
    assert found is not None
    assert len(asked) == 1
    knees = (made.pose.knees - made.pose.neck) @ made.pose.down
    assert 0.5 * knees.min() < found.hem < knees.max()
    _, made, reading, crop = seen(bodies.skirt(760))
    assert legs(invent, made, reading, crop) is None
    assert len(asked) == 1


def test_the_network_keeps_its_ranges(network):
    inputs = {name: batch[0] for name, batch in sample_inputs(TRYON_TOM).items()}
    made = network(Agnostic(**inputs))
    assert made.skin.shape == made.behind.shape == (128, 96, 3)
    for plane, highest in ((made.skin, 255), (made.behind, 255), (made.bare, 1), (made.mask, 1)):
        assert 0 <= plane.min() <= plane.max() <= highest


def test_noise_of_the_camera_is_not_made_larger(network):
    _, made, reading, crop = seen(bodies.skirt(330))
    random = np.random.default_rng(5)
    noisy = [np.clip(crop.picture + random.normal(0, 4, crop.picture.shape), 0, 255).astype(np.uint8) for _ in range(2)]
    old = old_cloth(made.category, reading.parsing)
    first, second = (network(look(made, reading, Crop(picture, crop.matrix), old)) for picture in noisy)
    free = old > 0.5
    before = np.abs(noisy[0].astype(float) - noisy[1]).mean()
    for a, b in ((first.skin, second.skin), (first.behind, second.behind)):
        assert np.abs(a[free] - b[free]).mean() < before
    assert np.abs(first.bare - second.bare)[free].mean() < 0.02
    assert CLASSES[0] == "background"
