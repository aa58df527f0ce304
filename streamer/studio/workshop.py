"""The one process beside the server in which pictures of garments are read: it has the lowest priority, and one job at a time.

Beside, not within: a network that runs for a second must not hold up a live picture that has 33 ms. Knows nothing of garments.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")
LEAST = 10
"""os.nice: the live pictures' threads go first whenever they have something to do."""


class BusyError(Exception):
    """So many jobs wait already that one more would wait too long."""


class LostError(Exception):
    """The process ended, or had to be ended, with this job in it; the next one gets a new process."""


class Workshop:
    """``await run(...)`` from one event loop; ``close`` at the end."""

    def __init__(self, most_waiting: int = 8, patience: float = 60.0) -> None:
        """``most_waiting``: jobs in line; ``patience``: seconds after which a job is given up and its process ended."""
        self._most, self._patience = most_waiting, patience
        self._pool: ProcessPoolExecutor | None = None
        self._process = 0
        self._line: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self._busy = False

    async def run(self, work: Callable[..., T], *args: Any, urgency: int = 1) -> T:
        """Call a function of a module in the process; jobs of a smaller ``urgency`` number overtake those that wait.

        Raises what it raises; :class:`BusyError` at once; :class:`LostError`.
        """
        await self._turn(urgency)
        job = asyncio.ensure_future(self._do(work, *args))
        job.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody may be left to ask for it
        return await asyncio.shield(job)  # whoever asked may go; the job cannot be stopped, and the next one waits for its end

    async def close(self) -> None:
        """End the process, whatever it does."""
        self._end()

    async def _turn(self, urgency: int) -> None:
        if not self._busy:
            self._busy = True
            return
        if len(self._line) >= self._most:
            raise BusyError
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._line, (urgency, next(self._numbers), mine))
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():  # it was this one's turn
                self._busy = False
                self._next()
            raise

    def _next(self) -> None:
        while self._line and not self._busy:
            _, _, waiting = heapq.heappop(self._line)
            if not waiting.done():
                self._busy = True
                waiting.set_result(None)

    async def _do(self, work: Callable[..., T], *args: Any) -> T:
        try:
            async with asyncio.timeout(self._patience):
                return await self._call(work, *args)
        except (TimeoutError, BrokenProcessPool) as error:
            self._end()
            raise LostError(f"{work.__name__}: {error!r}") from error
        finally:
            self._busy = False
            self._next()

    async def _call(self, work: Callable[..., T], *args: Any) -> T:
        loop = asyncio.get_running_loop()
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=_begin)
            self._process = await loop.run_in_executor(self._pool, os.getpid)
        return await loop.run_in_executor(self._pool, work, *args)

    def _end(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            if self._process:
                with suppress(ProcessLookupError):
                    os.kill(self._process, signal.SIGKILL)
            self._process = 0
            pool.shutdown(wait=False, cancel_futures=True)


def _begin() -> None:
    """In the new process, before anything else."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's, which ends this process
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.nice(LEAST)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import cv2

    cv2.setNumThreads(1)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)
