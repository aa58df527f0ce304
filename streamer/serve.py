"""``python -m streamer serve``: open the fitting room and keep it open until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import logging
import signal
import ssl
import sys
from pathlib import Path
from typing import Any

import segno
from aiohttp import web

from engines.errors import UserError

from . import logs, settings
from .address import page_url
from .aiohttp_app import make_app
from .catalog import Catalog
from .certificate import own_certificate, public_part, tls_context
from .codes import UsedCodes
from .config import Config, stun_server, turn_server
from .door import Door, kept_key, kept_password
from .rtc.version import check_version
from .server import Server
from .turn import Pipeline

log = logging.getLogger(__name__)

Keys = tuple[bytes, str | None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``serve``. What is not given is taken from the settings file, or stays as it comes."""
    default = Config()

    def option(name: str, about: str, **how: Any) -> None:
        parser.add_argument(name, default=argparse.SUPPRESS, help=about, **how)

    parser.add_argument("--config", type=Path, metavar="FILE", help="settings in TOML; `python -m streamer settings` lists every key")
    option("--port", f"TCP port of the page (default {default.port}; 0: a free one)", type=int)
    option("--host", f"address to listen on (default {default.host}: all)")
    option("--http", "plain HTTP, for localhost or behind a proxy that speaks HTTPS", action="store_true")
    option("--cert", "PEM certificate of your own (default: one is made and kept)", type=Path, metavar="FILE")
    option("--key", "its private key, PEM", type=Path, metavar="FILE")
    option("--max-sessions", f"shoppers at once; further ones wait (default {default.max_sessions})", type=int, metavar="N")
    option("--runtime", "what the networks run on; refused where it does not work (default: the best that works here)", metavar="NAME")
    option("--data", "state folder: certificate, catalogue, numbers (default var)", type=Path, metavar="DIR")
    option("--no-door", "let in whoever reaches the page, without the code", action="store_false", dest="door")
    option("--stun", "a STUN server (default: none is contacted)", action="append", metavar="stun:HOST:PORT")
    option("--turn", "a TURN server", action="append", metavar="turn:[USER:PASSWORD@]HOST:PORT")
    option("--turn-secret", "what TURN servers without USER:PASSWORD share with this one (coturn: use-auth-secret)", metavar="TEXT")
    option("--media-ports", "UDP ports for video (default: any)", metavar="FIRST-LAST")
    option("--public-address", "the address phones are told; OWN=PUBLIC where there are several", action="append", metavar="IP")
    option("--catalog", "the garments' database, shared (default: SQLite in the state folder)", metavar="postgresql://...")
    option("--pictures", "their pictures, shared: a folder or a store", metavar="DIR|s3://BUCKET/DIR")


def config_from(args: argparse.Namespace) -> Config:
    """The checked configuration. Raises :class:`UserError` for what cannot be meant."""
    given = {name: value for name, value in vars(args).items() if name in settings.TYPES}
    if servers := (*map(stun_server, getattr(args, "stun", ())), *map(turn_server, getattr(args, "turn", ()))):
        given["ice_servers"] = servers
    if "public_address" in given:
        given["public_address"] = tuple(given["public_address"])
    return settings.merge(settings.read(args.config) if args.config else {}, given, args.config)


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM. Raises :class:`UserError` for what the user has to mend."""
    config = config_from(args)
    set_up_logging(config)
    log.info("settings: %s", settings.changed(config))
    pem = certificate_file(config)
    tls = tls_context(pem, config.key) if pem else None
    server = make_server(config, pem)
    server.health.tls = (tls, pem) if tls and pem else None
    asyncio.run(serve(server, tls))
    return 0


def set_up_logging(config: Config) -> None:
    """Our own lines, and what is serious of the libraries': they name addresses in the others."""
    logs.set_up(config.logs)
    for chatty in ("aioice", "aiortc", "aiohttp.access", "libav"):
        logging.getLogger(chatty).setLevel(logging.ERROR)


def certificate_file(config: Config) -> Path | None:
    """The PEM file this server shows: the operator's, else the self-made one (with its key in it), None for plain HTTP."""
    return None if config.http else config.cert or own_certificate(config.data)


def make_server(config: Config, certificate: Path | None = None, keys: Keys | None = None) -> Server:
    """A server with the real pipeline and the real catalogue: everything but what carries it. ``keys``: of the door, if not its own."""
    check_version()
    own = public_part(certificate) if certificate and certificate != config.cert else None
    catalog = load_catalog(config)
    door = Door(config, *(keys or kept_keys(config)), used=UsedCodes(catalog.database))
    return Server(config, load_pipeline(config.runtime), catalog, own, door, config.data)


def kept_keys(config: Config) -> Keys:
    """The door's key and the hash of the staff password, as they are kept in the state folder."""
    return kept_key(config.data), config.staff_password or kept_password(config.data)


def load_pipeline(runtime: str | None = None) -> Pipeline:
    """The real pipeline, on the runtime named or the best this machine has; the choice is printed with its reason. Raises UserError."""
    from .pipeline import Pipeline as Whole

    pipeline = Whole.load(runtime)
    print(pipeline.reason, flush=True)
    return pipeline


def load_catalog(config: Config) -> Catalog:
    """The catalogue in the state folder, with the garments that come with the project."""
    return Catalog(config.data / "catalog", url=config.catalog, pictures=config.pictures)


async def serve(server: Server, tls: ssl.SSLContext | None) -> None:
    """Listen, say where, and wait for the end. Every session is closed before this returns."""
    config = server.config
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    runner = web.AppRunner(make_app(server), access_log=None, shutdown_timeout=5)
    await runner.setup()
    telling = None
    try:
        listening = await listen(runner, config, tls)
        telling = asyncio.ensure_future(keep_announcing(server, listening))
        await stop.wait()
        print("closing ...", flush=True)
    finally:
        if telling is not None:
            telling.cancel()
        await runner.cleanup()


async def listen(runner: web.AppRunner, config: Config, tls: ssl.SSLContext | None) -> int:
    """Open the port and return its number. Raises :class:`UserError` where it cannot be had."""
    site = web.TCPSite(runner, config.host, config.port, ssl_context=tls)
    try:
        await site.start()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise UserError(f"Port {config.port} is in use: choose another with --port, or stop what uses it.") from None
        if error.errno == errno.EACCES:
            raise UserError(f"Port {config.port} needs special rights: choose one above 1023 with --port.") from None
        raise UserError(f"{config.host}:{config.port} cannot be listened on: {error.strerror or error}. Check --host.") from None
    return int(runner.addresses[0][1])


async def keep_announcing(server: Server, port: int) -> None:
    """Print where the page is, and a new code when the printed one was used or has ended."""
    config, again = server.config, asyncio.Event()
    server.on_code_used.append(lambda phone, screen: again.set() if not screen else None)
    code = server.door.new_code("", config.terminal_code_seconds) if config.door else ""
    has_code = announce(config, port, code) and code
    while has_code:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(again.wait(), 0.9 * config.terminal_code_seconds)
        again.clear()
        print("The code for the next phone:", flush=True)
        show_code(page_url(config, port), server.door.new_code("", config.terminal_code_seconds))


def announce(config: Config, port: int, code: str = "") -> bool:
    """Print where the page is, with a QR code, and the code to join with, where a phone can use it: True then."""
    url, local = page_url(config, port), f"{'http' if config.http else 'https'}://localhost:{port}/"
    if url == local:
        print(f"The fitting room is open at {url}", flush=True)
        return False
    print(f"The fitting room is open at {url} (on this machine also {local})", flush=True)
    if config.http and not config.public_url:
        print("Phones give their camera to HTTPS pages only: use localhost, or a proxy that speaks HTTPS and its address as public_url.")
        sys.stdout.flush()
        return False
    show_code(url, code)
    if config.cert is None and not config.public_url:
        print("The certificate is this machine's own: the browser warns once; choose to go on.", flush=True)
        print(f"Where a phone does not let you, install {url}certificate.crt on it and trust it.", flush=True)
    return True


def show_code(url: str, code: str) -> None:
    """Print the address with its code, for a phone's camera and for copying."""
    joined = f"{url}#{code}" if code else url
    segno.make(joined, error="m").terminal(out=sys.stdout, compact=True)
    if code:
        print(f"One phone can join with it: {joined}")
    sys.stdout.flush()
