"""A shopper asks what they are wearing: the next frame is looked at, as the camera saw it, and let go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from typing import Any

import numpy as np
from av import VideoFrame

from engines.errors import UserError

from .studio.workshop import BusyError, LostError
from .turn import Seat, target_size

log = logging.getLogger(__name__)

FRAME_SECONDS = 3.0
Look = Callable[[np.ndarray], Awaitable[dict[str, Any]]]
"""Says what somebody wears on a frame, uint8 (H,W,3) RGB: fields of the message."""


class Wearing:
    """``ask`` on the event loop; a second question while one is being answered is let go."""

    def __init__(self, seat: Seat, look: Look, files: Executor) -> None:
        self._seat, self._look, self._files = seat, look, files
        self._asked = False

    async def ask(self) -> dict[str, Any] | None:
        """The message with the answer, or with why there is none."""
        if self._asked:
            return None
        self._asked = True
        try:
            return {"type": "wearing", **await self._answer()}
        except UserError as error:
            why = str(error)
        except TimeoutError:
            why = "The camera sends no picture at the moment."
        except BusyError:
            why = "The fitting room is busy. Ask again in a moment."
        except LostError:
            log.warning("a frame made the studio's process stop", exc_info=True)
            why = "This cannot be answered at the moment."
        finally:
            self._asked = False
            self._seat.look = None
        return {"type": "wearing", "why": why}

    async def _answer(self) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        coming: asyncio.Future[VideoFrame] = loop.create_future()

        def came(frame: VideoFrame) -> None:
            if not coming.done():
                coming.set_result(frame)

        def take(frame: VideoFrame) -> None:  # in the worker's thread
            loop.call_soon_threadsafe(came, frame)

        self._seat.look = take
        async with asyncio.timeout(FRAME_SECONDS):
            frame = await coming
        return await self._look(await loop.run_in_executor(self._files, self._to_rgb, frame))

    def _to_rgb(self, frame: VideoFrame) -> np.ndarray:
        width, height = target_size(frame.width, frame.height, self._seat.pixels, None)
        return frame.reformat(width, height, "rgb24").to_ndarray()
