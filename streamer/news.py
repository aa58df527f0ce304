"""Tells every shopper's page when the garments have changed, whoever changed them: the studio, a command, another machine."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .server import Server

log = logging.getLogger(__name__)

EVERY = 1.0
"""Seconds between two looks at the catalogue's counter, which take 0.3 ms in the file pool."""


class News:
    """``start`` and ``close`` on the event loop; ``look`` spares the next second's wait."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._look = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch."""
        self._task = asyncio.ensure_future(self._run())

    def look(self) -> None:
        """Something was changed here."""
        self._look.set()

    async def close(self) -> None:
        """Watch no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        told = -1
        while True:
            try:
                async with asyncio.timeout(EVERY):
                    await self._look.wait()
            except TimeoutError:
                pass
            self._look.clear()
            if self._server.sessions:
                try:
                    told = await self._tell(told)
                except Exception:  # the database may be away for a while
                    log.exception("the garments cannot be listed")

    async def _tell(self, told: int) -> int:
        revision = await self._server.in_files(self._server.catalog.revision)
        if revision != told:
            message = {"type": "garments", "garments": await self._server.garments()}
            await asyncio.gather(*(socket.send(message) for socket in list(self._server.sessions.values())), return_exceptions=True)
        return int(revision)
