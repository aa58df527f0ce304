"""Lost packets are asked for until they come or are of no use."""

from __future__ import annotations

import pytest
from aiortc.rtp import RtpPacket

from streamer.rtc.nack import FIRST_WAIT, MOST_MISSING, MOST_REQUESTS, Nacks
from tests.test_rtc_jitter import Clock


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def nacks(clock):
    return Nacks(clock)


def packet(sequence):
    return RtpPacket(sequence_number=sequence & 0xFFFF)


def test_a_gap_is_noticed_once_and_asked_for_at_once(nacks):
    assert not nacks.add(packet(65533))
    assert nacks.add(packet(1))
    assert nacks.missing == {65534, 65535, 0}
    assert nacks.missing == set()
    assert not nacks.add(packet(2))


def test_it_is_asked_for_again_until_it_comes(nacks, clock):
    nacks.add(packet(0))
    nacks.add(packet(3))
    assert nacks.missing == {1, 2}
    clock.now += 0.9 * FIRST_WAIT
    assert nacks.missing == set()
    nacks.add(packet(1))
    clock.now += FIRST_WAIT
    assert nacks.missing == {2}
    nacks.add(packet(2))
    assert not nacks


def test_the_wait_follows_the_round_trip(nacks, clock):
    for number in range(12):
        nacks.add(packet(3 * number))
        nacks.add(packet(3 * number + 2))
        assert len(nacks.missing) == 1
        clock.now += 0.1
        nacks.add(packet(3 * number + 1))
    nacks.add(packet(100))
    assert nacks.missing
    clock.now += 0.12
    assert not nacks.missing  # 0.06 s was the wait to begin with
    clock.now += 0.04
    assert nacks.missing


def test_nobody_asks_for_ever_nor_for_an_outage(nacks, clock):
    nacks.add(packet(0))
    nacks.add(packet(2))
    for _ in range(MOST_REQUESTS):
        assert nacks.missing == {1}
        clock.now += 1
    assert not nacks
    assert not nacks.add(packet(4 + MOST_MISSING))
    assert not nacks


def test_what_the_decoder_has_passed_is_forgotten(nacks):
    nacks.add(packet(65530))
    nacks.add(packet(3))
    nacks.forget_before(1)
    assert nacks.missing == {1, 2}


def test_what_was_missing_is_counted_and_a_long_path_known(nacks, clock):
    for number in (0, 1, 4, 5):
        nacks.add(packet(number))
    assert nacks.counted()[:2] == (2, 5)
    for number in range(20):
        nacks.add(packet(10 + 2 * number))
        assert nacks.missing
        clock.now += 0.005
        nacks.add(packet(9 + 2 * number))
    assert not nacks.long
    for number in range(20):
        nacks.add(packet(60 + 2 * number))
        assert nacks.missing
        clock.now += 0.1
        nacks.add(packet(59 + 2 * number))
    assert nacks.long


def test_the_patience_is_for_three_answers_of_the_quickest_kind(nacks, clock):
    assert nacks.patience == 0
    for number, took in enumerate((0.3, 0.1, 0.2)):  # the first one's answer was lost, too
        nacks.add(packet(3 * number))
        nacks.add(packet(3 * number + 2))
        assert nacks.missing
        clock.now += took
        nacks.add(packet(3 * number + 1))
    assert 0.3 < nacks.patience < 0.45
