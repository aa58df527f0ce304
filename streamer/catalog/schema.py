"""The catalogue's tables, how older ones become today's, and how its database is opened and written.

SQLite unless another database is named; PostgreSQL works the same. Migrations are a few statements each and the tables are two, so they
are kept here instead of in a migration framework.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engines.errors import UserError

VERSION = 2
_LOCK = 7205161  # PostgreSQL's advisory lock of this catalogue's writers
_BEGIN = {"sqlite": ("BEGIN IMMEDIATE",), "postgresql": ("BEGIN", f"SELECT pg_advisory_xact_lock({_LOCK})")}

tables = sa.MetaData()
garments = sa.Table(
    "garments",
    tables,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("id", sa.String(64), unique=True, nullable=False),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("category", sa.String(16), nullable=False),
    sa.Column("landmarks", sa.JSON, nullable=False),  # {name: [x, y]} in pixels of the picture
    sa.Column("opening", sa.JSON, nullable=False),  # [[x, y], ...]
    sa.Column("file", sa.String(100), unique=True, nullable=False),
    sa.Column("built_in", sa.String(64)),  # digest of the shipped files; NULL once changed by hand, and for the shop's own
    # since version 2
    sa.Column("photo", sa.String(100)),  # the file of the photo it was cut out of, of the picture's size; NULL: not kept
    sa.Column("published", sa.Boolean, nullable=False, server_default=sa.true()),  # false: a draft that only the studio shows
    sa.Column("tags", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("embedding", sa.LargeBinary),  # float32, L2-normalised
    sa.Column("reader", sa.String(64), nullable=False, server_default=""),  # whose tags and embedding these are; others do not compare
    sa.Column("price", sa.String(24), nullable=False, server_default=""),  # as it is shown
    sa.Column("link", sa.String(500), nullable=False, server_default=""),
    sa.Column("source", sa.String(120), nullable=False, server_default=""),  # where it came from, for people
    sa.Column("created", sa.Float, nullable=False, server_default="0"),  # UTC seconds since 1970
    sa.Column("changed", sa.Float, nullable=False, server_default="0"),
    sqlite_autoincrement=True,
)
shipped = sa.Table(  # every built-in that was ever imported: one that was deleted does not come back
    "shipped", tables, sa.Column("id", sa.String(64), primary_key=True), sa.Column("digest", sa.String(64), nullable=False)
)
used_codes = sa.Table(  # of the door: here, because this database is what several servers of a shop have in common
    "used_codes", tables, sa.Column("code", sa.String(32), primary_key=True), sa.Column("ends", sa.Float, nullable=False)
)
state = sa.Table(  # one row, since version 2; revision counts the changes of anything
    "state", tables, sa.Column("version", sa.Integer, nullable=False), sa.Column("revision", sa.Integer, nullable=False)
)


def connect(url: str | None, folder: Path) -> sa.Engine:
    """An engine for ``url``, or for the SQLite file in ``folder``; transactions are begun by :func:`writing` only.

    Raises:
        UserError: the URL cannot be meant, or its driver is not installed.
    """
    if url is None:
        engine = sa.create_engine(f"sqlite:///{folder / 'catalog.sqlite'}", isolation_level="AUTOCOMMIT", connect_args={"timeout": 20})
        sa.event.listen(engine, "connect", _settings)
        return engine
    try:
        parsed = sa.make_url(url)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.get_backend_name() != "postgresql":
            raise UserError("The catalogue's database is PostgreSQL, postgresql://USER:PASSWORD@HOST/NAME, or none is named: then SQLite.")
        return sa.create_engine(parsed, isolation_level="AUTOCOMMIT", pool_pre_ping=True)
    except sa.exc.ArgumentError:
        raise UserError("The catalogue's database is no URL: write it as postgresql://USER:PASSWORD@HOST/NAME.") from None
    except ModuleNotFoundError:
        raise UserError("PostgreSQL needs its driver: pip install -r requirements-postgres.txt.") from None


def _settings(connection: sqlite3.Connection, _: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")  # else a power cut could bring back a row whose file is gone


@contextlib.contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """One writer at a time, in all processes; all of it happens, or nothing."""
    with engine.connect() as rows:
        for statement in _BEGIN[engine.dialect.name]:
            rows.exec_driver_sql(statement)
        try:
            yield rows
            rows.execute(sa.update(state).values(revision=state.c.revision + 1))
            rows.exec_driver_sql("COMMIT")
        except BaseException:
            with contextlib.suppress(sa.exc.DatabaseError):
                rows.exec_driver_sql("ROLLBACK")
            raise


def prepare(rows: sa.Connection) -> None:
    """Make the tables, or bring older ones up to date.

    Raises:
        UserError: they are of a newer version of this program.
    """
    version = _version(rows)
    if version > VERSION:
        raise UserError("the catalogue was made by a newer version of this program: update, or choose another folder with --data.")
    if version == 1:
        _to_2(rows)
    tables.create_all(rows)
    if version == 0:
        rows.execute(sa.insert(state).values(version=VERSION, revision=0))
        _mark_for_old_programs(rows)


def _version(rows: sa.Connection) -> int:
    """0 for no catalogue at all."""
    known = sa.inspect(rows)
    if known.has_table("state"):
        return int(rows.scalars(sa.select(state.c.version)).one())
    return int(known.has_table("garments"))


_NEW_IN_2 = (  # version 1 knew SQLite only
    "photo VARCHAR(100)",
    "published BOOLEAN NOT NULL DEFAULT 1",
    "tags JSON NOT NULL DEFAULT '{}'",
    "embedding BLOB",
    "reader VARCHAR(64) NOT NULL DEFAULT ''",
    "price VARCHAR(24) NOT NULL DEFAULT ''",
    "link VARCHAR(500) NOT NULL DEFAULT ''",
    "source VARCHAR(120) NOT NULL DEFAULT ''",
    "created FLOAT NOT NULL DEFAULT 0",
    "changed FLOAT NOT NULL DEFAULT 0",
)


def _to_2(rows: sa.Connection) -> None:
    """Drafts, photos, tags, price, link, dates."""
    for column in _NEW_IN_2:
        rows.exec_driver_sql(f"ALTER TABLE garments ADD COLUMN {column}")
    now = time.time()
    built_in = sa.case((garments.c.built_in.is_not(None), "built-in"), else_="")
    rows.execute(sa.update(garments).values(created=now, changed=now, source=built_in))
    state.create(rows)
    rows.execute(sa.insert(state).values(version=2, revision=0))
    _mark_for_old_programs(rows)


def _mark_for_old_programs(rows: sa.Connection) -> None:
    """Version 1 looked for its number elsewhere; there it finds that it is too old."""
    if rows.dialect.name == "sqlite":
        rows.exec_driver_sql(f"PRAGMA user_version = {VERSION}")
