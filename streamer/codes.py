"""Which codes were used: each lets one phone in, at whichever replica, before a restart or after it."""

from __future__ import annotations

import logging
import threading
import time

import sqlalchemy as sa

from .catalog.schema import used_codes

log = logging.getLogger(__name__)

KEPT = 24 * 3600.0  # seconds after its end: a clock that was set ahead and back must not bring a used one to life


class UsedCodes:
    """Remembered here, and in the shop's database where there is one. Safe to call from several threads."""

    def __init__(self, database: sa.Engine | None = None) -> None:
        """``database``: the catalogue's, which has the table; None: for this run only."""
        self._database, self._lock = database, threading.Lock()
        self._here: dict[str, float] = {}

    def take(self, code: str, ends: float) -> bool:
        """Use a code up that would end at ``ends`` (s since 1970); False where it was used before. Waits for the database.

        While that refuses (a full disk), only this server knows what was used: the shop stays open.
        """
        old = time.time() - KEPT
        with self._lock:
            self._here = {each: until for each, until in self._here.items() if until > old}
            if code in self._here:
                return False
            self._here[code] = ends
        return self._database is None or self._insert(self._database, code, ends, old)

    def _insert(self, database: sa.Engine, code: str, ends: float, old: float) -> bool:
        try:
            with database.connect() as rows:
                rows.execute(sa.insert(used_codes).values(code=code, ends=ends))
                rows.execute(sa.delete(used_codes).where(used_codes.c.ends < old))
        except sa.exc.IntegrityError:
            return False
        except sa.exc.DatabaseError as error:
            log.warning("that a code was used cannot be kept, only this server knows it: %s", error.orig or error)
        return True
