"""One slot between two threads: the newest item wins, what it replaces is counted as dropped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """``put`` never waits and never fails; ``take`` returns the newest item once, or None.

    ``notify`` is called after each ``put``, in the thread that put, without the slot's lock held.
    """

    def __init__(self, notify: Callable[[], object] = lambda: None) -> None:
        self._lock = threading.Lock()
        self._notify = notify
        self._item: T | None = None
        self._closed = False
        self.dropped = 0

    def put(self, item: T) -> None:
        """Offer an item; one that nobody took is replaced and counted. After :meth:`close` it is let go."""
        with self._lock:
            if self._closed:
                return
            self.dropped += self._item is not None
            self._item = item
        self._notify()

    def take(self) -> T | None:
        """The newest item, once; None when there is none."""
        with self._lock:
            item, self._item = self._item, None
            return item

    def close(self) -> None:
        """Let go of the item and take no more."""
        with self._lock:
            self._closed, self._item = True, None
