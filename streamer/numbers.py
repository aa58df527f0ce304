"""A day's numbers: how often what happened in which hour. Counts and sums only: nothing about anybody, no picture.

Counted in memory, written to SQLite or the shop's PostgreSQL now and then; while that refuses, they are kept and written later.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from .catalog.schema import connect

log = logging.getLogger(__name__)

FILE = "numbers.sqlite"
KEPT_DAYS = 400
SESSIONS, TRIES, FRAMES, DELAY_MS, DROPPED, WAITED, REFUSED = "sessions", "tries", "frames", "delay_ms", "dropped", "waited", "refused"
MOST_KINDS = 5000  # of counts in memory while the disk refuses

_tables = sa.MetaData()
_numbers = sa.Table(
    "numbers",
    _tables,
    sa.Column("day", sa.String(10), primary_key=True),  # of the server's own time, as 2026-01-31
    sa.Column("hour", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("what", sa.String(80), primary_key=True),  # which garment, which reason; "" for all
    sa.Column("value", sa.Float, nullable=False),
)


class Row(NamedTuple):
    """``value`` of ``name`` (of ``what``, where there are several) in an hour of a day."""

    day: str
    hour: int
    name: str
    what: str
    value: float


class Numbers:
    """``count`` from anywhere; ``flush`` and ``rows`` read and write the file: in a thread for that."""

    def __init__(self, path: Path | None, now: Callable[[], datetime] = datetime.now, url: str | None = None) -> None:
        """``path``: the SQLite file; None: kept in memory for this run. ``url``: the shop's PostgreSQL instead, for all its servers."""
        self._now, self._lock = now, threading.Lock()
        self._counts: Counter[tuple[str, int, str, str]] = Counter()
        self._refused = False
        self._engine = sa.create_engine(f"sqlite:///{path}") if path else None
        self._insert: Callable[[sa.Table], Any] = sqlite.insert
        if url:
            from sqlalchemy.dialects import postgresql  # takes time to import, and few need it

            self._insert = postgresql.insert
            self._engine = connect(url, Path()).execution_options(isolation_level="READ COMMITTED")

    def count(self, name: str, what: str = "", amount: float = 1) -> None:
        """So much more of it in this hour."""
        now = self._now()
        with self._lock:
            key = (now.date().isoformat(), now.hour, name, what[:80])
            if key in self._counts or len(self._counts) < MOST_KINDS:
                self._counts[key] += amount  # type: ignore[assignment]  # a Counter counts fractions, too

    def flush(self) -> bool:
        """Write what was counted; whether it could be. What could not is kept for the next time, and said once."""
        if self._engine is None:
            return True
        with self._lock:
            taken, self._counts = self._counts, Counter()
        try:
            with self._open() as rows:
                new = self._insert(_numbers)
                upsert = new.on_conflict_do_update(
                    index_elements=_numbers.primary_key, set_={"value": _numbers.c.value + new.excluded.value}
                )
                if taken:
                    rows.execute(upsert, [dict(zip(Row._fields, (*key, value), strict=True)) for key, value in sorted(taken.items())])
                rows.execute(sa.delete(_numbers).where(_numbers.c.day < (self._now().date() - timedelta(KEPT_DAYS)).isoformat()))
        except (sa.exc.DatabaseError, OSError) as error:
            self._engine.dispose()  # a connection opened while the disk was read-only would stay so
            with self._lock:
                self._counts.update(taken)
            if not self._refused:
                log.warning("the day's numbers cannot be written and are kept in memory: %s", getattr(error, "orig", None) or error)
            self._refused = True
            return False
        if self._refused:
            log.info("the day's numbers are written again")
        self._refused = False
        return True

    def rows(self, first: date, last: date) -> list[Row]:
        """What was counted from ``first`` to ``last``, by hour; without a file, what is in memory."""
        self.flush()
        wanted = _numbers.c.day.between(first.isoformat(), last.isoformat())
        found: Counter[tuple[str, int, str, str]] = Counter()
        with contextlib.suppress(sa.exc.DatabaseError, OSError), self._open() as rows:
            found.update({tuple(row[:4]): row[4] for row in rows.execute(sa.select(_numbers).where(wanted))})
        with self._lock:
            found.update({key: value for key, value in self._counts.items() if first.isoformat() <= key[0] <= last.isoformat()})
        return [Row(*key, value) for key, value in sorted(found.items())]

    def close(self) -> None:
        """Write what is left, and close the file."""
        self.flush()
        if self._engine is not None:
            self._engine.dispose()

    @contextlib.contextmanager
    def _open(self) -> Iterator[sa.Connection]:
        if self._engine is None:
            raise OSError("kept in memory")
        with self._engine.begin() as rows:
            _tables.create_all(rows)
            yield rows
