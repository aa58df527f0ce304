"""The command: what it prints, how it ends, what it refuses."""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
import ssl
from dataclasses import replace

import aiohttp
import pytest

from engines.errors import UserError, exit_on_user_error
from streamer.certificate import own_certificate, public_part, tls_context
from streamer.config import Config, IceServer, stun_server, turn_server
from streamer.serve import add_arguments, announce, config_from, keep_announcing, serve
from streamer.server import Server
from tests.fakes import FakeCatalog, FakePipeline
from tests.shopper import Shopper


def config(*arguments):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return config_from(parser.parse_args(arguments))


def test_the_defaults_are_the_configs():
    assert config() == Config()
    assert Config().ice_servers == ()


def test_ice_servers_are_taken_from_the_command_line():
    made = config("--stun", "stun:stun.shop.example:3478", "--turn", "turn:me:p%40ss@turn.shop.example?transport=tcp")
    assert made.ice_servers == (
        IceServer("stun:stun.shop.example:3478"),
        IceServer("turn:turn.shop.example?transport=tcp", "me", "p@ss"),
    )
    assert made.ice_servers[1].to_json() == {"urls": "turn:turn.shop.example?transport=tcp", "username": "me", "credential": "p@ss"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--port", "70000"),
        ("--max-sessions", "0"),
        ("--cert", "a.pem"),
        ("--stun", "http://x"),
        ("--turn", "turn:host"),  # neither a login nor a secret to make one from
        ("--media-ports", "5"),
        ("--public-address", "shop.example"),
        ("--pictures", "s3://shop"),  # shared, and the rows that name them not
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(arguments, capsys):
    assert exit_on_user_error(lambda: bool(config(*arguments)) and 0) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("make", [stun_server, turn_server])
def test_addresses_of_servers_say_how_they_are_written(make):
    with pytest.raises(UserError, match="write it as"):
        make("nonsense")


def test_the_address_is_printed_with_a_qr_code_where_a_phone_can_use_it(capsys):
    assert announce(replace(Config(), host="192.168.0.4"), 8443, "the-code")
    text = capsys.readouterr().out
    assert "https://192.168.0.4:8443/#the-code" in text
    assert "█" in text
    assert not announce(replace(Config(), host="127.0.0.1", http=True), 8080)
    text = capsys.readouterr().out
    assert "http://localhost:8080/" in text
    assert "█" not in text
    assert announce(replace(Config(), http=True, public_url="https://mirror.shop.example"), 8080, "the-code")
    assert "https://mirror.shop.example/#the-code" in capsys.readouterr().out


async def test_a_used_code_is_followed_by_the_next(capsys):
    server = Server(replace(Config(), host="192.168.0.4"), FakePipeline(), FakeCatalog())
    telling = asyncio.ensure_future(keep_announcing(server, 8443))

    async def printed():
        text = ""
        while "/#" not in text:
            await asyncio.sleep(0)
            text += capsys.readouterr().out
        return text.split("/#")[1].split()[0]

    first = await printed()
    await server.code_used(*server.door.join(first))
    second = await printed()
    assert second != first
    server.door.join(second)
    telling.cancel()
    server.pools.close()


async def test_a_port_in_use_is_said_in_words(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = replace(Config(), host="127.0.0.1", port=taken.getsockname()[1], http=True)
        with pytest.raises(UserError, match="is in use"):
            await serve(Server(busy, FakePipeline(), FakeCatalog()), None)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_closes_every_session_and_serving_ends(tmp_path, capsys, ending):
    path = own_certificate(tmp_path)
    config = replace(Config(), host="127.0.0.1", port=0, data=tmp_path)
    async with asyncio.timeout(20):
        serving = asyncio.ensure_future(serve(Server(config, FakePipeline(), FakeCatalog(), public_part(path)), tls_context(path)))
        printed = ""
        while "open at" not in printed:
            await asyncio.sleep(0)
            printed += capsys.readouterr().out
        port = int(printed.split("localhost:")[1].split("/")[0])
        trusted = ssl.create_default_context(cadata=public_part(path))
        async with aiohttp.ClientSession(f"https://localhost:{port}", connector=aiohttp.TCPConnector(ssl=trusted)) as client:
            assert await (await client.get("/certificate.crt")).read() == public_part(path)
            shopper = Shopper(await client.ws_connect("/session"))
            await shopper.connect(garment="red")
            signal.raise_signal(ending)  # in this thread: libraries of other tests have threads of their own
            assert (await shopper.ws.receive()).type is aiohttp.WSMsgType.CLOSE
            await serving
            await shopper.clean_up()
