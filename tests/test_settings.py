"""The settings file: what is taken, what is refused and how, what is printed."""

from __future__ import annotations

import argparse
import json
import logging
import tomllib
from dataclasses import fields, replace
from pathlib import Path

import pytest

from engines.errors import UserError
from streamer import settings
from streamer.__main__ import main
from streamer.config import Config, IceServer
from streamer.logs import JsonLines
from streamer.serve import add_arguments, config_from


def config(path: Path, text: str, *arguments: str) -> Config:
    path.write_text(text)
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return config_from(parser.parse_args(["--config", str(path), *arguments]))


def test_a_file_is_taken_and_the_command_line_wins(tmp_path):
    text = """
port = 9000
max_sessions = 8
silence_seconds = 3
cert = "own.pem"
key = "/etc/own.key"
trusted_proxies = ["10.0.0.1"]
ice_servers = ["stun:stun.shop.example", "turn:me:secret@turn.shop.example"]
door = false
"""
    made = config(tmp_path / "shop.toml", text, "--port", "9001")
    assert (made.port, made.max_sessions, made.silence_seconds, made.door) == (9001, 8, 3.0, False)
    assert (made.cert, made.key) == (tmp_path / "own.pem", Path("/etc/own.key"))  # a path is meant from the file's folder
    assert made.ice_servers == (IceServer("stun:stun.shop.example"), IceServer("turn:turn.shop.example", "me", "secret"))
    assert made.trusted_proxies == ("10.0.0.1",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("max_session = 3", "'max_session', which there is not: did you mean max_sessions?"),
        ("[server]\nport = 1", "'server', which there is not"),
        ('port = "8443"', "port in .* is '8443': write a whole number"),
        ("door = 1", "door in .* is 1: write true or false"),
        ("trusted_proxies = [1]", "trusted_proxies in .* write a list"),
        ("ice_servers = 'x'", "ice_servers in .* write a list"),
        ("ice_servers = ['http://x']", "write it as stun:HOST"),
        ("port = 70000", "port in .* 70000 is no port"),
        ("max_sessions = 0", "max_sessions in .* 0 cannot be meant: take 1 or more"),
        ("silence_seconds = -1", "silence_seconds in .* cannot be meant"),
        ("silence_seconds = nan", "silence_seconds in .* cannot be meant"),
        ("logs = 'xml'", "take text or json"),
        ("public_url = 'shop'", "no address of a page"),
        ("staff_password = 'open sesame'", "is not a hash"),
        ("cert = 'a.pem'", "belong together"),
        ("port = ", "are not TOML"),
    ],
)
def test_what_cannot_be_meant_is_named(tmp_path, text, said):
    with pytest.raises(UserError, match=said):
        config(tmp_path / "shop.toml", text)


def test_a_file_that_is_not_there_and_an_option_that_cannot_be_meant_are_named(tmp_path):
    with pytest.raises(UserError, match=r"cannot be read: No such file"):
        settings.read(tmp_path / "none.toml")
    with pytest.raises(UserError, match="--max-sessions 0 cannot be meant"):
        config(tmp_path / "shop.toml", "port = 9000", "--max-sessions", "0")


def test_every_setting_is_printed_as_toml_with_what_it_is_and_without_secrets(tmp_path, capsys):
    secrets = "ice_servers = ['turn:me:hush@turn.example']\nturn_secret = 'hush'\nstaff_password = '$argon2id$x'\n"
    (tmp_path / "shop.toml").write_text(f"max_sessions = 7\n{secrets}")
    assert main(["settings", "--config", str(tmp_path / "shop.toml"), "--port", "9002"]) == 0
    printed = capsys.readouterr().out
    assert "hush" not in printed
    assert "argon2id$x" not in printed
    found = tomllib.loads(printed)
    assert (found["max_sessions"], found["port"]) == (7, 9002)
    for field in fields(Config):
        assert field.name in printed
    default = tmp_path / "default.toml"
    default.write_text(settings.show(Config()))
    assert Config(**settings.read(default)) == Config()
    assert settings.changed(replace(Config(), port=1)) == "port=1"


def test_json_lines_are_whole_objects():
    record = logging.LogRecord("streamer.session", logging.WARNING, "f", 1, "a line\nof %d", (2,), None)
    line = json.loads(JsonLines().format(record))
    assert (line["level"], line["message"], line["logger"]) == ("warning", "a line\nof 2", "streamer.session")
    assert line["time"].endswith("+00:00")
