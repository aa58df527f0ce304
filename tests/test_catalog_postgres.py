"""The catalogue with its rows in a real PostgreSQL server, where one is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from engines.errors import UserError
from streamer.catalog import Catalog
from streamer.catalog.archive import export, restore
from streamer.codes import UsedCodes
from streamer.numbers import SESSIONS, TRIES, Numbers, Row
from tests.test_catalog import add, landmarks, png


def find(name: str) -> str | None:
    """PostgreSQL's own tools: on the path, or where Debian has them."""
    return shutil.which(name) or next((str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server of its own, reached through a socket in its folder."""
    pytest.importorskip("psycopg")
    initdb, control = find("initdb"), find("pg_ctl")
    if initdb is None or control is None:
        pytest.skip("no PostgreSQL server on this machine (Debian: postgresql)")
    with tempfile.TemporaryDirectory() as folder:  # short: a socket's path has 107 letters at most
        user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
        if user:
            shutil.chown(folder, user)
        data = f"{folder}/data"
        quiet = {"check": True, "stdout": subprocess.DEVNULL, "user": user, "cwd": folder}
        subprocess.run([initdb, "-D", data, "-U", "shop", "-A", "trust", "-N"], **quiet)
        options = f"-k {folder} -h '' -c fsync=off"
        subprocess.run([control, "-D", data, "-o", options, "-l", f"{folder}/log", "-w", "start"], **quiet)
        try:
            yield f"postgresql://shop@/postgres?host={folder}"
        finally:
            subprocess.run([control, "-D", data, "-m", "immediate", "stop"], **quiet)


def test_garments_live_in_postgresql(url: str, tmp_path: Path) -> None:
    """Two machines with a shared folder: what one does the other sees, and both may write at once."""
    one, two = (Catalog(tmp_path / "shared", url=url) for _ in range(2))
    built_in = len(one.list())
    assert built_in >= 10
    with ThreadPoolExecutor(4) as pool:
        ids = list(pool.map(lambda n: add((one, two)[n % 2], "shirt", shade=n + 1), range(8)))
    assert len(set(ids)) == 8
    assert [each.id for each in one.list()] == [each.id for each in two.list()]
    revision = two.revision()
    vector = np.eye(1, 128, dtype=np.float32)[0]
    one.update(ids[0], png=png(99), tags={"pattern": "plain"}, embedding=vector, reader="r", photo=b"jpeg")
    assert two.revision() > revision
    assert two.garment(ids[0]).picture[30, 20, 0] == 99
    assert two.similar(vector, "r") == [(ids[0], pytest.approx(1))]
    one.delete(ids[1])
    with pytest.raises(UserError, match="no garment"):
        two.record(ids[1])
    assert export(one, tmp_path / "all.zip") == built_in + 7
    elsewhere = Catalog(tmp_path / "elsewhere", built_in=None)
    assert restore(elsewhere, tmp_path / "all.zip") == built_in + 7
    with pytest.raises(UserError, match="lacks landmarks"):
        two.update(ids[2], category="dress")
    assert two.record(ids[2]).landmarks.keys() == landmarks("blouse").keys()
    for each in (one, two, elsewhere):
        each.close()


@pytest.mark.parametrize(
    ("url", "said"), [("nothing", "no URL"), ("mysql://x/y", "PostgreSQL"), ("postgresql://nobody@127.0.0.1:9/x", "cannot be")]
)
def test_a_database_that_cannot_be_had_is_said(url: str, said: str, tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(UserError, match=said):
        Catalog(tmp_path, url=url)


def test_replicas_add_up_the_days_numbers_and_let_a_code_in_once(url: str, tmp_path: Path) -> None:
    catalogs = [Catalog(tmp_path / "shared", built_in=None, url=url) for _ in range(2)]
    used = [UsedCodes(each.database) for each in catalogs]
    numbers = [Numbers(None, lambda: datetime(2026, 1, 31, 10, 30), url) for _ in range(2)]
    try:
        assert [each.take("code", time.time() + 60) for each in (*used, *used)] == [True, False, False, False]
        assert numbers[0].flush()
        with ThreadPoolExecutor(2) as pool:
            for _ in range(10):
                for number, each in enumerate(numbers):
                    for name in (SESSIONS, TRIES) if number else (TRIES, SESSIONS):
                        each.count(name, amount=0.5)
                assert all(pool.map(Numbers.flush, numbers))
        day = date(2026, 1, 31)
        assert numbers[1].rows(day, day) == [Row("2026-01-31", 10, name, "", 10) for name in (SESSIONS, TRIES)]
    finally:
        for each in (*catalogs, *numbers):
            each.close()
