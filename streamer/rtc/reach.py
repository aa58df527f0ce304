"""Where phones reach our media: UDP ports of a range a firewall lets through, under an address that is forwarded to this machine.

aioice binds whatever port the system gives and tells the interface's own address. Both are of no use behind address translation.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import random
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aioice import Candidate, ice
from aioice.candidate import candidate_foundation, candidate_priority

log = logging.getLogger(__name__)

BUFFER = 1 << 20  # bytes of a socket's receive buffer: 50 ms of the fastest video


@dataclass(frozen=True)
class Reach:
    """``ports``: those to bind, None for any.

    ``public``: own address to the one that phones are told; ``"4"`` and ``"6"`` stand for every other own address of that version.
    """

    ports: range | None = None
    public: Mapping[str, str] = field(default_factory=dict)

    def apply(self, connection: ice.Connection) -> None:
        """Have an aioice connection that has not gathered yet gather its candidates so."""
        if self.ports is None and not self.public:
            return
        of_servers = connection.get_component_candidates

        async def gather(component: int, addresses: Sequence[str], timeout: int = 5) -> list[Candidate]:  # noqa: ASYNC109 (aioice's)
            told = []
            for address in addresses:
                try:
                    protocol = await self._bind(connection, address)
                except OSError as error:
                    if error.errno != errno.EADDRNOTAVAIL:
                        raise
                    log.info("an address of this machine has gone since it was asked for them: phones are not told of it")
                    continue
                host, port = protocol.transport.get_extra_info("sockname")[:2]
                protocol.local_candidate = _candidate(component, host, port)
                connection._protocols.append(protocol)
                told.append(_candidate(component, self.told_for(host), port))
            return told + await of_servers(component, [], timeout)  # what TURN adds; who knows the ports needs no STUN

        connection.get_component_candidates = gather  # type: ignore[method-assign]

    def told_for(self, address: str) -> str:
        """What a phone is told instead of this machine's ``address``."""
        return self.public.get(address) or self.public.get(str(ipaddress.ip_address(address).version), address)

    async def _bind(self, connection: ice.Connection, address: str) -> ice.StunProtocol:
        loop = asyncio.get_running_loop()
        for port in random.sample(self.ports, len(self.ports)) if self.ports else [0]:
            own = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
            try:
                own.bind((address, port))  # here: not every event loop says why it could not (uvloop, Ray's, does not)
            except OSError as error:
                own.close()
                if error.errno != errno.EADDRINUSE:
                    raise
                continue
            own.setblocking(False)
            own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
            return (await loop.create_datagram_endpoint(lambda: ice.StunProtocol(connection), sock=own))[1]
        assert self.ports is not None
        log.error("every media port from %d to %d is taken: make the range of --media-ports larger", self.ports[0], self.ports[-1])
        raise OSError(errno.EADDRINUSE, "no media port is free")


def _candidate(component: int, host: str, port: int) -> Candidate:
    return Candidate(
        foundation=candidate_foundation("host", "udp", host),
        component=component,
        transport="udp",
        priority=candidate_priority(component, "host"),
        host=host,
        port=port,
        type="host",
    )
