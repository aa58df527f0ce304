"""The catalogue: what is added comes back, in order, by every thread, and after a kill at any point."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
import sqlalchemy as sa

from engines.contract import CATEGORY_LANDMARKS
from engines.errors import UserError
from streamer import picture_store
from streamer.catalog import Catalog
from tests.conftest import ROOT


def landmarks(category: str) -> dict[str, list[float]]:
    return {name: [10.0 + index, 12.0] for index, name in enumerate(CATEGORY_LANDMARKS[category])}


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
    entry = catalog.add(png(), "  Rote\nBluse ", "blouse", landmarks("blouse"), [[1, 2], [3, 4], [5, 6]])
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
        rows.exec_driver_sql("PRAGMA user_version = 99")
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


class Killed(BaseException):
    """Stands for the end of the process."""


CHANGES: dict[str, Callable[[Catalog], object]] = {
    "add": lambda catalog: add(catalog, "third"),
    "update": lambda catalog: catalog.update("first", png=png(50)),
    "delete": lambda catalog: catalog.delete("first"),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("steps", range(9))
def test_a_kill_between_any_two_steps_leaves_it_whole(change: str, steps: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call that reaches the disk is a step; the process ends before the one after ``steps``."""
    catalog = Catalog(tmp_path, built_in=None)
    add(catalog, "first")
    add(catalog, "second")
    left = steps

    def killing(real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **options: object) -> object:
            nonlocal left
            if left == 0:
                raise Killed
            left -= 1
            return real(*args, **options)

        return call

    with monkeypatch.context() as patched:
        for name in ("fsync", "replace"):
            patched.setattr(picture_store.os, name, killing(getattr(os, name)))
        patched.setattr(Path, "unlink", killing(Path.unlink))
        patched.setattr(sa.Connection, "exec_driver_sql", killing(sa.Connection.exec_driver_sql))
        with suppress(Killed):
            CHANGES[change](catalog)
    catalog.close()
    ids = whole(tmp_path)
    assert "second" in ids
    if change == "update":
        assert "first" in ids


def test_a_killed_process_leaves_it_whole(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from streamer.catalog import Catalog
from tests.test_catalog import add, png
catalog = Catalog(Path(sys.argv[1]), built_in=None)
while True:
    id = add(catalog, "shirt")
    print("added", flush=True)
    catalog.update(id, png=png(50))
    print("updated", flush=True)
    catalog.delete(add(catalog, "other"))
    print("deleted", flush=True)
"""
    for lines in (2, 4):
        process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for _ in range(lines):
            assert process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert whole(tmp_path)
