"""The addresses of the big screen and of the phone that is its remote control."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import Mapping
from typing import Any, cast

from . import pages
from .address import page_url
from .http import Refusal, Reply, Request, Socket
from .limits import Rate
from .messages import BadMessageError, Bye, Candidate, ChooseGarment, Offer, Ping, parse_control, parse_signal
from .screens import Screen, page_version
from .server import Server

TICK = 1.0  # seconds


async def page(server: Server, request: Request) -> Reply:
    """The screen's page. A screen that staff open it on is known from then on."""
    if not server.config.screens:
        raise Refusal(404, "A screen belongs to a server in its shop: python -m streamer serve. This is a cluster.", "no-screens")
    reply = await pages.page("mirror.html")(server, request)
    if server.door.screen(request) is None:
        reply.cookies.append(server.door.screen_cookie(secrets.token_urlsafe(6)))
    return reply


async def screen(server: Server, request: Request, socket: Socket) -> None:
    """What a screen shows, from now until it goes away."""
    name = server.door.screen(request)
    if name is None:
        raise Refusal(401, "Open /mirror on this screen to set it up.", "staff")
    if (before := server.screens.get(name)) is not None:
        await before[1].close(4001, "this screen was opened once more")
    shown = Screen(name, server, socket.send, _phones_url(server, request), server.reachable(request))
    server.screens[name] = (shown, socket)
    ticking = asyncio.ensure_future(_tick(shown))
    try:
        version = await server.in_files(page_version, server.config.web)
        servers = [each.to_json() for each in server.config.ice_servers]
        await socket.send({"type": "hello", "version": version, "garments": await server.garments(), "iceServers": servers})
        await _listen(server, shown, socket)
    except BadMessageError as error:
        raise Refusal(400, str(error), error.reason) from error
    except TimeoutError:
        pass
    finally:
        ticking.cancel()
        if server.screens.get(name, (None,))[0] is shown:
            del server.screens[name]
        await shown.close()


async def _tick(shown: Screen) -> None:
    while True:
        await asyncio.sleep(TICK)
        await shown.tick()


async def _listen(server: Server, shown: Screen, socket: Socket) -> None:
    rate = Rate(server.config.messages_per_second, 5 * server.config.messages_per_second)
    while (message := await socket.receive()) is not None:
        if not rate.spend():
            raise BadMessageError("Messages came faster than they are taken here.", "too-fast")
        if (here := _here(message, server.config.message_bytes)) is not None:
            shown.own_camera = here["camera"] == "screen"
            phone = here["phone"]
            await (shown.join(phone) if phone and phone != shown.phone else shown.tick())
            continue
        match parse_signal(cast(str, message), server.config.message_bytes):  # what is not text is refused there
            case Offer() as offer:
                await shown.answer(offer)
            case Candidate() as candidate:
                await shown.add(candidate)
            case Ping(t):
                await socket.send({"type": "pong", "t": t})
            case Bye():
                return


def _here(message: Any, longest: int) -> Mapping[str, str] | None:
    """{"type": "here", "camera": "phone" | "screen", "phone": NAME | ""}: how the screen is set up, and whom it shows; None for others."""
    if not isinstance(message, str) or len(message) > longest:
        return None
    with contextlib.suppress(ValueError, RecursionError):
        found = json.loads(message)
        if isinstance(found, dict) and found.get("type") == "here":
            camera, phone = found.get("camera"), found.get("phone")
            if camera in ("phone", "screen") and isinstance(phone, str) and len(phone) <= 40:
                return {"camera": camera, "phone": phone}
            raise BadMessageError("A screen says which camera it uses and whom it shows.")
    return None


async def remote(server: Server, request: Request, socket: Socket) -> None:
    """A phone that chooses what the shopper before the screen's own camera wears."""
    phone = server.door.phone(request)
    shown = server.screens.get(phone[1], (None,))[0] if phone else None
    if phone is None or shown is None or shown.phone != phone[0]:
        raise Refusal(403, "The screen shows somebody else now. Scan its code to use it.", "code-ended")
    shown.remotes.add(socket)
    rate = Rate(server.config.messages_per_second, 5 * server.config.messages_per_second)
    try:
        await socket.send({"type": "hello", "garments": await server.garments(), "garment": shown.garment})
        while (message := await socket.receive()) is not None:
            if not rate.spend():
                raise BadMessageError("Messages came faster than they are taken here.", "too-fast")
            if isinstance(message, str) and '"ping"' in message and isinstance(ping := parse_signal(message, 200), Ping):
                await socket.send({"type": "pong", "t": ping.t})
                continue
            match parse_control(message if isinstance(message, str) else "", server.config.message_bytes):
                case ChooseGarment(id) if shown.phone == phone[0]:
                    shown.garment = id
                    await server.screens[shown.name][1].send({"type": "wear", "garment": id})
    except BadMessageError as error:
        raise Refusal(400, str(error), error.reason) from error
    except TimeoutError:
        pass
    finally:
        shown.remotes.discard(socket)


def _phones_url(server: Server, request: Request) -> str:
    """The page's address for phones: the screen's own, unless that is one that only this machine has."""
    if server.config.public_url or server.door.is_here(request):
        return page_url(server.config, _port(request))
    host = request.headers.get("Host", "")
    return f"{'https' if request.secure or request.headers.get('X-Forwarded-Proto') == 'https' else 'http'}://{host}/"


def _port(request: Request) -> int:
    with contextlib.suppress(ValueError):
        return int(request.headers.get("Host", "").rsplit(":", 1)[1])
    return 443 if request.secure else 80
