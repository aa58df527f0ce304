"""``python -m streamer serve``: open the fitting room and keep it open until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import errno
import logging
import signal
import socket
import ssl
import sys
from pathlib import Path

import segno
from aiohttp import web

from engines.errors import UserError

from .aiohttp_app import make_app
from .certificate import own_certificate, public_part, tls_context
from .config import Config, stun_server, turn_server
from .rtc.version import check_version
from .server import Catalog, Server
from .worker import Pipeline


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``serve``."""
    default = Config()
    parser.add_argument("--port", type=int, default=default.port, help="TCP port of the page (default %(default)s; 0: a free one)")
    parser.add_argument("--host", default=default.host, help="address to listen on (default %(default)s: all)")
    parser.add_argument("--http", action="store_true", help="plain HTTP, for localhost or behind a proxy that speaks HTTPS")
    parser.add_argument("--cert", type=Path, metavar="FILE", help="PEM certificate of your own (default: one is made and kept)")
    parser.add_argument("--key", type=Path, metavar="FILE", help="its private key, PEM")
    parser.add_argument("--max-sessions", type=int, default=default.max_sessions, metavar="N", help="at once (default %(default)s)")
    parser.add_argument("--data", type=Path, default=default.data, metavar="DIR", help="state folder: certificate, catalogue (default var)")
    parser.add_argument("--stun", action="append", default=[], metavar="stun:HOST:PORT", help="a STUN server (default: none is contacted)")
    parser.add_argument("--turn", action="append", default=[], metavar="turn:USER:PASSWORD@HOST:PORT", help="a TURN server")


def config_from(args: argparse.Namespace) -> Config:
    """The checked configuration. Raises :class:`UserError` for what cannot be meant."""
    if not 0 <= args.port <= 65535:
        raise UserError(f"--port {args.port} is no port: take a number from 1 to 65535.")
    if args.max_sessions < 1:
        raise UserError(f"--max-sessions {args.max_sessions} would let nobody in: take 1 or more.")
    if (args.cert is None) != (args.key is None):
        raise UserError("--cert and --key belong together: give both or neither.")
    if args.http and args.cert is not None:
        raise UserError("--http has no use for --cert and --key: leave one of them out.")
    servers = (*map(stun_server, args.stun), *map(turn_server, args.turn))
    return Config(
        host=args.host,
        port=args.port,
        http=args.http,
        cert=args.cert,
        key=args.key,
        data=args.data,
        max_sessions=args.max_sessions,
        ice_servers=servers,
    )


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM. Raises :class:`UserError` for what the user has to mend."""
    config = config_from(args)
    set_up_logging()
    pem = certificate_file(config)
    tls = tls_context(pem, config.key) if pem else None
    asyncio.run(serve(make_server(config, pem), tls))
    return 0


def set_up_logging() -> None:
    """Our own lines, and what is serious of the libraries'."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", datefmt="%H:%M:%S")
    for chatty in ("aioice", "aiortc", "aiohttp.access", "libav"):
        logging.getLogger(chatty).setLevel(logging.ERROR)


def certificate_file(config: Config) -> Path | None:
    """The PEM file this server shows: the operator's, else the self-made one (with its key in it), None for plain HTTP."""
    return None if config.http else config.cert or own_certificate(config.data)


def make_server(config: Config, certificate: Path | None = None) -> Server:
    """A server with the real pipeline and the real catalogue: everything but what carries it."""
    check_version()
    own = public_part(certificate) if certificate and certificate != config.cert else None
    return Server(config, load_pipeline(), load_catalog(config.data), own)


def load_pipeline() -> Pipeline:
    """The real pipeline, on the runtime this machine has; the choice is printed with its reason."""
    from engines.body import Body

    from .pipeline import Pipeline as Whole

    body = Body.load()
    print(f"Network body on {body.engine.runtime}: {body.engine.reason}", flush=True)
    return Whole(body)


def load_catalog(data: Path) -> Catalog:
    """The catalogue in the state folder, with the garments that come with the project."""
    from .catalog import Catalog as Stored

    return Stored(data / "catalog")


async def serve(server: Server, tls: ssl.SSLContext | None) -> None:
    """Listen, say where, and wait for the end. Every session is closed before this returns."""
    config = server.config
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    runner = web.AppRunner(make_app(server), access_log=None, shutdown_timeout=5)
    await runner.setup()
    try:
        listening = await listen(runner, config, tls)
        announce(config, listening)
        await stop.wait()
        print("closing ...", flush=True)
    finally:
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


def announce(config: Config, port: int) -> None:
    """Print where the page is, with a QR code for a phone where a phone can reach it."""
    scheme = "http" if config.http else "https"
    local = f"{scheme}://localhost:{port}/"
    here = outward_address() if config.host in ("0.0.0.0", "::") else config.host
    if here is None or here in ("localhost", "127.0.0.1", "::1"):
        print(f"The fitting room is open at {local}", flush=True)
        return
    url = f"{scheme}://{f'[{here}]' if ':' in here else here}:{port}/"
    print(f"The fitting room is open at {url} (on this machine also {local})", flush=True)
    if config.http:
        print("Phones give their camera to HTTPS pages only: use localhost, or a proxy that speaks HTTPS.", flush=True)
        return
    segno.make(url, error="m").terminal(out=sys.stdout, compact=True)
    if config.cert is None:
        print("The certificate is this machine's own: the browser warns once; choose to go on.", flush=True)
        print(f"Where a phone does not let you, install {url}certificate.crt on it and trust it.", flush=True)
    sys.stdout.flush()


def outward_address() -> str | None:
    """The address other machines most likely reach this one by; None without a network. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address of the documentation: only the route to it is asked for
        except OSError:
            return None
        return str(probe.getsockname()[0])
