"""A shopper's WebSocket, from hello to goodbye: it stays open as long as the session does."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from .http import Request, Socket
from .messages import BadMessageError
from .server import Server
from .session import Session

log = logging.getLogger(__name__)

PROTOCOL_VERSION = 1


async def session(server: Server, request: Request, socket: Socket) -> None:
    """Seat the shopper, or say why not; return when the session has ended."""
    if len(server.sessions) >= server.config.max_sessions:
        await refuse(socket, "full", "All fitting rooms are taken at the moment. Please try again in a little while.")
        return

    async def send(message: dict[str, Any]) -> None:
        await socket.send(message)

    def lost(why: str) -> None:
        log.info("session ended: %s", why)
        conversation.cancel()

    session = Session(server.config, server.worker, server.catalog, server.pools, send, lost)
    server.sessions[session] = socket
    conversation = asyncio.ensure_future(_converse(server, socket, session))
    try:
        await asyncio.wait({conversation})
    finally:
        conversation.cancel()
        await asyncio.gather(conversation, return_exceptions=True)
        await session.close()
        del server.sessions[session]


async def _converse(server: Server, socket: Socket, session: Session) -> None:
    """Until goodbye, silence, or a message that makes no sense."""
    await socket.send(
        {
            "type": "hello",
            "version": PROTOCOL_VERSION,
            "garments": await server.garments(),
            "iceServers": [each.to_json() for each in server.config.ice_servers],
        }
    )
    try:
        while (message := await socket.receive()) is not None:
            if not await session.handle(message):
                return
    except BadMessageError as error:
        await refuse(socket, error.reason, str(error))
    except TimeoutError:
        log.info("session ended: nothing heard for %.0f s", server.config.silence_seconds)


async def refuse(socket: Socket, reason: str, sentence: str) -> None:
    """Say why and close."""
    await socket.send({"type": "refused", "reason": reason, "message": sentence})
    await socket.close()
