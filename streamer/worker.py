"""The one thread that owns the engines. It serves every session in turn, the newest frame of each; several at once where that is faster.

Here frames cross from the decoder threads to the engines and back to the event loop.
"""

from __future__ import annotations

import threading
import time
from collections import deque

from .mailbox import Mailbox
from .rtc.decoder import Decoded
from .turn import Pipeline, Seat, serve


class Worker:
    """Start it once, ``add`` a seat for each session, ``remove`` it when the session ends, ``stop`` at the end."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self._ready = threading.Condition()
        self._seats: deque[Seat] = deque()
        self._stopping = False
        self._busy = 0.0  # seconds of work so far
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether frames are being served."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Finish the frame at hand and end the thread."""
        with self._ready:
            self._stopping = True
            self._ready.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def add(self, seat: Seat) -> None:
        seat.inbox = Mailbox(self._wake)
        with self._ready:
            self._seats.append(seat)

    def remove(self, seat: Seat) -> None:
        """The seat's frames are let go. One in progress is still delivered."""
        seat.inbox.close()
        with self._ready:
            self._seats.remove(seat)

    def _wake(self) -> None:
        with self._ready:
            self._ready.notify_all()

    def _run(self) -> None:
        while batch := self._next():
            start = time.perf_counter()
            serve(batch, self.pipeline, self._busy)
            self._busy += time.perf_counter() - start
            del batch  # a seat or a frame must not outlive its session here while the thread waits

    def _next(self) -> list[tuple[Seat, Decoded]]:
        """The next seats in turn that have a frame, at most as many as the pipeline has in a batch; waits for one. Empty when stopping."""
        with self._ready:
            while not self._stopping:
                if batch := self._take():
                    return batch
                self._ready.wait()
        return []

    def _take(self) -> list[tuple[Seat, Decoded]]:
        most = getattr(self.pipeline, "batch", 1)
        batch: list[tuple[Seat, Decoded]] = []
        for _ in range(len(self._seats)):
            seat = self._seats[0]
            self._seats.rotate(-1)
            if (decoded := seat.inbox.take()) is not None:
                batch.append((seat, decoded))
                if len(batch) == most:
                    break
        return batch
