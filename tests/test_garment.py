"""Garment files: what can be worn is loaded, everything else is one clear sentence."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from engines.contract import CATEGORY_LANDMARKS
from engines.errors import UserError
from engines.tryon.garment import load_garment, load_garment_file, make_garment

LANDMARKS = {name: [10 + index, 12] for index, name in enumerate(CATEGORY_LANDMARKS["blouse"])}


def rgba(height: int = 40, width: int = 30) -> np.ndarray:
    picture = np.zeros((height, width, 4), np.uint8)
    picture[5:35, 5:25] = (200, 10, 20, 255)
    return picture


def write(path: Path, picture: np.ndarray, **about: object) -> Path:
    code = {3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}[picture.shape[2]]
    assert cv2.imwrite(str(path), cv2.cvtColor(picture, code))
    described = {"name": "Shirt", "category": "blouse", "landmarks": LANDMARKS} | about
    path.with_suffix(".json").write_text(json.dumps(described))
    return path


def test_a_garment_file_is_read_as_rgba(tmp_path: Path) -> None:
    garment = load_garment_file(write(tmp_path / "shirt.png", rgba(), opening=[[1, 2], [3, 2], [2, 5]]))
    assert (garment.id, garment.name, garment.category) == ("shirt", "Shirt", "blouse")
    assert garment.picture[20, 15].tolist() == [200, 10, 20, 255]
    assert garment.landmarks["neckline_left"] == (10.0, 12.0)
    assert garment.opening == ((1.0, 2.0), (3.0, 2.0), (2.0, 5.0))
    assert not garment.picture.flags.writeable
    assert len({garment, garment}) == 1


def test_sixteen_bits_become_eight(tmp_path: Path) -> None:
    wide = (cv2.cvtColor(rgba(), cv2.COLOR_RGBA2BGRA).astype(np.uint16)) * 257
    assert cv2.imwrite(str(tmp_path / "a.png"), wide)
    garment = load_garment(tmp_path / "a.png", "a", "A", "blouse", LANDMARKS)
    assert garment.picture[20, 15].tolist() == [200, 10, 20, 255]


def test_a_third_number_of_a_landmark_is_its_score(tmp_path: Path) -> None:
    scored = {name: [*point, 0.5] for name, point in LANDMARKS.items()}
    assert load_garment_file(write(tmp_path / "a.png", rgba(), landmarks=scored)).landmarks["armpit_left"] == (14.0, 12.0)


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"category": "hat"}, "category 'hat'"),
        ({"landmarks": None}, "no landmarks"),
        ({"landmarks": {k: v for k, v in LANDMARKS.items() if k != "armpit_left"}}, "lacks landmarks .* armpit_left"),
        ({"landmarks": LANDMARKS | {"elbow": [1, 1]}}, "unknown landmark 'elbow'"),
        ({"landmarks": LANDMARKS | {"armpit_left": [300, 1]}}, "outside its picture"),
        ({"landmarks": LANDMARKS | {"armpit_left": [float("nan"), 1]}}, "outside its picture"),
        ({"landmarks": LANDMARKS | {"armpit_left": "left"}}, "must be"),
        ({"landmarks": LANDMARKS | {"armpit_left": [1]}}, "must be"),
    ],
)
def test_bad_descriptions_are_refused(tmp_path: Path, about: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        load_garment_file(write(tmp_path / "shirt.png", rgba(), **about))


def test_no_alpha_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no alpha"):
        load_garment_file(write(tmp_path / "flat.png", rgba()[..., :3]))
    opaque = rgba()
    opaque[..., 3] = 255
    with pytest.raises(UserError, match="no alpha"):
        load_garment_file(write(tmp_path / "opaque.png", opaque))
    with pytest.raises(UserError, match="empty"):
        load_garment_file(write(tmp_path / "empty.png", np.zeros((9, 9, 4), np.uint8)))


def test_files_that_are_missing_or_damaged_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        load_garment_file(tmp_path / "none.png")
    whole = write(tmp_path / "shirt.png", rgba()).read_bytes()
    for data, words in ((whole[:-20], "damaged"), (whole[:60] + b"\xff" + whole[61:], "damaged"), (b"GIF89a", "not a PNG")):
        with pytest.raises(UserError, match=words):
            make_garment(data, "a", "A", "blouse", LANDMARKS, [], "a.png")
    (tmp_path / "shirt.json").write_text("{")
    with pytest.raises(UserError, match=r"landmarks in .*shirt.json"):
        load_garment_file(tmp_path / "shirt.png")
    (tmp_path / "shirt.json").unlink()
    with pytest.raises(UserError, match=r"shirt\.json"):
        load_garment_file(tmp_path / "shirt.png")


def test_a_picture_bomb_is_not_decoded() -> None:
    data = bytearray(cv2.imencode(".png", rgba())[1].tobytes())
    struct.pack_into(">II", data, 16, 30_000, 30_000)
    struct.pack_into(">I", data, 29, zlib.crc32(data[12:29]))
    with pytest.raises(UserError, match="megapixels"):
        make_garment(bytes(data), "a", "A", "blouse", LANDMARKS, [], "a.png")
