"""Coming in: a phone with its code, staff with their password."""

from __future__ import annotations

import asyncio
import math
from typing import Any

from .http import Refusal, Reply, Request, to_json
from .server import Server

LONGEST_PASSWORD = 1000  # letters: hashing takes time by length, too
CHECKING_AT_ONCE = 4  # passwords: each takes a tenth of a second and 64 MB
MOST_BYTES = 8 * 1024  # of these requests


async def joined(server: Server, request: Request) -> Reply:
    """Whether this phone is in."""
    phone = server.door.phone(request)
    is_in = phone is not None or not server.config.door or server.door.is_here(request)
    return to_json({"joined": is_in, "camera": _camera(server, phone[1], phone[0]) if phone else "phone"})


async def join(server: Server, request: Request) -> Reply:
    """Use up a code: {"code": ...}. The phone gets a cookie it can come back with."""
    caller = server.door.caller(request)
    _not_too_soon(server, caller)
    code = _field(await request.json(MOST_BYTES), "code", MOST_BYTES)
    try:
        phone, screen = await server.in_files(server.door.join, code)
    except Refusal as refusal:
        if refusal.reason == "no-code":  # a code that ended was a real one: nobody was guessing
            server.door.attempts.failed(caller)
        return to_json({"joined": False, "reason": refusal.reason, "message": refusal.sentence}, refusal.status)
    if (before := server.door.phone(request)) is not None:
        phone = before[0]  # a phone that comes again stays the one it was
    await server.code_used(phone, screen)
    reply = to_json({"joined": True, "camera": _camera(server, screen, phone)})
    reply.cookies.append(server.door.phone_cookie(phone, screen))
    return reply


async def sign_in(server: Server, request: Request) -> Reply:
    """Check the staff password: {"password": ...}."""
    caller = server.door.caller(request)
    _not_too_soon(server, caller)
    password = _field(await request.json(MOST_BYTES), "password", LONGEST_PASSWORD)
    if server.checking_passwords >= CHECKING_AT_ONCE:
        raise Refusal(429, "Too many are signing in at once. Try again in a moment.", "wait", {"Retry-After": "2"})
    server.checking_passwords += 1
    server.door.attempts.failed(caller)  # until it is known better: several tries at once count, too
    try:
        cookie = await asyncio.to_thread(server.door.sign_in, password)
    finally:
        server.checking_passwords -= 1
    server.door.attempts.succeeded(caller)
    reply = to_json({"signed_in": True})
    reply.cookies.append(cookie)
    return reply


async def sign_out(server: Server, request: Request) -> Reply:
    """Forget the sign-in in this browser."""
    reply = to_json({"signed_in": False})
    reply.cookies.append(server.door.sign_out())
    return reply


def _camera(server: Server, screen: str, phone: str) -> str:
    """Whose camera the shopper stands before: the "screen"'s own, with the phone as remote control, or the "phone"'s."""
    shown = server.screens.get(screen, (None,))[0]
    return "screen" if shown is not None and shown.own_camera and shown.phone == phone else "phone"


def _not_too_soon(server: Server, caller: str) -> None:
    if (wait := math.ceil(server.door.attempts.wait(caller))) > 0:
        sentence = f"Too many wrong attempts. Try again in {wait} second{'s' if wait > 1 else ''}."
        raise Refusal(429, sentence, "wait", {"Retry-After": str(wait)})


def _field(body: Any, name: str, longest: int) -> str:
    value = body.get(name) if isinstance(body, dict) else None
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise Refusal(400, f"The body of this request is a JSON object with the text {name!r}.")
    return value
