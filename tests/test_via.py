"""Pictures labelled with the VGG Image Annotator: both layouts, and every fault named with its picture and region."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from engines.errors import UserError
from engines.training.via import read_via

SQUARE = {"name": "polygon", "all_points_x": [10, 50, 50, 10], "all_points_y": [10, 10, 60, 60]}


def region(called: Any = "top", /, **shape: Any) -> dict[str, Any]:
    return {"shape_attributes": shape or SQUARE, "region_attributes": {"name": called}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cv2.imwrite(str(tmp_path / "a.jpg"), np.full((80, 60, 3), 90, np.uint8))
    return tmp_path


def write(folder: Path, regions: Any, **top: Any) -> Path:
    path = folder / "via.json"
    path.write_text(json.dumps({"a.jpg123": {"filename": "a.jpg", "size": 123, "file_attributes": {}, "regions": regions, **top}}))
    return path


@pytest.mark.parametrize("regions", [{"0": region("top"), "1": region("Boots")}, [region("top"), region({"boots": True, "bag": False})]])
def test_both_layouts_are_read(folder: Path, regions: Any) -> None:
    (one,) = read_via(write(folder, regions), folder)
    assert one.picture.shape == (80, 60, 3)
    assert [r.classes for r in one.regions] == [("upper-clothes",), ("left-shoe", "right-shoe")]
    np.testing.assert_array_equal(one.regions[0].outline, [[10, 10], [50, 10], [50, 60], [10, 60]])


def test_a_saved_project_is_read(folder: Path) -> None:
    content = json.loads(write(folder, [region("bag")]).read_text())
    (folder / "project.json").write_text(json.dumps({"_via_settings": {}, "_via_img_metadata": content, "_via_attributes": {}}))
    assert read_via(folder / "project.json", folder)[0].regions[0].classes == ("bag",)


@pytest.mark.parametrize("shape", [
    {"name": "rect", "x": 10, "y": 20, "width": 30, "height": 40},
    {"name": "circle", "cx": 25, "cy": 40, "r": 20}, {"name": "ellipse", "cx": 25, "cy": 40, "rx": 20, "ry": 20},
])  # fmt: skip
def test_other_shapes_become_outlines(folder: Path, shape: dict[str, Any]) -> None:
    outline = read_via(write(folder, [region("top", **shape)]), folder)[0].regions[0].outline
    expected = 1200 if shape["name"] == "rect" else np.pi * 400
    assert cv2.contourArea(outline) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize(("bad", "words"), [
    (region("trousers"), "'trousers' is not known"),
    (region(None), "no 'name'"),
    ({"shape_attributes": SQUARE}, "no region_attributes"),
    (region("top", name="polygon", all_points_x=[1, 2], all_points_y=[1, 2]), "three are the least"),
    (region("top", name="polygon", all_points_x=[1, 2, 3], all_points_y=[1, 2]), "not as many x as y"),
    (region("top", name="polygon", all_points_x=[1, "2", 3], all_points_y=[1, 2, 9]), "no number"),
    (region("top", name="polygon", all_points_x=[1, 2, 3], all_points_y=[1, 2, 3]), "encloses nothing"),
    (region("top", name="point", cx=1, cy=2), "draw a polygon"),
    (region("top", name="polygon", all_points_x=[900, 950, 950], all_points_y=[10, 10, 60]), "outside the picture"),
])  # fmt: skip
def test_a_bad_region_is_named(folder: Path, bad: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=f"nothing was trained.*a.jpg, region .*{words}"):
        read_via(write(folder, [bad, region("top")]), folder)


def test_all_faults_are_named_at_once(folder: Path) -> None:
    with pytest.raises(UserError, match=r"region 0: .*'x' is not known.*region 2: .*'y' is not known"):
        read_via(write(folder, [region("x"), region("top"), region("y")]), folder)


@pytest.mark.parametrize(("name", "words"), [("missing.jpg", "no such picture"), ("../a.jpg", "no file name"), ("b.jpg", "not a picture")])
def test_a_missing_or_damaged_picture_is_named(folder: Path, name: str, words: str) -> None:
    (folder / "b.jpg").write_bytes(b"no picture")
    with pytest.raises(UserError, match=words):
        read_via(write(folder, [region()], filename=name), folder)


@pytest.mark.parametrize(("text", "words"), [
    ("{", "no JSON"), ("[]", "no export"), ('{"a": {"filename": "a.jpg"}}', "no export"), ("{}", "no regions"),
])  # fmt: skip
def test_a_file_that_is_no_export_is_refused(folder: Path, text: str, words: str) -> None:
    (folder / "bad.json").write_text(text)
    with pytest.raises(UserError, match=words):
        read_via(folder / "bad.json", folder)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read_via(tmp_path / "none.json", tmp_path)
