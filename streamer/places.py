"""Places in the fitting room, and the queue for them: first come, first served. Knows nothing of phones; on the event loop only."""

from __future__ import annotations

from collections.abc import Callable


class Ticket:
    """A place, or one in the queue. ``place``: 0 has one, n is the n-th to get one; ``moved(place)`` is called when that changes."""

    def __init__(self, places: Places, moved: Callable[[int], object]) -> None:
        self._places, self.moved, self.place = places, moved, 0

    def give_back(self) -> None:
        """Leave the place or the queue. May be called twice."""
        self._places.leave(self)


class Places:
    """``ask`` for a ticket, ``give_back`` the ticket."""

    def __init__(self, total: int, most_waiting: int) -> None:
        self._total, self._most = total, most_waiting
        self._taken: set[Ticket] = set()
        self._queue: list[Ticket] = []

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._queue)

    def ask(self, moved: Callable[[int], object]) -> Ticket | None:
        """A ticket, whose place may be 0 at once; None where the queue is full, too."""
        ticket = Ticket(self, moved)
        if len(self._taken) < self._total and not self._queue:
            self._taken.add(ticket)
        elif len(self._queue) < self._most:
            self._queue.append(ticket)
            ticket.place = len(self._queue)
        else:
            return None
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """Let the next one in, and tell the others how they have moved up."""
        if ticket in self._taken:
            self._taken.remove(ticket)
        elif ticket in self._queue:
            self._queue.remove(ticket)
        while self._queue and len(self._taken) < self._total:
            first = self._queue.pop(0)
            self._taken.add(first)
            first.place = 0
            first.moved(0)
        for number, waiting in enumerate(self._queue, 1):
            if waiting.place != number:
                waiting.place = number
                waiting.moved(number)
