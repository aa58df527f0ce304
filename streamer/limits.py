"""How much is too much: rates, attempts, and where a phone may say that it can be reached. Plain objects, on one thread."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

Clock = Callable[[], float]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

KNOWN = 4096  # callers remembered at once; the one not heard of for longest is forgotten
FREE_ATTEMPTS = 3  # wrong passwords or codes before waiting begins
LONGEST_WAIT = 60.0  # seconds
FORGIVEN = 15 * 60.0  # seconds without an attempt after which the count starts again
FOREIGN = 12  # of a phone's candidates that name another address than the one it speaks from
LOWEST_PORT = 1024  # media never comes to one below; something else lives there


class Rate:
    """A bucket of ``burst`` that fills with ``per_second``: ``spend`` says whether there was enough in it."""

    def __init__(self, per_second: float, burst: float, clock: Clock = time.monotonic) -> None:
        self._per_second, self._burst, self._clock = per_second, burst, clock
        self._left, self._at = burst, clock()

    def spend(self, amount: float = 1.0) -> bool:
        """Take so much out; False, and nothing taken, when it is not there."""
        now = self._clock()
        self._left, self._at = min(self._burst, self._left + (now - self._at) * self._per_second), now
        if amount > self._left:
            return False
        self._left -= amount
        return True


class Rates:
    """A :class:`Rate` for each caller."""

    def __init__(self, per_second: float, burst: float, clock: Clock = time.monotonic) -> None:
        self._make = lambda: Rate(per_second, burst, clock)
        self._known: OrderedDict[str, Rate] = OrderedDict()

    def spend(self, caller: str) -> bool:
        """One more from this caller; False when it is too much."""
        rate = self._known.get(caller) or self._make()
        self._known[caller] = rate
        self._known.move_to_end(caller)
        if len(self._known) > KNOWN:
            self._known.popitem(last=False)
        return rate.spend()


class Attempts:
    """Who guesses waits: after FREE_ATTEMPTS failures 1 s, then twice as long each time."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._failed: OrderedDict[str, tuple[int, float]] = OrderedDict()  # failures, and when the last one was

    def wait(self, caller: str) -> float:
        """Seconds until this caller may try again; 0: now."""
        count, last = self._failed.get(caller, (0, 0.0))
        if count < FREE_ATTEMPTS:
            return 0.0
        return max(0.0, last + min(LONGEST_WAIT, 2.0 ** (count - FREE_ATTEMPTS)) - self._clock())

    def failed(self, caller: str) -> None:
        """One more failure of this caller."""
        now = self._clock()
        count, last = self._failed.pop(caller, (0, now))
        self._failed[caller] = (1 if now - last > FORGIVEN else count + 1, now)
        if len(self._failed) > KNOWN:
            self._failed.popitem(last=False)

    def succeeded(self, caller: str) -> None:
        """Forget this caller's failures."""
        self._failed.pop(caller, None)


def parse_address(text: str) -> Address | None:
    """An IP address, IPv4 where it was wrapped into IPv6; None for anything else."""
    try:
        address = ipaddress.ip_address(text.strip("[]").split("%")[0])
    except ValueError:
        return None
    return (address.version == 6 and address.ipv4_mapped) or address


def caller_of(remote: str) -> str:
    """Who is counted as one: an IPv4 address, or the /64 network that one IPv6 user has to themselves."""
    address = parse_address(remote)
    if address is None:
        return remote
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)


class Reachable:
    """Which candidates of one phone are tried. ICE sends a few small packets to each, so a list of strangers' addresses is not taken.

    The address the phone speaks from always is; others (its second network, its IPv6 address, a relay) up to FOREIGN of them,
    and never this machine, a group of machines, or a port below LOWEST_PORT.
    """

    def __init__(self, remote: str, here: bool = False) -> None:
        """``remote``: where the phone speaks from; ``here``: it is a browser on this machine, without a proxy between."""
        self._own, self._here = parse_address(remote), here
        self._foreign: set[tuple[str, int]] = set()

    def admits(self, host: str, port: int) -> bool:
        """Whether this candidate may be tried."""
        if not LOWEST_PORT <= port <= 65535:
            return False
        address = parse_address(host)
        if address is not None:
            if address == self._own and not address.is_loopback:
                return True
            if address.is_multicast or address.is_unspecified or address.is_reserved or (address.is_loopback and not self._here):
                return False
            if str(address) == "255.255.255.255":
                return False
        elif not host.endswith(".local"):  # a browser hides its address behind such a name; other names are not looked up
            return False
        self._foreign.add((host, port))
        return len(self._foreign) <= FOREIGN

    def filter(self, sdp: str) -> str:
        """An offer without the candidates that are not tried."""
        return "".join(line for line in sdp.splitlines(keepends=True) if not line.startswith("a=candidate:") or self._admits_line(line))

    def _admits_line(self, line: str) -> bool:
        words = line.split()
        return len(words) > 5 and words[5].isdecimal() and len(words[5]) < 6 and self.admits(words[4], int(words[5]))
