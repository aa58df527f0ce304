"""Pictures of a shopper that are kept, with their consent, to calibrate networks with: off until they say so, few, and theirs to delete.

Only person crops (192x256) are kept, in a folder of the shopper's own under the state folder, whose name only their page knows.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from engines.errors import UserError
from engines.output import write_whole

from .turn import Seat

log = logging.getLogger(__name__)

FOLDER = Path("calibration/live")
"""In the state folder, where ``python -m calibration`` looks for them."""
MOST = 20
"""Of one shopper."""
EVERY_SECONDS = 3.0
"""Pictures taken sooner one after the other show the same."""
_NAME = re.compile(r"[0-9a-f]{32}")


class Keeping:
    """One session's consent. Everything on the event loop; files are written in ``files``, one after the other."""

    def __init__(
        self, folder: Path | None, most: int, seat: Seat, files: Executor, tell: Callable[[dict[str, Any]], Awaitable[None]]
    ) -> None:
        """``folder``: of all shoppers, None where nobody is asked; ``most``: pictures in it, at most; ``tell`` sends the page a message."""
        self._folder, self._most, self._seat, self._files, self._tell = folder, most, seat, files, tell
        self._mine = ""  # the name of the shopper's own folder
        self._on = False
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def agree(self, on: bool, mine: str | None) -> None:
        """The shopper allows it from now on, or no longer does. ``mine``: what an earlier answer called their pictures, if any."""
        self._own(mine)
        self._on = on and self._folder is not None
        self._seat.keep = None
        if self._timer is not None:
            self._timer.cancel()
        if self._on:
            self._ask()
        await self._say()

    async def forget(self, mine: str | None) -> None:
        """Delete the shopper's pictures, and keep no more."""
        self._own(mine)
        await self.agree(False, None)
        await asyncio.get_running_loop().run_in_executor(self._files, self._delete)
        await self._say()

    def close(self) -> None:
        """Keep no more; what is kept stays the shopper's to delete."""
        self._on, self._seat.keep = False, None
        if self._timer is not None:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()

    def _own(self, mine: str | None) -> None:
        if mine is not None and _NAME.fullmatch(mine):
            self._mine = mine

    def _ask(self) -> None:
        loop = asyncio.get_running_loop()

        def take(picture: np.ndarray) -> None:  # in the worker's thread
            loop.call_soon_threadsafe(self._came, picture.copy())

        self._seat.keep = take

    def _came(self, picture: np.ndarray) -> None:
        if self._on:
            task = asyncio.ensure_future(self._keep(picture))
            self._tasks.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.debug("a picture was not kept, or the page not told", exc_info=error)

    async def _keep(self, picture: np.ndarray) -> None:
        loop = asyncio.get_running_loop()
        why = await loop.run_in_executor(self._files, self._store, picture)
        if not self._on:
            return
        if why:
            self._on = False
        else:
            self._timer = loop.call_later(EVERY_SECONDS, self._ask)
        await self._say(why)

    async def _say(self, why: str = "") -> None:
        count = await asyncio.get_running_loop().run_in_executor(self._files, self._count)
        message = {"type": "kept", "on": self._on, "count": count, "limit": MOST, "mine": self._mine or None}
        await self._tell(message | ({"why": why} if why else {}))

    # In the files' thread from here on.

    def _store(self, picture: np.ndarray) -> str:
        """Keep one picture. Why there will be no more: "done", "full" or "fault"; empty where there may be."""
        if not self._on or self._folder is None:
            return ""
        self._mine = self._mine or secrets.token_hex(16)
        folder = self._folder / self._mine
        if self._count() >= MOST:
            return "done"
        if sum(1 for _ in self._folder.glob("*/*.png")) >= self._most:
            return "full"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            coded = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()
            write_whole(folder / f"{hashlib.sha256(picture.tobytes()).hexdigest()[:16]}.png", coded)
        except (OSError, UserError) as error:
            log.warning("no pictures are kept any more in this session: %s", error)
            return "fault"
        return "done" if self._count() >= MOST else ""

    def _count(self) -> int:
        return sum(1 for _ in (self._folder / self._mine).glob("*.png")) if self._folder and self._mine else 0

    def _delete(self) -> None:
        if self._folder is None or not self._mine:
            return
        folder = self._folder / self._mine
        for path in folder.glob("*"):
            path.unlink(missing_ok=True)
        with suppress(OSError):  # it was never made
            folder.rmdir()
        self._mine = ""
