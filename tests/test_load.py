"""The load model: its simulation against Erlang's formula, and what follows from its inputs."""

from __future__ import annotations

import pytest

from tests.load import Day, Model, breaks_first, erlang_c, needs, per_machine, simulate


def test_one_queue_waits_as_erlang_says():
    for full in (0.7, 0.9):
        day = Day(arrivals_s=full * 10 / 60, visit_s=60, replicas=1, places=10, choices=1, seconds=2e5)
        assert simulate(day).waited == pytest.approx(erlang_c(full * 10, 10), rel=0.15)


def test_erlangs_formula_where_it_is_known():
    assert erlang_c(0.5, 1) == pytest.approx(0.5)  # one place: as busy as it is
    assert erlang_c(1.0, 2) == pytest.approx(1 / 3)


def test_with_places_enough_nobody_waits_and_with_too_few_everybody_does():
    easy = simulate(Day(0.05, visit_s=60, replicas=10, seconds=1e5))
    assert (easy.waited, easy.longest_queue) == (0, 0)
    assert simulate(Day(1.0, visit_s=60, replicas=10, seconds=2e4)).waited > 0.9


def test_asking_again_elsewhere_waits_less_than_staying_in_one_replicas_queue():
    stay = simulate(Day(0.167, seconds=1e5))
    move = simulate(Day(0.167, seconds=1e5, again_s=4.0))
    assert move.wait_p95_s < stay.wait_p95_s / 2
    assert stay.wasted > 0.1


def test_a_dead_replicas_phones_come_back_elsewhere():
    died = simulate(Day(0.1, dies_at=3600.0, again_s=4.0))
    assert 0.2 < died.returned_s < 10
    assert simulate(Day(0.1)).returned_s == 0


def test_what_is_needed_grows_with_the_shoppers_and_what_cannot_be_added_to_is_named():
    model = Model()
    few, many = ({need.name: need.amount for need in needs(shoppers, model)} for shoppers in (1000, 100_000))
    assert many["machines"] == pytest.approx(100 * few["machines"], rel=0.02)
    assert few["machines"] * per_machine(model) >= 1000
    assert few["TURN"] == pytest.approx(model.turn_share * 1000 * 2 * (model.up_mbit + model.down_mbit) / 1000)
    assert all(full < 1 for _, full in breaks_first(1000, model))
    assert breaks_first(100_000, model)[0][1] > 1
    assert per_machine(model, gpus=1) > per_machine(model)
