"""The catalogue as a zip: what goes in comes out elsewhere; a bad zip changes nothing. And the command that does it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engines.errors import UserError
from streamer.__main__ import main
from streamer.catalog import Catalog
from streamer.catalog.archive import export, restore
from tests.test_catalog import add, landmarks, png


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path / "shop", built_in=None)
    tags = {"kind": "shirt", "pattern": "plain", "colours": [{"name": "navy", "share": 1.0, "rgb": [1, 2, 3]}]}
    embedding = np.full(128, 128**-0.5, np.float32)
    add(catalog, "Plain shirt")
    catalog.add(png(7), "Hemd Ä", "blouse", landmarks("blouse"), opening=[[1, 2], [3, 4], [5, 6]], photo=b"jpeg", published=False,
                tags=tags, embedding=embedding, reader="r1", price="20 €", link="https://shop.example/7", source="IMG_7.heic")  # fmt: skip
    yield catalog
    catalog.close()


def everything(catalog: Catalog) -> list[Any]:
    kept = []
    for each in sorted(catalog.records(), key=lambda record: record.id):
        row, picture, photo = catalog.archived(each.id)
        kept.append([{name: row[name] for name in row if name not in ("number", "file", "photo", "created", "changed")}, picture, photo])
    return kept


def test_what_is_exported_is_the_same_elsewhere(shop: Catalog, tmp_path: Path) -> None:
    assert export(shop, tmp_path / "all.zip") == 2
    other = Catalog(tmp_path / "other", built_in=None)
    add(other, "Plain shirt", shade=3)
    add(other, "Stays")
    for _ in range(2):
        assert restore(other, tmp_path / "all.zip") == 2
        other.delete("stays") if len(other.records()) == 3 else None
        assert everything(other) == everything(shop)
    other.close()
    assert not list(tmp_path.glob("*.part"))


def rewritten(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """The archive with its description changed."""
    with zipfile.ZipFile(file) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    about = json.loads(files["catalog.json"])
    change(about)
    files["catalog.json"] = json.dumps(about).encode()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda about: about.update(format=2), "newer version"),
        (lambda about: about.update(garments={}), "no archive"),
        (lambda about: about["garments"].append(about["garments"][0]), "two garments"),
        (lambda about: about["garments"][1].update(id="../x"), "without a proper id"),
        (lambda about: about["garments"][1].pop("name"), "lacks name"),
        (lambda about: about["garments"][1].update(name=""), "1 to 80 letters"),
        (lambda about: about["garments"][1].update(name=7), "is a text"),
        (lambda about: about["garments"][1].update(landmarks={}), "lacks landmarks"),
        (lambda about: about["garments"][1].update(landmarks=7), "cannot be kept"),
        (lambda about: about["garments"][1].update(link="javascript:1"), "whole address"),
        (lambda about: about["garments"][1].update(embedding="%%"), "cannot be kept"),
        (lambda about: about["garments"][1].update(id="another"), "damaged"),
    ],
)
def test_a_bad_archive_is_refused_whole(shop: Catalog, tmp_path: Path, change: Callable[[dict[str, Any]], object], said: str) -> None:
    export(shop, tmp_path / "all.zip")
    rewritten(tmp_path / "all.zip", change)
    other = Catalog(tmp_path / "other", built_in=None)
    with pytest.raises(UserError, match=said):
        restore(other, tmp_path / "all.zip")
    assert not other.records()
    other.close()


def test_what_is_no_archive_is_said_to_be_none(shop: Catalog, tmp_path: Path) -> None:
    export(shop, tmp_path / "all.zip")
    whole = (tmp_path / "all.zip").read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    at = whole.index(b"\x89PNG") + 60
    (tmp_path / "flipped.zip").write_bytes(whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :])
    (tmp_path / "text.zip").write_text("no zip")
    for name, said in (("cut.zip", "damaged"), ("flipped.zip", "damaged"), ("text.zip", "damaged"), ("none.zip", "No such file")):
        with pytest.raises(UserError, match=said):
            restore(shop, tmp_path / name)
    with pytest.raises(UserError, match="cannot be written"):
        export(shop, tmp_path / "nowhere" / "all.zip")


def test_the_command_exports_imports_lists_and_removes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here, there = ["--data", str(tmp_path / "here")], ["--data", str(tmp_path / "there")]
    catalog = Catalog(tmp_path / "here" / "catalog")
    add(catalog, "Own shirt")
    catalog.close()
    assert main(["catalog", *here, "export", str(tmp_path / "all.zip")]) == 0
    assert main(["catalog", *there, "import", str(tmp_path / "all.zip")]) == 0
    assert main(["catalog", *there, "remove", "breton"]) == 0
    capsys.readouterr()
    assert main(["catalog", *there, "list"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert any(line.startswith("own-shirt ") and "blouse" in line for line in listed)
    assert not any(line.startswith("breton ") for line in listed)
    with pytest.raises(UserError, match="no garment 'breton'"):
        main(["catalog", *there, "remove", "breton"])
