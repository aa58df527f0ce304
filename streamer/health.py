"""Looks, every few seconds, at what a server stands on: the worker, the catalogue, the disk, the clock, the network, the certificate.

What is wrong is named in the log once, and in /readyz as long as it lasts; a certificate that was replaced is taken up under way.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
import secrets
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509

from engines.errors import UserError

from .address import outward_address
from .certificate import RENEW_BEFORE, own_certificate
from .config import Config

if TYPE_CHECKING:
    from .server import Server

log = logging.getLogger(__name__)

EVERY = 10.0  # seconds
JUMP = 30.0  # seconds: a clock that was set, not one that is regulated
SPARE_BYTES = 64 * 1024  # that must still fit onto the disk


class Health:
    """``look`` is called in a thread for files; ``problems`` is read on the event loop."""

    def __init__(self, server: Server, home: Path | None) -> None:
        """``home``: the state folder this server writes to; None: it writes nothing."""
        self.problems: dict[str, str] = {}
        self.tls: tuple[ssl.SSLContext, Path] | None = None  # what is served with, and the certificate's file
        self.on_clock_set: list[Callable[[], object]] = []
        self._server, self._home = server, home
        self._offset = time.time() - time.monotonic()
        self._changed = 0.0  # when the certificate's file was changed

    async def run(self) -> None:
        """Look now and then until cancelled."""
        while True:
            try:
                await self._server.in_files(self.look)
                await self._server.in_files(self._server.numbers.flush)
            except Exception:  # what is looked at may fail in any way; looking goes on
                log.exception("the server could not be looked after")
            if jump := self.clock_jump():
                way = "ahead" if jump > 0 else "back"
                log.warning("the clock was set %s by %.0f s: codes that are shown are made anew", way, abs(jump))
                for tell in self.on_clock_set:
                    tell()
            await asyncio.sleep(EVERY)

    def look(self) -> dict[str, str]:
        """Every problem there is now, by its name."""
        found = dict(self._find())
        for name in found.keys() - self.problems.keys():
            log.warning("%s: %s", name, found[name])
        for name in self.problems.keys() - found.keys():
            log.info("%s: well again", name)
        self.problems = found
        return found

    def clock_jump(self) -> float:
        """Seconds by which the clock was set since the last look; 0 where it runs as it should."""
        offset = time.time() - time.monotonic()
        jump, self._offset = offset - self._offset, offset
        return jump if abs(jump) > JUMP else 0.0

    def _find(self) -> Iterator[tuple[str, str]]:
        server, config = self._server, self._server.config
        if not server.worker.is_alive:
            yield "worker", "The thread that dresses frames has ended: restart the server."
        try:
            server.catalog.list()
        except Exception as error:
            yield "catalogue", f"The catalogue cannot be read: {error}"
        if self._home is not None and (why := unwritable(self._home)):
            yield "disk", f"The state folder {self._home} cannot be written: {why}. Sessions go on; numbers are kept in memory."
        if not config.public_url and config.host in ("0.0.0.0", "::") and outward_address() is None:
            yield "network", "There is no network but this machine's own: phones cannot reach it."
        if self.tls is not None and (why := self._certificate(config)):
            yield "certificate", why

    def _certificate(self, config: Config) -> str | None:
        """What is wrong with it; a new one is taken up first."""
        assert self.tls is not None
        context, path = self.tls
        try:
            if config.cert is None:
                path = own_certificate(config.data)  # made anew where it ends soon, or this machine has another address
            if (changed := path.stat().st_mtime) != self._changed:
                context.load_cert_chain(path, config.key)
                if self._changed:
                    log.info("the certificate was replaced: new connections have the new one")
                self._changed = changed
            return ending(path)
        except (UserError, OSError, ssl.SSLError, ValueError) as error:
            return f"The certificate {path} cannot be taken up: {error}"


def ending(path: Path, now: datetime.datetime | None = None) -> str | None:
    """Whether a certificate has ended or ends soon, in words; None where it is good."""
    now = now or datetime.datetime.now(datetime.UTC)
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    ends = certificate.not_valid_after_utc
    if now > ends:
        return f"The certificate {path} ended on {ends:%Y-%m-%d}: phones refuse this page. Replace the file; it is taken up by itself."
    if now + RENEW_BEFORE > ends:
        return f"The certificate {path} ends on {ends:%Y-%m-%d}. Replace the file; it is taken up by itself."
    if now < certificate.not_valid_before_utc:
        return f"The certificate {path} begins on {certificate.not_valid_before_utc:%Y-%m-%d}: check this machine's clock."
    return None


def unwritable(folder: Path) -> str | None:
    """Why nothing can be kept in a folder, or None."""
    probe = folder / f".probe-{secrets.token_hex(4)}"
    try:
        probe.write_bytes(bytes(SPARE_BYTES))
    except OSError as error:
        return error.strerror or str(error)
    finally:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)
    return None
