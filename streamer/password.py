"""``python -m streamer password``: set the staff password."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path

import argon2

from engines.errors import UserError

from .config import Config
from .door import PASSWORD_FILE, write_secret

SHORTEST = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``password``."""
    parser.add_argument("--data", type=Path, default=Config().data, metavar="DIR", help="state folder to keep it in (default var)")
    parser.add_argument("--print", action="store_true", help="print the hash for the settings' staff_password instead of keeping it")


def run(args: argparse.Namespace) -> int:
    """Ask, hash, keep. Raises :class:`UserError` for a password that will not do."""
    hashed = argon2.PasswordHasher().hash(_ask())
    if args.print:
        print(hashed)
        return 0
    path = args.data / PASSWORD_FILE
    try:
        write_secret(path, hashed.encode())
    except OSError as error:
        raise UserError(f"The password cannot be kept in {path}: {error.strerror}. Choose another folder with --data.") from None
    print(f"The staff password is set in {path}; a server that runs takes it after a restart.")
    return 0


def _ask() -> str:
    """The password, typed twice; piped in, its first line."""
    piped = not sys.stdin.isatty()
    password = sys.stdin.readline().rstrip("\n") if piped else getpass.getpass("Staff password: ")
    if len(password) < SHORTEST:
        raise UserError(f"A staff password has at least {SHORTEST} letters, this one has {len(password)}.")
    if not piped and getpass.getpass("Once more: ") != password:
        raise UserError("These were two different passwords: nothing was changed.")
    return password
