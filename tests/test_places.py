"""Places and the queue for them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streamer.places import Places


def test_first_come_first_served():
    places = Places(1, 2)
    moves = {name: [] for name in "abc"}
    a, b, c = (places.ask(moves[name].append) for name in "abc")
    assert [each.place for each in (a, b, c)] == [0, 1, 2]
    assert places.ask(print) is None
    b.give_back()
    assert moves == {"a": [], "b": [], "c": [1]}
    a.give_back()
    a.give_back()
    assert moves["c"] == [1, 0]
    assert places.waiting == 0


@given(st.lists(st.integers(0, 9), max_size=60), st.integers(1, 4), st.integers(0, 4))
def test_places_are_never_lost_and_never_given_twice(steps, total, most):
    """Even steps ask, odd ones give one of the tickets back."""
    places, tickets = Places(total, most), []
    for step in steps:
        if step % 2 == 0:
            ticket = places.ask(lambda place: None)
            assert (ticket is None) == (len(tickets) == total + most)
            tickets += [ticket] if ticket else []
        elif tickets:
            tickets.pop(step % len(tickets)).give_back()
        seated = [ticket for ticket in tickets if ticket.place == 0]
        assert len(seated) == min(total, len(tickets))
        assert sorted(ticket.place for ticket in tickets if ticket.place) == list(range(1, len(tickets) - len(seated) + 1))
