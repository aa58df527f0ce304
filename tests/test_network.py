"""What is told of ports, addresses and TURN servers, and what is not taken for one."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import shutil
from dataclasses import replace

import pytest
from aioice import ice

from engines.errors import UserError
from streamer.config import Config, IceServer, turn_server
from streamer.network import for_media, for_page, reach, with_credentials

TURN = IceServer("turn:turn.example:3478")
FIXED = IceServer("turn:other.example", "user", "password")
STUN = IceServer("stun:stun.example")


def test_addresses_that_are_forwarded():
    told = reach("40000-40001", ["203.0.113.5", "10.0.0.7=203.0.113.7", "2001:db8::1"])
    assert list(told.ports) == [40000, 40001]
    assert [told.told_for(own) for own in ("10.0.0.7", "10.0.0.8", "fd00::1")] == ["203.0.113.7", "203.0.113.5", "2001:db8::1"]
    assert reach(None, []).told_for("10.0.0.8") == "10.0.0.8"


@pytest.mark.parametrize("text", ["40000", "40001-40000", "80-90", "40000-70000", "a-b", "", "-1-5"])
def test_what_is_no_range_of_ports(text):
    with pytest.raises(UserError, match="--media-ports"):
        reach(text, [])


@pytest.mark.parametrize("text", ["example.com", "10.0.0.1=", "=203.0.113.5x", "10.0.0.1=2001:db8::1", "1.2.3"])
def test_what_is_no_address(text):
    with pytest.raises(UserError, match="--public-address"):
        reach(None, [text])


def test_turn_credentials_are_what_coturn_checks_and_end():
    stun, turn, fixed = with_credentials([STUN, TURN, FIXED], "north wind", 3600, now=1_700_000_000.4)
    assert (stun, fixed) == (STUN, FIXED)
    assert turn.username == "1700003600"
    assert base64.b64decode(turn.credential) == hmac.new(b"north wind", b"1700003600", hashlib.sha1).digest()
    assert with_credentials([TURN], None, 3600) == [TURN]


def test_phones_are_told_of_turn_and_a_server_with_a_public_address_needs_none():
    config = Config(ice_servers=(turn_server("turn:turn.example"),), turn_secret="north wind")
    assert for_page(config)[0].username == for_media(config)[0].username
    assert for_media(replace(config, public_address=("203.0.113.5",))) == []


@pytest.mark.skipif(shutil.which("turnserver") is None, reason="no coturn on this machine (Debian: coturn)")
@pytest.mark.parametrize("secret", ["north wind", "another"])
async def test_a_real_coturn_relays_for_who_has_the_secret(tmp_path, secret):
    server = await asyncio.create_subprocess_exec(
        *("turnserver", "-n", "--use-auth-secret", "--static-auth-secret=north wind", "--realm=shop.example", "--allow-loopback-peers"),
        *("--listening-ip=127.0.0.1", "--listening-port=27401", "--relay-ip=127.0.0.1", "--min-port=27410", "--max-port=27420"),
        *("--no-cli", "--no-tls", "--no-dtls", f"--pidfile={tmp_path}/pid", f"--userdb={tmp_path}/db", "--log-file=stdout", "--simple-log"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(20):
            while b"admin thread" not in await server.stdout.readline():
                pass
            (turn,) = with_credentials([turn_server("turn:127.0.0.1:27401")], secret, 60)
            phone = ice.Connection(True, turn_server=("127.0.0.1", 27401), turn_username=turn.username, turn_password=turn.credential)
            await phone.gather_candidates()
            relayed = [candidate for candidate in phone.local_candidates if candidate.type == "relay"]
            assert bool(relayed) == (secret == "north wind")
            await phone.close()
    finally:
        server.terminate()
        await server.communicate()
