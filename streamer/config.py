"""What a server run is told: one dataclass, built by the command line and passed down."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from engines.errors import UserError

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class IceServer:
    """A STUN or TURN server, as the browser's RTCIceServer has it."""

    urls: str
    username: str | None = None
    credential: str | None = None

    def to_json(self) -> dict[str, str]:
        """The form ``new RTCPeerConnection({iceServers})`` takes."""
        fields = {"urls": self.urls, "username": self.username, "credential": self.credential}
        return {name: value for name, value in fields.items() if value is not None}


@dataclass(frozen=True)
class Config:
    """Everything the server can be told."""

    host: str = "0.0.0.0"  # address to listen on
    port: int = 8443  # TCP port of the page; 0 takes a free one. Media ports are chosen by the system
    http: bool = False  # plain HTTP: for localhost, or behind a proxy that speaks HTTPS
    cert: Path | None = None  # PEM certificate of one's own, with `key`; none: one is made and kept in `data`
    key: Path | None = None
    data: Path = ROOT / "var"  # state folder: certificate, catalogue
    web: Path = ROOT / "web"  # the page's files
    public_url: str | None = None  # the page's address as phones have it, where that is not this machine's own: a name, a proxy
    logs: str = "text"  # "json": one JSON object a line
    max_sessions: int = 4  # shoppers at once; further ones wait
    runtime: str | None = None  # what the networks run on, as `python -m engines check` names it; none: the best that works here
    catalog: str | None = None  # the garments' database, postgresql://USER:PASSWORD@HOST/NAME; none: SQLite in `data`
    pictures: str | None = None  # their pictures, a folder or s3://BUCKET/FOLDER, where `catalog` is shared by machines
    ice_servers: tuple[IceServer, ...] = ()  # none contacted unless named: on a LAN none is needed
    turn_secret: str | None = None  # shared with the TURN servers (coturn: use-auth-secret): phones get a password that ends
    turn_seconds: float = 2 * 3600.0  # when that is
    media_ports: str | None = None  # UDP ports for video, "40000-40999"; none: whichever the system gives
    public_address: tuple[str, ...] = ()  # what phones are told instead of this machine's addresses: "PUBLIC", or "OWN=PUBLIC" for each
    ping_seconds: float = 1.0  # how often a session's WebSocket is pinged
    silence_seconds: float = 4.0  # nothing heard for so long: the session is over
    connect_seconds: float = 20.0  # an offer whose media has not connected after this is over too
    message_bytes: int = 64 * 1024  # longest signalling or control message taken
    door: bool = True  # joining needs the code that is shown in the shop; false: whoever reaches the page is let in
    trust_localhost: bool = True  # this machine's own browser needs no code, and no password while none is set
    code_seconds: float = 120.0  # how long a code on a screen can be used; a new one is shown after half of it
    terminal_code_seconds: float = 3600.0  # how long a code in the terminal can be used
    visit_seconds: float = 2 * 3600.0  # how long a phone that joined may come back without a new code
    staff_seconds: float = 12 * 3600.0  # how long staff stay signed in
    staff_password: str | None = None  # its hash, from `python -m streamer password --print`; none: the one kept in `data`, if any
    metrics_secret: str | None = None  # lets Prometheus read /metrics from another machine, as its bearer token; none: from this one only
    trusted_proxies: tuple[str, ...] = ()  # addresses of proxies that are believed when they name whom they speak for
    sessions_per_address: int = 8  # shoppers at once from one address: one Wi-Fi may show all its phones as one
    screens: bool = True  # /mirror; a cluster has none: a screen and its phone would have to meet at one replica
    max_waiting: int = 50  # phones that wait for a place; further ones are asked to come back
    requests_per_second: float = 100.0  # of pages, pictures and sockets, from one address; four seconds' worth at once
    messages_per_second: float = 50.0  # of a session, over its WebSocket and its control channel; five seconds' worth at once
    sdp_bytes: int = 32 * 1024  # longest offer; a phone's has 7 KB
    max_candidates: int = 60  # ICE candidates of a session; a phone has five to twenty
    keep_crops: int = 0  # pictures of shoppers who agree to it, kept to calibrate networks with, at most; 0: nobody is asked
    pixels: int = 1920 * 1088  # larger frames are scaled down to this many before anything else


def stun_server(url: str) -> IceServer:
    """``stun:HOST[:PORT]``. Raises :class:`UserError` for anything else."""
    if not url.startswith(("stun:", "stuns:")) or len(url.split(":", 1)[1]) < 1:
        raise UserError(f"--stun {url!r} is no STUN address: write it as stun:HOST or stun:HOST:PORT.")
    return IceServer(url)


def turn_server(url: str) -> IceServer:
    """``turn:USER:PASSWORD@HOST[:PORT][?transport=udp|tcp]``; also ``turns:``. Percent-encode : and @ in the password.

    Without ``USER:PASSWORD@``, phones get a login made from the settings' ``turn_secret``.
    """
    scheme, _, rest = url.partition(":")
    login, at, host = rest.rpartition("@")
    user, colon, password = login.partition(":")
    if scheme not in ("turn", "turns") or not host or (at and not (colon and user and password)):
        raise UserError(f"--turn {url!r} is no TURN address: write it as turn:[USER:PASSWORD@]HOST[:PORT][?transport=tcp].")
    return IceServer(f"{scheme}:{host}", unquote(user), unquote(password)) if at else IceServer(f"{scheme}:{host}")
