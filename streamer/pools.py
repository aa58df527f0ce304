"""The server's threads beside the worker and the decoders: few, named, and away from asyncio's default executor."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

from .rtc import hardware

log = logging.getLogger(__name__)


class Pools:
    """``encoder`` for the returned pictures, ``files`` for the catalogue."""

    def __init__(self, encoders: int = 2) -> None:
        self.encoder = ThreadPoolExecutor(encoders, thread_name_prefix="encoder")
        found = hardware.find()
        log.info("H.264 is encoded by %s: %s", found.name or "x264 on the CPU", found.reason)
        self.files = ThreadPoolExecutor(1, thread_name_prefix="files")

    def close(self) -> None:
        """Finish what is running, drop what is waiting, end the threads."""
        for pool in (self.encoder, self.files):
            pool.shutdown(wait=True, cancel_futures=True)
