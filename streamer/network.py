"""What the operator says of the network between phones and this server: media ports, forwarded addresses, TURN servers with a secret."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import re
import time
from collections.abc import Iterable, Sequence

from engines.errors import UserError

from .config import Config, IceServer
from .rtc.reach import Reach


def for_page(config: Config) -> list[IceServer]:
    """The servers a phone is told of."""
    return with_credentials(config.ice_servers, config.turn_secret, config.turn_seconds)


def for_media(config: Config) -> list[IceServer]:
    """The servers our own side asks for addresses: none where those that phones use are known."""
    return [] if config.public_address else for_page(config)


def check(config: Config) -> None:
    """Raises :class:`UserError` for a TURN server nobody can use, and for what :func:`reach` cannot read."""
    reach(config.media_ports, config.public_address)
    for server in config.ice_servers:
        if _is_open_turn(server) and not config.turn_secret:
            raise UserError(f"{server.urls} has no login: write it as turn:USER:PASSWORD@HOST, or set turn_secret.")


def reach(ports: str | None, addresses: Iterable[str]) -> Reach:
    """From ``"40000-40999"`` and a list of ``"PUBLIC"`` or ``"OWN=PUBLIC"``. Raises :class:`UserError` for what cannot be meant."""
    return Reach(None if ports is None else _ports(ports), dict(map(_forwarded, addresses)))


def _ports(text: str) -> range:
    match = re.fullmatch(r"(\d{1,5})-(\d{1,5})", text)
    first, last = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1024 <= first <= last <= 65535:
        raise UserError(f"--media-ports {text!r} is no range of ports: write it as 40000-40999, from 1024 to 65535.")
    return range(first, last + 1)


def _forwarded(text: str) -> tuple[str, str]:
    own, equals, public = text.rpartition("=")
    try:
        told = ipaddress.ip_address(public)
        mine = ipaddress.ip_address(own) if equals else None
    except ValueError:
        raise UserError(f"--public-address {text!r} is no address: write it as 203.0.113.5, or as 10.0.0.7=203.0.113.5.") from None
    if mine is not None and mine.version != told.version:
        raise UserError(f"--public-address {text!r}: IPv4 is forwarded to IPv4, and IPv6 to IPv6.")
    return (str(mine) if mine else str(told.version)), str(told)


def with_credentials(servers: Sequence[IceServer], secret: str | None, seconds: float, now: float | None = None) -> list[IceServer]:
    """The servers as one phone gets them: TURN servers without a user get one whose password ends, made from the secret they share.

    The scheme is coturn's ``use-auth-secret`` (draft-uberti-behave-turn-rest): the user is the time at which it ends, UNIX seconds,
    and the password the base64 HMAC-SHA1 of that.
    """
    ends = str(round((time.time() if now is None else now) + seconds))
    return [_signed(server, ends, secret) if secret and _is_open_turn(server) else server for server in servers]


def _is_open_turn(server: IceServer) -> bool:
    return server.username is None and server.urls.startswith(("turn:", "turns:"))


def _signed(server: IceServer, user: str, secret: str) -> IceServer:
    password = base64.b64encode(hmac.digest(secret.encode(), user.encode(), hashlib.sha1)).decode()
    return IceServer(server.urls, user, password)
