"""The built-in garments: complete, clean at the edges, and what the script draws."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from engines.contract import CATEGORY_LANDMARKS
from engines.garment import draw
from engines.garment.drawing import knits, lettering, png, tees
from engines.garment.drawing.geometry import curve, line, offset, resample
from engines.tryon.garment import Garment, load_garment_file
from tests.conftest import ROOT

FILES = sorted((ROOT / "streamer" / "garments").glob("*.png"))
GARMENTS = [load_garment_file(path) for path in FILES]


def test_every_drawing_is_committed_and_every_category_is_there() -> None:
    assert len(GARMENTS) == len(draw.GARMENTS) >= 10
    assert {garment.category for garment in GARMENTS} == set(CATEGORY_LANDMARKS)
    assert sum(path.stat().st_size for path in FILES) < 4.5e6


@pytest.mark.parametrize("garment", GARMENTS, ids=lambda garment: garment.id)
def test_landmarks_lie_on_the_outline_and_left_is_the_viewers(garment: Garment) -> None:
    shown = (garment.picture[..., 3] > 127).astype(np.uint8)
    inside, outside = (cv2.distanceTransform(mask, cv2.DIST_L2, 5) for mask in (shown, 1 - shown))
    for name, (x, y) in garment.landmarks.items():
        row, column = round(y), round(x)
        assert outside[row, column] <= 4, f"{name} lies beside the garment"
        if name.startswith(("cuff", "hemline", "top_hem", "bottom", "waistband", "shoulder")):
            assert inside[row, column] <= 12, f"{name} lies inside the garment"
        if "_left" in name:
            assert x < garment.landmarks[name.replace("_left", "_right")][0] + 1e-6


@pytest.mark.parametrize("garment", GARMENTS, ids=lambda garment: garment.id)
def test_the_alpha_is_clean(garment: Garment) -> None:
    alpha = garment.picture[..., 3]
    assert not np.concatenate([alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]]).any()
    count, _ = cv2.connectedComponents((alpha > 0).astype(np.uint8))
    assert count == 2, "one piece"
    soft = ((alpha > 0) & (alpha < 255)).mean() / (alpha > 0).mean()
    assert 0 < soft < 0.05
    # Colour under alpha 0 continues the garment: beside the edge it differs little from the cloth.
    near = cv2.dilate((alpha > 0).astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool) & (alpha == 0)
    cloth = cv2.dilate(np.where(alpha[..., None] == 255, garment.picture[..., :3], 0), np.ones((9, 9), np.uint8)).astype(int)
    darkest = 255 - cv2.dilate(np.where(alpha[..., None] == 255, 255 - garment.picture[..., :3], 0), np.ones((9, 9), np.uint8)).astype(int)
    colours = garment.picture[near, :3].astype(int)
    assert np.mean((colours <= cloth[near] + 40).all(axis=1) & (colours >= darkest[near] - 40).all(axis=1)) > 0.97


def test_the_neck_opening_shows_the_dark_inside_of_the_back() -> None:
    white = next(garment for garment in GARMENTS if garment.id == "tee-lettering")
    mask = np.zeros(white.picture.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(np.array(white.opening)).astype(np.int32)], 255)
    inner = cv2.erode(mask, np.ones((15, 15), np.uint8)) > 0
    assert white.picture[inner, :3].mean() < 200 < white.picture[400:600, 400:600, :3].mean() + 40


def test_drawing_again_gives_the_committed_garment(tmp_path: Path) -> None:
    draw.write(knits.tank(), tmp_path, 0)
    drawn, kept = load_garment_file(tmp_path / "tank.png"), load_garment_file(ROOT / "streamer" / "garments" / "tank.png")
    assert drawn.landmarks == kept.landmarks
    assert drawn.picture.shape == kept.picture.shape
    assert np.abs(drawn.picture.astype(int) - kept.picture.astype(int)).mean() < 1
    assert json.loads((tmp_path / "tank.json").read_text())["category"] == "blouse"


def test_the_png_keeps_colours_and_alpha() -> None:
    rng = np.random.default_rng(0)
    picture = np.zeros((64, 64, 4), np.uint8)
    picture[8:56, 8:56] = np.dstack([rng.integers(100, 110, (48, 48, 3)), np.full((48, 48), 255)])
    picture[7, 8:56] = (105, 105, 105, 128)
    decoded = cv2.cvtColor(cv2.imdecode(np.frombuffer(png.encode(picture), np.uint8), cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA)
    assert (decoded[..., 3] == picture[..., 3]).all()
    assert np.abs(decoded.astype(int) - picture.astype(int)).max() <= 6


def test_curves_pass_through_their_points_and_offsets_keep_their_distance() -> None:
    points = [(0.0, 0.0), (3.0, 1.0), (5.0, 4.0)]
    drawn = curve(*points)
    for point in points:
        assert np.linalg.norm(drawn - point, axis=1).min() < 1e-6
    moved = offset(line((0, 0), (10, 0)), 2)
    assert np.allclose(moved[:, 1], 2)
    assert np.allclose(np.diff(resample(line((0, 0), (0, 4)), 0.5)[:, 1]), 0.5)


def test_lettering_is_centred() -> None:
    points = np.vstack(lettering.strokes("NORD", 10, 5, 2, 0.5))
    assert points[:, 0].min() + points[:, 0].max() == pytest.approx(20, abs=0.1)
    assert points[:, 1].min() == pytest.approx(5, abs=0.05)
    assert points[:, 1].max() == pytest.approx(7, abs=0.05)


def test_the_command_names_what_it_can_draw(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.argv", ["draw", str(tmp_path), "--only", "hat"])
    from engines.errors import exit_on_user_error

    assert exit_on_user_error(draw.main) == 2
    assert "'hat'" in capsys.readouterr().err
    monkeypatch.setattr(draw, "GARMENTS", (tees.tee_lettering,))
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setattr("sys.argv", ["draw", str(blocked)])
    assert exit_on_user_error(draw.main) == 2
