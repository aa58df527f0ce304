"""The catalogue: what is added comes back, in order, by every thread, and from older versions. Kills are in test_catalog_kills.py."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import sqlalchemy as sa

from engines.contract import CATEGORY_LANDMARKS
from engines.errors import UserError
from streamer.catalog import Catalog, schema


def landmarks(category: str) -> dict[str, list[float]]:
    return {name: [10.0 + index, 12.0] for index, name in enumerate(CATEGORY_LANDMARKS[category])}


@lru_cache(512)
def png(shade: int = 200, height: int = 60) -> bytes:
    picture = np.zeros((height, 40, 4), np.uint8)
    picture[5:-5, 5:35] = (20, 10, shade, 255)
    return cv2.imencode(".png", picture)[1].tobytes()


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    opened = Catalog(tmp_path / "catalog", built_in=None)
    yield opened
    opened.close()


def add(catalog: Catalog, name: str, category: str = "blouse", shade: int = 200) -> str:
    return catalog.add(png(shade), name, category, landmarks(category)).id


def whole(folder: Path, built_in: Path | None = None) -> list[str]:
    """Open a catalogue, check that every garment has its files and every file its garment, and name the garments."""
    catalog = Catalog(folder, built_in)
    ids = [entry.id for entry in catalog.list()]
    for id in ids:
        assert catalog.garment(id).picture.any()
        catalog.thumbnail(id)
    catalog.close()
    assert len(list((folder / "pictures").iterdir())) == len(ids)
    assert len(list((folder / "thumbnails").iterdir())) == len(ids)
    return ids


def test_what_is_added_comes_back(catalog: Catalog) -> None:
    entry = catalog.add(png(), "  Rote\nBluse ", "blouse", landmarks("blouse"), opening=[[1, 2], [3, 4], [5, 6]])
    assert (entry.id, entry.name) == ("rote-bluse", "Rote Bluse")
    garment = catalog.garment(entry.id)
    assert (garment.id, garment.name, garment.category) == ("rote-bluse", "Rote Bluse", "blouse")
    assert garment.picture[30, 20].tolist() == [200, 10, 20, 255]
    assert garment.opening[0] == (1.0, 2.0)
    assert catalog.garment(entry.id) is garment
    assert catalog.picture(entry.id) == png()
    assert add(catalog, "Rote Bluse") == "rote-bluse-2"
    assert add(catalog, "赤い") == "garment"


def test_tops_come_first_and_the_order_stays(catalog: Catalog) -> None:
    for name, category in (("a", "skirt"), ("b", "dress"), ("c", "blouse"), ("d", "outwear"), ("e", "blouse")):
        add(catalog, name, category)
    assert [entry.id for entry in catalog.list()] == ["c", "e", "d", "b", "a"]


def test_an_update_shows_at_once_and_leaves_one_file(catalog: Catalog, tmp_path: Path) -> None:
    id = add(catalog, "shirt")
    before = catalog.garment(id)
    catalog.update(id, name="Better shirt")
    assert catalog.garment(id).name == "Better shirt"
    catalog.update(id, png=png(90))
    assert catalog.garment(id).picture[30, 20, 0] == 90
    moved = landmarks("blouse") | {"armpit_left": [3, 3]}
    catalog.update(id, landmarks=moved)
    assert catalog.garment(id).landmarks["armpit_left"] == (3, 3)
    assert before.picture[30, 20, 0] == 200, "who wears it keeps it"
    with pytest.raises(UserError, match="lacks landmarks"):
        catalog.update(id, category="dress")
    assert catalog.garment(id).category == "blouse"
    assert len(list((tmp_path / "catalog" / "pictures").iterdir())) == 1


def test_deleting_removes_the_files(catalog: Catalog, tmp_path: Path) -> None:
    id = add(catalog, "shirt")
    catalog.thumbnail(id)
    catalog.delete(id)
    assert not catalog.list()
    assert not list((tmp_path / "catalog" / "pictures").iterdir()) + list((tmp_path / "catalog" / "thumbnails").iterdir())


@pytest.mark.parametrize("id", ["nothing", "../../etc/passwd", "", "A", "a/b", "x" * 500, "a\0"])
def test_unknown_garments_are_named_with_those_there_are(catalog: Catalog, id: str) -> None:
    add(catalog, "shirt")
    for ask in (catalog.garment, catalog.picture, catalog.thumbnail, catalog.delete, lambda id: catalog.update(id, name="x")):
        with pytest.raises(UserError, match="there are shirt"):
            ask(id)


def test_what_cannot_be_worn_is_not_kept(catalog: Catalog, tmp_path: Path) -> None:
    for data, name, category in ((b"no png", "a", "blouse"), (png(), "", "blouse"), (png(), "a" * 81, "blouse"), (png(), "a", "hat")):
        with pytest.raises(UserError):
            catalog.add(data, name, category, landmarks("blouse"))
    assert not catalog.list()
    assert not list((tmp_path / "catalog" / "pictures").iterdir())


def test_the_thumbnail_shows_the_trimmed_garment(catalog: Catalog) -> None:
    thumbnail = cv2.imdecode(np.frombuffer(catalog.thumbnail(add(catalog, "shirt")), np.uint8), cv2.IMREAD_UNCHANGED)
    assert thumbnail.shape == (200, 160, 4)
    rows, columns = np.nonzero(thumbnail[..., 3] > 127)
    assert (rows.min(), rows.max()) == (5, 194)
    assert abs(columns.min() + columns.max() - 159) <= 1
    assert thumbnail[100, 80].tolist() == [20, 10, 200, 255]


def test_the_cache_stays_below_its_limit(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path, built_in=None, cache_bytes=30_000)
    ids = [add(catalog, f"shirt {number}") for number in range(5)]
    kept = catalog.garment(ids[-1])
    for id in [*ids[:2], ids[-1], ids[2]]:
        catalog.garment(id)
    assert catalog.garment(ids[-1]) is kept, "the least recently used go first"
    assert sum(each.picture.nbytes for each in catalog._cache.values()) <= 30_000
    catalog.close()


def test_the_built_in_garments_are_there_at_the_first_start(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    entries = catalog.list()
    assert len(entries) >= 10
    assert {entry.category for entry in entries} == set(CATEGORY_LANDMARKS)
    assert entries[0].id == "tee-lettering"
    assert catalog.garment("breton").opening
    catalog.close()


def ship(folder: Path, id: str, shade: int) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{id}.png").write_bytes(png(shade))
    about = {"name": id, "position": 0, "category": "blouse", "landmarks": landmarks("blouse"), "opening": []}
    (folder / f"{id}.json").write_text(json.dumps(about))


def test_new_built_ins_arrive_deleted_ones_stay_away_and_own_changes_stay(tmp_path: Path) -> None:
    shipped = tmp_path / "shipped"
    for id in ("plain", "edited", "deleted"):
        ship(shipped, id, 100)
    catalog = Catalog(tmp_path / "catalog", shipped)
    catalog.update("edited", name="Mine")
    catalog.delete("deleted")
    catalog.close()
    for id in ("plain", "edited", "deleted", "new"):
        ship(shipped, id, 50)
    assert set(whole(tmp_path / "catalog", shipped)) == {"plain", "edited", "new"}
    catalog = Catalog(tmp_path / "catalog", shipped)
    assert [catalog.garment(id).picture[30, 20, 0] for id in ("plain", "edited", "new")] == [50, 100, 50]
    assert catalog.garment("edited").name == "Mine"
    catalog.close()


def test_a_catalogue_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(UserError, match="cannot be opened"):
        Catalog(blocked, None)
    Catalog(tmp_path / "new", None).close()
    with sa.create_engine(f"sqlite:///{tmp_path / 'new' / 'catalog.sqlite'}", poolclass=sa.NullPool).begin() as rows:
        rows.execute(sa.update(schema.state).values(version=99))
    with pytest.raises(UserError, match="newer version"):
        Catalog(tmp_path / "new", None)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "catalog.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(UserError, match="cannot be opened"):
        Catalog(tmp_path / "bad", None)


def test_threads_share_it(catalog: Catalog) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for _ in range(3):
                id = add(catalog, f"shirt {number}")
                catalog.update(id, png=png(number))
                assert catalog.garment(id).picture[30, 20, 0] == number
                catalog.thumbnail(id)
                catalog.list()
                catalog.delete(id)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert not catalog.list()


VERSION_1 = """
CREATE TABLE garments (number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, id VARCHAR(64) NOT NULL UNIQUE, name VARCHAR(80) NOT NULL,
    category VARCHAR(16) NOT NULL, landmarks JSON NOT NULL, opening JSON NOT NULL, file VARCHAR(100) NOT NULL UNIQUE, built_in VARCHAR(64));
CREATE TABLE shipped (id VARCHAR(64) NOT NULL PRIMARY KEY, digest VARCHAR(64) NOT NULL);
INSERT INTO shipped VALUES ('gone', 'x');
PRAGMA user_version = 1;
"""


def test_a_catalogue_of_version_1_is_brought_up_to_date(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "old.1.png").write_bytes(png())
    with contextlib.closing(sqlite3.connect(tmp_path / "catalog.sqlite")) as old, old:
        old.executescript(VERSION_1)
        row = ("old", "Old shirt", "blouse", json.dumps(landmarks("blouse")), "[]", "old.1.png", "digest")
        old.execute("INSERT INTO garments (id, name, category, landmarks, opening, file, built_in) VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    for _ in range(2):
        assert whole(tmp_path) == ["old"]
    catalog = Catalog(tmp_path, built_in=None)
    record = catalog.record("old")
    assert (record.name, record.published, record.tags, record.price, record.source) == ("Old shirt", True, {}, "", "built-in")
    assert record.created > 1.7e9
    catalog.update("old", price="39 €", tags={"pattern": "plain"})
    assert add(catalog, "gone") == "gone-2", "what was shipped once stays known"
    catalog.close()
    Catalog(tmp_path / "fresh", built_in=None).close()
    tables = [columns_of(folder / "catalog.sqlite") for folder in (tmp_path, tmp_path / "fresh")]
    assert tables[0] == tables[1]


def columns_of(file: Path) -> dict[str, list[tuple[str, bool]]]:
    """Every table's columns: name, and whether it may be NULL."""
    engine = sa.create_engine(f"sqlite:///{file}", poolclass=sa.NullPool)
    known = sa.inspect(engine)
    return {table: [(each["name"], each["nullable"]) for each in known.get_columns(table)] for table in known.get_table_names()}


def test_a_draft_is_the_studios_until_it_is_published(catalog: Catalog) -> None:
    id = catalog.add(png(), "shirt", "blouse", landmarks("blouse"), published=False, photo=b"jpeg", source="IMG_1.jpg").id
    before = catalog.revision()
    assert not catalog.list()
    for ask in (catalog.garment, catalog.picture, catalog.thumbnail):
        with pytest.raises(UserError):
            ask(id)
    assert catalog.picture(id, drafts=True) == png()
    assert catalog.photo(id) == b"jpeg"
    assert [(each.id, each.published, each.has_photo, each.source) for each in catalog.records()] == [(id, False, True, "IMG_1.jpg")]
    catalog.update(id, published=True, price="39,90 €", link="https://shop.example/1")
    (entry,) = catalog.list()
    assert (entry.id, entry.price, entry.link) == (id, "39,90 €", "https://shop.example/1")
    assert catalog.revision() > before
    catalog.update(id, png=png(9), photo=None)
    assert catalog.photo(id) is None
    assert catalog.list()[0].version != entry.version


@pytest.mark.parametrize(
    "change",
    [{"link": "javascript:alert(1)"}, {"link": "shop.example"}, {"link": "https://[x"}, {"price": "1" * 25}, {"price": 3}, {"name": " "}],
)
def test_what_cannot_be_said_of_a_garment_is_refused(catalog: Catalog, change: dict[str, Any]) -> None:
    id = add(catalog, "shirt")
    with pytest.raises(UserError, match=r"a garment's (link|price|name)"):
        catalog.update(id, **change)
    assert catalog.record(id).price == catalog.record(id).link == ""


def test_similar_garments_are_found_by_their_embeddings(catalog: Catalog) -> None:
    vectors = np.eye(4, 128, dtype=np.float32)
    for name, category, vector in (("a", "blouse", vectors[0]), ("b", "skirt", vectors[1]), ("c", "blouse", vectors[2])):
        catalog.add(png(), name, category, landmarks(category), embedding=vector, reader="r1")
    catalog.add(png(), "other reader", "blouse", landmarks("blouse"), embedding=vectors[0], reader="r2")
    catalog.add(png(), "draft", "blouse", landmarks("blouse"), embedding=vectors[0], reader="r1", published=False)
    ask = np.float32(0.9) * vectors[0] + np.float32(0.4) * vectors[1]
    assert [id for id, _ in catalog.similar(ask, "r1")] == ["a", "b", "c"]
    assert [id for id, _ in catalog.similar(ask, "r1", 1)] == ["a"]
    assert [id for id, _ in catalog.similar(ask, "r1", categories=["skirt"])] == ["b"]
    assert catalog.similar(ask, "r1")[0][1] == pytest.approx(0.9)
    assert catalog.unread("r1") == ["other-reader"]
    catalog.delete("a")
    assert [id for id, _ in catalog.similar(ask, "r1")] == ["b", "c"]
    assert catalog.similar(ask, "r3") == []
