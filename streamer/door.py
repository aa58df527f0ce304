"""Who may come in: phones by a code that is shown in the shop, staff by a password, screens by staff.

Codes and cookies are signed with a key that is kept, so a phone comes back after a restart, and any server with the key knows it.
A code travels in the fragment of an address and is posted by the page: a camera that looks at the address first does not use it up.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import argon2
from itsdangerous import BadSignature, TimestampSigner

from engines.errors import UserError

from .codes import UsedCodes
from .config import Config
from .http import Access, Refusal, Request
from .limits import Attempts, caller_of, parse_address

KEY_FILE = "door.key"
PASSWORD_FILE = "staff.password"
PHONE, STAFF, SCREEN = "__Host-phone", "__Host-staff", "__Host-screen"
SCREEN_SECONDS = 400 * 24 * 3600  # as long as browsers keep a cookie: a screen on a wall is not signed in again
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via")
HERE = {"localhost", "127.0.0.1", "::1"}


class Door:
    """Checks a request against the access level of its route; makes codes and cookies. Safe to call from several threads."""

    def __init__(self, config: Config, key: bytes | None = None, password_hash: str | None = None, used: UsedCodes | None = None) -> None:
        """``key`` of 32 bytes: the one that is kept; without, one for this run. ``password_hash``: argon2's, of the staff password.

        ``used``: where it is kept which codes were used; without, for this run only.
        """
        self._config, self._key, self._password_hash = config, key or secrets.token_bytes(32), password_hash
        self._used = used or UsedCodes()
        self._hasher = argon2.PasswordHasher()
        self.attempts = Attempts()

    # --- codes and phones ------------------------------------------------------------------------------------------

    def new_code(self, screen: str = "", seconds: float | None = None) -> str:
        """A code that one phone can join with, for ``seconds`` (default: the settings' code_seconds). ``screen``: what shows it."""
        lasts = self._config.code_seconds if seconds is None else seconds
        return self._sign("code", f"{secrets.token_urlsafe(8)}~{screen}~{round(lasts)}")

    def join(self, code: str) -> tuple[str, str]:
        """Use a code up: a new phone's name, and the screen that showed the code or "". Waits for the database. Raises :class:`Refusal`."""
        value = self._open("code", code)
        if value is None:
            raise Refusal(403, "This is not a code of this fitting room. Scan the one that is shown there.", "no-code")
        (name, screen, lasts), made = value[0].split("~"), value[1]
        if abs(time.time() - made) > float(lasts):  # also ahead: the clock was set back
            raise Refusal(403, "This code has ended. Scan the one that is shown now.", "code-ended")
        if not self._used.take(name, made + float(lasts)):
            raise Refusal(403, "This code was used by another phone. Scan the one that is shown now.", "code-used")
        return secrets.token_urlsafe(8), screen

    def phone_cookie(self, phone: str, screen: str = "") -> str:
        """The Set-Cookie value that lets this phone come back."""
        return _cookie(PHONE, self._sign("phone", f"{phone}~{screen}"), self._config.visit_seconds, "Strict")

    def phone(self, request: Request) -> tuple[str, str] | None:
        """Name and screen ("" for none) of the phone that asks; None where it has not joined, or too long ago."""
        value = self._read(request, PHONE, "phone", self._config.visit_seconds)
        if value is None:
            return None
        name, _, screen = value.partition("~")
        return name, screen

    # --- staff and screens -----------------------------------------------------------------------------------------

    @property
    def has_password(self) -> bool:
        """Whether staff can sign in at all."""
        return self._password_hash is not None

    def sign_in(self, password: str) -> str:
        """The Set-Cookie value for who knows the password. Takes a while on purpose. Raises :class:`Refusal`."""
        if self._password_hash is None:
            raise _no_password()
        try:
            self._hasher.verify(self._password_hash, password)
        except argon2.exceptions.VerificationError:
            raise Refusal(403, "This is not the staff password.", "wrong-password") from None
        except argon2.exceptions.InvalidHashError:
            raise Refusal(500, "The kept password cannot be read. Set it again: python -m streamer password", "password") from None
        return _cookie(STAFF, self._sign("staff", self._epoch()), self._config.staff_seconds, "Lax")

    def sign_out(self) -> str:
        """The Set-Cookie value that ends it in this browser."""
        return _cookie(STAFF, "", 0, "Lax")

    def screen_cookie(self, screen: str) -> str:
        """The Set-Cookie value by which a screen is known from now on."""
        return _cookie(SCREEN, self._sign("screen", f"{self._epoch()}~{screen}"), SCREEN_SECONDS, "Lax")

    def screen(self, request: Request) -> str | None:
        """The name of the screen that asks, or None."""
        value = self._read(request, SCREEN, "screen", SCREEN_SECONDS)
        epoch, _, screen = (value or "").partition("~")
        return screen if screen and epoch == self._epoch() else None

    def is_staff(self, request: Request) -> bool:
        """Signed in; or, while no password is set, at this machine's own browser."""
        if self._password_hash is None:
            return self.is_here(request)
        return self._read(request, STAFF, "staff", self._config.staff_seconds) == self._epoch()

    # --- the check -------------------------------------------------------------------------------------------------

    def check(self, access: Access, request: Request) -> None:
        """Raises :class:`Refusal` where this request may not."""
        if access is Access.PUBLIC or self.is_staff(request):
            return
        if access is Access.METRICS and (self.is_here(request) or self._has_metrics_secret(request)):
            return
        if access in (Access.STAFF, Access.METRICS):
            raise Refusal(401, "Sign in with the staff password.", "staff") if self.has_password else _no_password()
        if self.screen(request) is not None:
            return
        if access is Access.SCREEN:
            raise Refusal(401, "Sign in with the staff password to set up this screen.", "staff") if self.has_password else _no_password()
        if self._config.door and not self.is_here(request) and self.phone(request) is None:
            raise Refusal(403, "Scan the code that is shown in the fitting room.", "no-code")

    def _has_metrics_secret(self, request: Request) -> bool:
        secret = self._config.metrics_secret
        told = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return bool(secret) and hmac.compare_digest(told.encode(), str(secret).encode())

    def is_here(self, request: Request) -> bool:
        """Whether the browser runs on this very machine, and no proxy stands between."""
        if not self._config.trust_localhost or any(name in request.headers for name in FORWARDED):
            return False
        address = parse_address(request.remote)
        try:
            host = urlsplit(f"//{request.headers.get('Host', '')}").hostname
        except ValueError:
            return False
        return address is not None and address.is_loopback and host in HERE  # another name may be a trick of a page from elsewhere

    def caller(self, request: Request) -> str:
        """Who is counted as one; behind a trusted proxy, whom it names."""
        if request.remote in self._config.trusted_proxies and (named := request.headers.get("X-Forwarded-For")):
            return caller_of(named.rsplit(",", 1)[-1].strip())
        return caller_of(request.remote)

    # --- signing ---------------------------------------------------------------------------------------------------

    def _signer(self, kind: str) -> TimestampSigner:
        return TimestampSigner(self._key, salt=f"fitting-room {kind}", digest_method=hashlib.sha256)

    def _sign(self, kind: str, value: str) -> str:
        return self._signer(kind).sign(value).decode()

    def _open(self, kind: str, token: str) -> tuple[str, float] | None:
        """The value and when it was signed, s since 1970; None where the signature is not ours."""
        try:
            value, made = self._signer(kind).unsign(token, return_timestamp=True)
        except (BadSignature, ValueError, OverflowError):
            return None
        return value.decode(), made.timestamp()

    def _read(self, request: Request, cookie: str, kind: str, seconds: float) -> str | None:
        found = self._open(kind, cookies(request.headers).get(cookie, ""))
        if found is None or time.time() - found[1] > seconds:  # one signed ahead of a clock that was set back stays good
            return None
        return found[0]

    def _epoch(self) -> str:
        """Changes with the password: who signed in with an old one has to again."""
        return hashlib.sha256((self._password_hash or "").encode()).hexdigest()[:12]


def cookies(headers: Mapping[str, str]) -> dict[str, str]:
    """The cookies of a request."""
    pairs = (pair.strip().partition("=") for pair in headers.get("Cookie", "").split(";"))
    return {name: value for name, _, value in pairs}


def _cookie(name: str, value: str, seconds: float, same_site: str) -> str:
    return f"{name}={value}; Path=/; Max-Age={round(seconds)}; Secure; HttpOnly; SameSite={same_site}"


def _no_password() -> Refusal:
    sentence = "Staff pages open on the server's own machine only, until a staff password is set there: python -m streamer password"
    return Refusal(403, sentence, "no-password")


def kept_key(folder: Path) -> bytes:
    """The signing key of this state folder; made where there is none. Raises :class:`UserError` where it cannot be kept."""
    path = folder / KEY_FILE
    try:
        if not path.exists():
            write_secret(path, secrets.token_bytes(32), replace=False)
        key = path.read_bytes()
    except OSError as error:
        raise UserError(f"The door's key cannot be kept in {path}: {error.strerror}. Choose another folder with --data.") from None
    if len(key) < 32:
        raise UserError(f"The door's key in {path} is damaged: delete the file, and phones join anew.")
    return key


def kept_password(folder: Path) -> str | None:
    """The hash of the staff password that was set for this state folder, or None. Raises :class:`UserError` where it cannot be read."""
    try:
        return (folder / PASSWORD_FILE).read_text(encoding="ascii").strip() or None
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"The staff password in {folder / PASSWORD_FILE} cannot be read: {error}. Set it again.") from None


def write_secret(path: Path, content: bytes, replace: bool = True) -> None:
    """Whole or not at all, readable by the owner only. Without ``replace`` one that is there stays: several servers may start at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            part.replace(path)
        else:
            with contextlib.suppress(FileExistsError):
                os.link(part, path)
    finally:
        part.unlink(missing_ok=True)
