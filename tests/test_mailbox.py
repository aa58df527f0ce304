"""One slot: the newest wins, what it replaces is counted."""

from __future__ import annotations

import threading

from streamer.mailbox import Mailbox


def test_the_newest_wins_and_is_taken_once():
    box = Mailbox[int]()
    for item in (1, 2, 3):
        box.put(item)
    assert (box.take(), box.take(), box.dropped) == (3, None, 2)


def test_what_was_taken_is_not_counted_as_dropped():
    box = Mailbox[int]()
    for item in range(5):
        box.put(item)
        assert box.take() == item
    assert box.dropped == 0


def test_each_put_notifies_after_the_item_is_there():
    seen = []
    box = Mailbox[str](lambda: seen.append(box.take()))
    box.put("a")
    box.put("b")
    assert seen == ["a", "b"]


def test_a_closed_mailbox_keeps_nothing():
    notified = []
    box = Mailbox[str](lambda: notified.append(1))
    box.put("a")
    box.close()
    box.put("b")
    assert (box.take(), notified) == (None, [1])


def test_every_item_of_many_threads_is_taken_or_counted():
    box = Mailbox[int]()
    taken = []
    threads = [threading.Thread(target=lambda: [box.put(number) for number in range(1000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if (item := box.take()) is not None:
            taken.append(item)
    if (item := box.take()) is not None:
        taken.append(item)
    assert len(taken) + box.dropped == 4000
