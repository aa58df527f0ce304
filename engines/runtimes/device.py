"""Memory, one stream and events on an NVIDIA card, by PyCUDA's driver module, which is passed in. It knows nothing of networks."""

from __future__ import annotations

import atexit
import threading
from contextlib import ExitStack
from typing import Any, Protocol

import numpy as np

from engines.errors import CardError


class Memory(Protocol):
    """Bytes on the card."""

    def __int__(self) -> int:
        """Their address."""


class Device:
    """One card. Whoever uses it enters it first, in whatever thread: ``with device: ...``; one thread at a time.

    Everything taken from it is given back by :meth:`close`, newest first, and the card's context last; at the latest when Python exits.
    """

    def __init__(self, driver: Any, index: int = 0) -> None:
        """Raises CardError for a driver that does not start."""
        self._driver = driver
        self.failures: tuple[type[Exception], ...] = (driver.Error,)
        self._lock = threading.RLock()
        self._users, self._exit = ExitStack(), ExitStack()
        self._open = True
        try:
            driver.init()
            # The primary context is the one TensorRT uses, too.
            self._context = driver.Device(index).retain_primary_context()
        except driver.Error as error:
            raise CardError(f"The NVIDIA card {index} cannot be used ({error}); 'nvidia-smi' may say why.") from error
        self.stream: Any = None
        self._started: Any = None
        self._ended: Any = None
        atexit.register(self.close)
        with self:
            self.stream = driver.Stream()
            self._started, self._ended = driver.Event(), driver.Event()

    def __enter__(self) -> Device:
        self._lock.acquire()
        self._context.push()
        return self

    def __exit__(self, *_: object) -> None:
        self._driver.Context.pop()
        self._lock.release()

    def allocate(self, count: int) -> Memory:
        """``count`` bytes on the card. Raises CardError where it has no room."""
        try:
            memory: Memory = self._driver.mem_alloc(max(count, 1))
        except self._driver.MemoryError as error:
            raise self._full(count, error) from error
        self._exit.callback(memory.free)  # type: ignore[attr-defined]
        return memory

    def pinned(self, count: int) -> np.ndarray:
        """uint8 (count,) of the host's memory that the card copies from and to directly, while other work goes on."""
        try:
            array: np.ndarray = self._driver.pagelocked_empty(max(count, 1), np.uint8)
        except self._driver.MemoryError as error:
            raise self._full(count, error) from error
        self._exit.callback(array.base.free)  # type: ignore[union-attr]
        return array

    def release_with(self, callback: Any) -> None:
        """Call ``callback`` when the device is closed, the newest first, before any memory is given back."""
        self._users.callback(callback)

    def to_card(self, memory: Memory, array: np.ndarray) -> None:
        """Start a copy in the stream; ``array`` is :meth:`pinned` and stays as it is until :meth:`wait`."""
        self._driver.memcpy_htod_async(memory, array, self.stream)

    def to_host(self, array: np.ndarray, memory: Memory | int) -> None:
        """Start a copy in the stream; ``array`` is :meth:`pinned` and filled after :meth:`wait`."""
        self._driver.memcpy_dtoh_async(array, memory, self.stream)

    def mark_start(self) -> None:
        """What follows in the stream is timed, up to :meth:`wait`."""
        self._started.record(self.stream)

    def wait(self) -> float:
        """Until everything in the stream is done; returns the ms since :meth:`mark_start` as the card's own clock has them."""
        self._ended.record(self.stream)
        self._ended.synchronize()
        return float(self._started.time_till(self._ended))

    def close(self) -> None:
        """Wait for the stream and give everything back, newest first. A second call does nothing."""
        if not self._open:
            return
        self._open = False
        atexit.unregister(self.close)
        with self:
            try:
                self.stream.synchronize()
            finally:
                self._users.close()
                self._exit.close()
                self.stream = self._started = self._ended = None
        self._context.detach()

    def _full(self, count: int, error: Exception) -> CardError:
        free, whole = (n / 2**20 for n in self._driver.mem_get_info())
        return CardError(
            f"The NVIDIA card has no room for another {count / 2**20:.1f} MiB ({free:.0f} of {whole:.0f} MiB free: {error}); end what "
            f"else uses it, or take another --runtime."
        )
