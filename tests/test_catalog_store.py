"""The catalogue with its pictures in an object store, by fsspec's own in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engines.errors import UserError
from streamer.catalog import Catalog
from streamer.catalog.pictures import place
from tests.test_catalog import add, png

upath = pytest.importorskip("upath", reason="universal_pathlib is not installed: pip install -r requirements-cluster.txt")
URL = "memory://shop/garments"


def files() -> set[str]:
    store = upath.UPath("memory://shop")
    return {path.path for path in store.rglob("*") if path.is_file()} if store.exists() else set()


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    opened = Catalog(tmp_path, built_in=None, pictures=URL)
    yield opened
    opened.close()
    upath.UPath("memory://shop").rmdir(recursive=True)


def test_what_is_added_changed_and_removed_is_so_in_the_store(catalog: Catalog, tmp_path: Path) -> None:
    id = add(catalog, "Blue Blouse")
    assert catalog.garment(id).picture.shape[2] == 4
    assert catalog.thumbnail(id)[:4] == b"\x89PNG"
    assert len(files()) == 2
    other = png(90)
    catalog.update(id, png=other, photo=b"\xff\xd8 a photo")
    assert catalog.picture(id) == other
    assert catalog.photo(id) == b"\xff\xd8 a photo"
    assert len(files()) == 2  # the picture and its photo; the old picture and its thumbnail are gone
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".png", ".jpg")]
    catalog.delete(id)
    assert files() == set()


def test_what_a_kill_left_is_swept_away_and_what_is_named_stays(catalog: Catalog, tmp_path: Path) -> None:
    id = add(catalog, "Blue Blouse")
    (upath.UPath(URL) / "pictures" / "left.png").write_bytes(b"half")
    again = Catalog(tmp_path, built_in=None, pictures=URL)
    assert again.picture(id)[:4] == b"\x89PNG"
    assert len(files()) == 1
    again.close()


def test_a_picture_missing_from_the_store_is_said(catalog: Catalog) -> None:
    id = add(catalog, "Blue Blouse")
    for path in (upath.UPath(URL) / "pictures").iterdir():
        path.unlink()
    with pytest.raises(UserError, match="missing"):
        catalog.picture(id)


def test_the_built_in_garments_are_there(tmp_path: Path) -> None:
    opened = Catalog(tmp_path, pictures="memory://chain")
    assert all(opened.picture(entry.id)[:4] == b"\x89PNG" for entry in opened.list())
    opened.close()
    upath.UPath("memory://chain").rmdir(recursive=True)


@pytest.mark.parametrize("url", ["s3://", "s3:///folder", "nothing-like-it://bucket"])
def test_what_is_no_store(url: str) -> None:
    with pytest.raises(UserError, match=r"names no bucket|cannot be kept"):
        place(url)


def test_a_folder_is_a_folder(tmp_path: Path) -> None:
    assert place(str(tmp_path)) == tmp_path
