"""A load model: what so many shoppers at once need, what of it there is, and what runs out first; and a day of them, simulated.

    python -m tests.load [--shoppers 1000 100000] [--core-ms 27]

The arithmetic (`needs`) is exact, its inputs are not: what was measured is said to be, the rest are assumptions, each with its
reason, to be replaced by one's own. The simulation (`simulate`) is of what arithmetic does not give: how long shoppers wait when
they come at random, are sent to the less busy of two replicas as Ray Serve does, and when a replica dies. It is checked against
Erlang's formula in tests/test_load.py. streamer/CLUSTER.md discusses the result.
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import random
from collections import deque
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Model:
    """What one shopper takes, and what one of each thing gives."""

    # measured here, on two cores of an AMD EPYC (Zen 4) without a GPU, most of which other work had: tests.endurance, H.264 both ways
    core_ms: float = 27.0  # processor time of a returned frame, all of it: network, codecs, engines; cameras of 320x240 to 480x360

    # assumed: nobody has measured these for this project
    fps: float = 25.0  # returned to one shopper
    up_mbit: float = 1.5  # from the phone
    down_mbit: float = 2.5  # to the phone
    page_bytes: float = 1.5e6  # a first visit: page, thumbnails of 40 garments
    requests: float = 60.0  # of a first visit
    messages: float = 2.0  # over the WebSocket, a second: a ping and its answer
    gpu_core_ms: float = 9.0  # processor time of a frame left when a GPU runs the network and the codecs stay on the processor
    gpu_ms: float = 0.6  # GPU time of a frame, batches of one
    busy: float = 0.7  # of a core, of a GPU, of a network card: above this, delay grows out of bounds
    cores: int = 16  # of one machine
    replica_cores: float = 2.0  # that one replica keeps busy: one worker thread, and its codecs'
    card_mbit: float = 10_000.0  # of one machine's network
    turn_share: float = 0.15  # of shoppers behind networks that let no UDP through directly
    turn_mbit: float = 4_000.0  # one coturn machine relays, both directions counted
    visit_s: float = 180.0  # a shopper stays
    proxy_sockets: float = 8_000.0  # WebSockets one Serve proxy (one Python process a machine) holds at `messages`
    proxy_requests: float = 600.0  # page requests a second one Serve proxy passes on
    serve_replicas: float = 2_000.0  # one Serve controller looks after; it is one process
    database_requests: float = 5_000.0  # a second, one PostgreSQL, each page request one small query


@dataclass(frozen=True)
class Need:
    """Of one thing: how many units, and how full the one is of which there can be only one."""

    name: str
    amount: float
    unit: str
    limit: float | None = None  # beyond which it is not a matter of buying more


def per_machine(model: Model, gpus: int = 0) -> int:
    """Shoppers one machine holds: by its cores, its GPUs, or its network card, whichever is least."""
    core_ms = model.gpu_core_ms if gpus else model.core_ms
    by_cores = model.busy * model.cores * 1000 / (core_ms * model.fps)
    by_gpus = model.busy * gpus * 1000 / (model.gpu_ms * model.fps) if gpus else math.inf
    by_card = model.busy * model.card_mbit / (model.up_mbit + model.down_mbit)
    return math.floor(min(by_cores, by_gpus, by_card))


def per_replica(model: Model, gpus: int = 0) -> int:
    """Shoppers one replica holds, by its cores."""
    return max(1, math.floor(model.busy * model.replica_cores * 1000 / ((model.gpu_core_ms if gpus else model.core_ms) * model.fps)))


def needs(shoppers: int, model: Model = Model(), gpus: int = 0) -> list[Need]:
    """What ``shoppers`` at once take; ``gpus``: of one machine, 0 for none."""
    machines = math.ceil(shoppers / per_machine(model, gpus))
    arrivals = shoppers / model.visit_s
    both_ways = model.up_mbit + model.down_mbit
    relayed = model.turn_share * shoppers * both_ways * 2  # in and out again
    return [
        Need("machines", machines, f"of {model.cores} cores" + (f" and {gpus} GPU" if gpus else "")),
        Need("replicas", math.ceil(shoppers / per_replica(model, gpus)), "to one Serve controller", model.serve_replicas),
        Need("network", shoppers * both_ways / 1000, "Gbit/s in all"),
        Need("TURN", relayed / 1000, "Gbit/s relayed"),
        Need("TURN machines", math.ceil(relayed / model.turn_mbit), f"of {model.turn_mbit:g} Mbit/s"),
        Need("arrivals", arrivals, "a second"),
        Need("page requests", arrivals * model.requests / machines, "a second at each machine's proxy", model.proxy_requests),
        Need("page bytes", arrivals * model.page_bytes * 8 / 1e9, "Gbit/s"),
        Need("WebSockets", shoppers / machines, "at each machine's proxy", model.proxy_sockets),
        Need("database", arrivals * model.requests, "queries a second", model.database_requests),
        Need("media ports", shoppers / machines * 2, "UDP ports at each machine (IPv4 and IPv6)", 20_000.0),
    ]


def breaks_first(shoppers: int, model: Model = Model(), gpus: int = 0) -> list[tuple[str, float]]:
    """What cannot be had by adding machines, fullest first, with how full it is (1: at its limit)."""
    found = [(need.name, need.amount / need.limit) for need in needs(shoppers, model, gpus) if need.limit]
    return sorted(found, key=lambda each: -each[1])


@dataclass(frozen=True)
class Day:
    """What is simulated: shoppers come at random (Poisson), stay for random times (exponential), or wait for a place."""

    arrivals_s: float  # a second
    visit_s: float = 180.0
    replicas: int = 10
    places: int = 4  # of a replica
    seconds: float = 4 * 3600.0
    choices: int = 2  # replicas asked before one is taken; `replicas` for all of them
    again_s: float | None = None  # a phone that finds no place asks again after this, perhaps elsewhere; None: it waits in a queue there
    dies_at: float | None = None  # when a replica dies and does not come back
    retry_s: float = 0.25  # a phone that lost its replica tries again after this, and a little more at random
    seed: int = 1


@dataclass(frozen=True)
class Outcome:
    """What the shoppers met."""

    shoppers: int
    waited: float  # share that did not get a place at once
    wait_s: float  # mean, of all
    wait_p95_s: float
    wasted: float  # share that waited at one replica while another had a place
    longest_queue: int
    returned_s: float  # after the death, until the last of its phones had a place again; 0 without one


class _Replica:
    def __init__(self) -> None:
        self.taken = 0
        self.queue: deque[int] = deque()
        self.alive = True

    @property
    def load(self) -> int:
        return self.taken + len(self.queue)


def simulate(day: Day) -> Outcome:
    """One day, event by event."""
    dice, clock = random.Random(day.seed), 0.0
    replicas = [_Replica() for _ in range(day.replicas)]
    events: list[tuple[float, int, str, int, int]] = []  # at, tie, what, shopper, replica
    came: dict[int, float] = {}
    waits: list[float] = []
    at: dict[int, int] = {}
    displaced: set[int] = set()
    tie = shoppers = wasted = longest = 0
    back = 0.0

    def happen(when: float, what: str, shopper: int = 0, replica: int = 0) -> None:
        nonlocal tie
        tie += 1
        heapq.heappush(events, (when, tie, what, shopper, replica))

    def seat(shopper: int, replica: int) -> None:
        nonlocal back
        replicas[replica].taken += 1
        at[shopper] = replica
        if shopper in displaced:
            back = max(back, clock - (day.dies_at or 0.0))
            displaced.discard(shopper)
        else:
            waits.append(clock - came[shopper])
        happen(clock + dice.expovariate(1 / day.visit_s), "leave", shopper, replica)

    happen(dice.expovariate(day.arrivals_s), "come")
    if day.dies_at is not None:
        happen(day.dies_at, "die")
    while events and (clock := events[0][0]) < day.seconds:
        _, _, what, shopper, number = heapq.heappop(events)
        if what == "come":
            shoppers += 1
            came[shoppers] = clock
            happen(clock, "ask", shoppers)
            happen(clock + dice.expovariate(day.arrivals_s), "come")
        elif what == "ask":
            alive = [index for index, each in enumerate(replicas) if each.alive]
            number = min(dice.sample(alive, min(day.choices, len(alive))), key=lambda index: replicas[index].load)
            if replicas[number].taken < day.places:
                seat(shopper, number)
            elif day.again_s is not None:
                happen(clock + day.again_s * dice.uniform(0.8, 1.2), "ask", shopper)
            else:
                wasted += any(replicas[index].taken < day.places for index in alive)
                replicas[number].queue.append(shopper)
                longest = max(longest, sum(len(each.queue) for each in replicas))
        elif what == "leave":
            if at.get(shopper) != number or not replicas[number].alive:
                continue  # it was moved on by a death
            del at[shopper]
            replicas[number].taken -= 1
            if replicas[number].queue:
                seat(replicas[number].queue.popleft(), number)
        else:
            replicas[0].alive = False
            seated = [each for each, where in at.items() if where == 0]
            displaced.update(seated)
            for each in seated:
                del at[each]
            for each in (*seated, *replicas[0].queue):
                happen(clock + day.retry_s * dice.uniform(0.8, 1.2), "ask", each)
    ordered = sorted(waits) or [0.0]
    return Outcome(
        shoppers=shoppers,
        waited=sum(wait > 0 for wait in ordered) / len(ordered),
        wait_s=sum(ordered) / len(ordered),
        wait_p95_s=ordered[math.ceil(0.95 * len(ordered)) - 1],
        wasted=wasted / max(1, shoppers),
        longest_queue=longest,
        returned_s=back,
    )


def erlang_c(offered: float, places: int) -> float:
    """The share that waits where all places share one queue: Erlang's C formula. ``offered``: arrivals a second times seconds stayed."""
    blocked = 1.0
    for count in range(1, places + 1):  # Erlang's B, built up place by place
        blocked = offered * blocked / (count + offered * blocked)
    return blocked / (1 - offered / places * (1 - blocked))


WAYS: dict[str, dict] = {
    "one queue for all": {"replicas": 1, "places": 40},
    "ten replicas, the least busy": {"choices": 10},
    "the less busy of two, waiting there": {},
    "the less busy of two, asking again every 4 s": {"again_s": 4.0},  # what `cluster` does
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--shoppers", type=int, nargs="+", default=[1000, 100_000], metavar="N", help="at once (default 1000 100000)")
    parser.add_argument("--core-ms", type=float, default=Model().core_ms, help="processor time of a frame (default %(default)g)")
    args = parser.parse_args()
    model = replace(Model(), core_ms=args.core_ms)
    result: dict = {}
    for gpus, about in ((0, "processors only (measured)"), (1, "one GPU a machine (assumed)")):
        print(f"\n{about}: {per_machine(model, gpus)} shoppers a machine of {model.cores} cores")
        tables = [needs(shoppers, model, gpus) for shoppers in args.shoppers]
        print(f"{'':>16}" + "".join(f"{shoppers:>12,}" for shoppers in args.shoppers))
        for row in zip(*tables, strict=True):
            print(f"{row[0].name:>16}" + "".join(f"{need.amount:>12,.1f}" for need in row) + f"  {row[0].unit}")
        for shoppers in args.shoppers:
            name, full = breaks_first(shoppers, model, gpus)[0]
            print(f"  at {shoppers:,}: {name} is {full:.0%} full, the fullest of what cannot be added to")
        result[f"{gpus} GPU"] = {
            str(n): {need.name: round(need.amount, 1) for need in t} for n, t in zip(args.shoppers, tables, strict=True)
        }
    print("\nwaiting, 40 places, visits of 3 minutes, 100 hours:")
    for about, how in WAYS.items():
        told = (f"{full:.0%} full {_told(simulate(Day(full * 40 / 180, seconds=3.6e5, **how)))}" for full in (0.5, 0.75, 0.9))
        print(f"{about:>44}: {'; '.join(told)}")
    died = simulate(Day(0.6 * 40 / 180, dies_at=3600.0, again_s=4.0))
    print(f"{'one of ten replicas dies, 60% full':>44}: its phones are all back after {died.returned_s:.1f} s")
    print(json.dumps(result))
    return 0


def _told(outcome: Outcome) -> str:
    return f"{outcome.waited:.1%} wait, 95% {outcome.wait_p95_s:.0f} s or less"


if __name__ == "__main__":
    raise SystemExit(main())
