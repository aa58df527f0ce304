"""One file of settings beside the command line: TOML, every key a field of Config, checked before anything starts."""

from __future__ import annotations

import argparse
import difflib
import inspect
import math
import re
import tomllib
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from engines.errors import UserError

from . import network
from .config import Config, IceServer, stun_server, turn_server

TYPES: dict[str, Any] = typing.get_type_hints(Config)
COMMENTS: dict[str, str] = dict(re.findall(r"^    (\w+): .*?  # (.*)$", inspect.getsource(Config), re.MULTILINE))
SECRET = ("password", "secret", "credential", "key_password")
AT_LEAST_ONE = {"max_sessions", "sessions_per_address", "max_candidates", "pixels"}
ZERO_IS_MEANT = {"port", "max_waiting", "keep_crops"}

Where = Callable[[str], str]


def read(path: Path) -> dict[str, Any]:
    """The values of a settings file by Config's field, each of its field's type. Raises :class:`UserError` naming what is wrong."""
    try:
        with path.open("rb") as file:
            found = tomllib.load(file)
    except OSError as error:
        raise UserError(f"The settings {path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"The settings {path} are not TOML: {error}.") from None
    return {key: _typed(key, value, path) for key, value in found.items()}


def merge(from_file: Mapping[str, Any], from_line: Mapping[str, Any], path: Path | None = None) -> Config:
    """A checked configuration; the command line wins. Raises :class:`UserError` naming the key or option that cannot be meant."""

    def where(key: str) -> str:
        if key in from_line or key not in from_file:
            return f"--{key.replace('_', '-')}"
        return f"{key} in {path}"

    config = Config(**{**from_file, **from_line})
    check(config, where)
    return config


def check(config: Config, where: Where = lambda key: key) -> None:
    """Raises :class:`UserError` for values that cannot be meant; ``where`` says how the user wrote a key."""
    if not 0 <= config.port <= 65535:
        raise UserError(f"{where('port')} {config.port} is no port: take a number from 1 to 65535.")
    for field in fields(Config):
        value = getattr(config, field.name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        least = 1 if field.name in AT_LEAST_ONE else 0
        if not math.isfinite(value) or value < least or (value == 0 and field.name not in ZERO_IS_MEANT):
            raise UserError(f"{where(field.name)} {value} cannot be meant: take {'1 or more' if least else 'a number above 0'}.")
    if (config.cert is None) != (config.key is None):
        raise UserError(f"{where('cert')} and {where('key')} belong together: give both or neither.")
    if config.http and config.cert is not None:
        raise UserError(f"{where('http')} has no use for {where('cert')} and {where('key')}: leave one of them out.")
    if config.logs not in ("text", "json"):
        raise UserError(f"{where('logs')} {config.logs!r} is unknown: take text or json.")
    if config.public_url is not None and not re.fullmatch(r"https?://[^/\s?#]+/?", config.public_url):
        raise UserError(
            f"{where('public_url')} {config.public_url!r} is no address of a page: write it as https://NAME or https://NAME:PORT."
        )
    network.check(config)
    if config.pictures is not None and config.catalog is None:
        raise UserError(f"{where('pictures')} is for a database that machines share: set {where('catalog')}, too.")
    if config.staff_password is not None and not config.staff_password.startswith("$argon2"):
        raise UserError(f"{where('staff_password')} is not a hash: make one with `python -m streamer password --print`.")


def _typed(key: str, value: Any, path: Path) -> Any:
    if key not in TYPES:
        near = difflib.get_close_matches(key, TYPES, 1, 0.5)
        hint = f"did you mean {near[0]}?" if near else "`python -m streamer settings` lists them."
        raise UserError(f"{path} has the key {key!r}, which there is not: {hint}")
    if key == "ice_servers":
        return _ice_servers(value, path)
    wanted = TYPES[key]
    kinds = typing.get_args(wanted) if isinstance(wanted, types.UnionType) else (wanted,)
    for kind in kinds:
        if (made := _as(kind, value)) is not None:
            return path.parent / made if isinstance(made, Path) else made  # a path is meant from the file's folder
    raise UserError(f"{key} in {path} is {value!r}: write {_example(kinds[0])}.")


def _as(kind: Any, value: Any) -> Any:
    """The value as this type; None where it is not one."""
    if typing.get_origin(kind) is tuple:
        args = [a for a in typing.get_args(kind) if a is not Ellipsis]
        made = tuple(_as(args[min(n, len(args) - 1)], each) for n, each in enumerate(value)) if isinstance(value, list) else (None,)
        whole = Ellipsis in typing.get_args(kind) or len(made) == len(args)
        return made if whole and None not in made else None
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is Path and isinstance(value, str) and value:
        return Path(value)
    return value if type(value) is kind else None


def _example(kind: Any) -> str:
    known = {bool: "true or false", int: "a whole number", float: "a number", str: 'a text in "quotes"', Path: 'a path in "quotes"'}
    return known.get(kind, 'a list, as ["one", "two"]')


def _ice_servers(value: Any, path: Path) -> tuple[IceServer, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise UserError(f'ice_servers in {path} is {value!r}: write a list, as ["stun:HOST:PORT", "turn:USER:PASSWORD@HOST:PORT"].')
    return tuple(turn_server(url) if url.startswith("turn") else stun_server(url) for url in value)


def show(config: Config) -> str:
    """The settings in force as TOML, each with what it is; secrets are not shown."""
    lines = []
    for field in fields(Config):
        value, comment = getattr(config, field.name), COMMENTS.get(field.name, "")
        if value is None:
            lines.append(f"# {field.name} is not set" + (f"  # {comment}" if comment else ""))
        else:
            lines.append(f"{field.name} = {_toml(field.name, value)}" + (f"  # {comment}" if comment else ""))
    return "\n".join(lines)


def changed(config: Config) -> str:
    """Those that are not what they are by default, in one line for the log."""
    default = Config()
    told = (f"{f.name}={_toml(f.name, v)}" for f in fields(Config) if (v := getattr(config, f.name)) != getattr(default, f.name))
    return ", ".join(told) or "all as they come"


def _toml(name: str, value: Any) -> str:
    if name.endswith(SECRET):
        return '"***"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, IceServer):
        hidden = f"{value.username}:***@" if value.username else ""
        value = value.urls.replace(":", f":{hidden}", 1)
    if name == "catalog":
        value = re.sub("://[^/]*@", "://***@", value)
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(name, each) for each in value)}]"
    if isinstance(value, str | Path):
        return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{value:g}" if isinstance(value, float) else str(value)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``python -m streamer settings``: those of serve."""
    from .serve import add_arguments as of_serve

    of_serve(parser)


def run(args: argparse.Namespace) -> int:
    """Print the settings in force. Raises :class:`UserError` where they cannot be."""
    from .serve import config_from

    print(show(config_from(args)))
    return 0
