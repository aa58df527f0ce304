"""Rates, attempts, and which candidates are tried."""

from __future__ import annotations

import pytest

from streamer.limits import FOREIGN, KNOWN, Attempts, Rate, Rates, Reachable, caller_of


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def test_a_rate_lets_a_burst_through_and_then_so_many_a_second():
    clock = Clock()
    rate = Rate(10, 20, clock)
    assert [rate.spend() for _ in range(21)] == [True] * 20 + [False]
    clock.now += 0.35
    assert [rate.spend() for _ in range(4)] == [True] * 3 + [False]
    clock.now += 1e6
    assert [rate.spend() for _ in range(21)] == [True] * 20 + [False]


def test_callers_are_counted_apart_and_not_too_many_are_remembered():
    rates = Rates(1, 1, Clock())
    assert rates.spend("a")
    assert not rates.spend("a")
    assert all(rates.spend(f"caller {n}") for n in range(KNOWN + 5))
    assert len(rates._known) == KNOWN


def test_who_fails_waits_longer_each_time_and_is_forgiven():
    clock = Clock()
    attempts = Attempts(clock)
    waits = []
    for _ in range(12):
        attempts.failed("a")
        waits.append(attempts.wait("a"))
    assert waits == [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    assert attempts.wait("b") == 0
    clock.now += 60
    assert attempts.wait("a") == 0
    clock.now += 3600
    attempts.failed("a")
    assert attempts.wait("a") == 0
    for _ in range(5):
        attempts.failed("a")
    attempts.succeeded("a")
    assert attempts.wait("a") == 0


def test_an_ipv6_user_is_counted_as_a_network():
    assert caller_of("2001:db8::1:2") == caller_of("2001:db8::ffff") != caller_of("2001:db8:0:1::1")
    assert caller_of("::ffff:192.168.0.4") == "192.168.0.4"
    assert caller_of("unix") == "unix"


@pytest.mark.parametrize(
    ("host", "port", "tried"),
    [
        ("192.168.0.7", 50000, True),
        ("192.168.0.7", 22, False),  # nobody sends media from there
        ("192.168.0.7", 99999, False),
        ("10.1.1.1", 40000, True),
        ("2001:db8::1", 40000, True),
        ("5d2e2a3c-ffff-4c5e-8a51-000000000000.local", 40000, True),
        ("fitting.example", 40000, False),
        ("127.0.0.1", 40000, False),
        ("::1", 40000, False),
        ("::ffff:127.0.0.1", 40000, False),
        ("224.0.0.251", 5353, False),
        ("ff02::fb", 5353, False),
        ("0.0.0.0", 40000, False),
        ("255.255.255.255", 40000, False),
        ("", 40000, False),
    ],
)
def test_where_a_phone_may_say_that_it_is(host, port, tried):
    assert Reachable("192.168.0.7").admits(host, port) is tried


def test_strangers_addresses_are_tried_a_few_times_only_and_ones_own_always():
    reachable = Reachable("192.168.0.7")
    assert sum(reachable.admits("203.0.113.5", port) for port in range(2000, 2100)) == FOREIGN
    assert reachable.admits("192.168.0.7", 40000)
    assert Reachable("127.0.0.1", here=True).admits("127.0.0.1", 40000)
    assert not Reachable("127.0.0.1").admits("127.0.0.1", 40000)  # a proxy of this machine speaks for somebody else


def test_an_offer_loses_the_candidates_that_are_not_tried_and_nothing_else():
    kept = "v=0\r\na=candidate:1 1 udp 2113937151 192.168.0.7 50000 typ host\r\na=end-of-candidates\r\n"
    more = "a=candidate:2 1 udp 1 127.0.0.1 50000 typ host\r\na=candidate:x\r\na=candidate:3 1 udp 1 192.168.0.7 ٣ typ host\r\n"
    assert Reachable("192.168.0.7").filter(kept.replace("a=end", f"{more}a=end")) == kept
