"""Where phones find this server's page."""

from __future__ import annotations

import socket

from .config import Config


def page_url(config: Config, port: int) -> str:
    """The page's address for phones; localhost where they have none to reach this machine by."""
    if config.public_url:
        return config.public_url.rstrip("/") + "/"
    here = outward_address() if config.host in ("0.0.0.0", "::") else config.host
    if here is None or here in ("127.0.0.1", "::1"):
        here = "localhost"
    return f"{'http' if config.http else 'https'}://{f'[{here}]' if ':' in here else here}:{port}/"


def outward_address() -> str | None:
    """The address other machines most likely reach this one by; None without a network. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address of the documentation: only the route to it is asked for
        except OSError:
            return None
        return str(probe.getsockname()[0])
