"""The fixes here reach into aiortc's private parts, so they are for one version of it only."""

from __future__ import annotations

import aiortc

from engines.errors import UserError

SUPPORTED = "1.16"


def check_version(installed: str = aiortc.__version__) -> None:
    """Raise :class:`UserError` where the installed aiortc is not the one the fixes are for."""
    if installed != SUPPORTED and not installed.startswith(f"{SUPPORTED}."):
        raise UserError(
            f"aiortc {installed} is installed, but streamer/rtc mends aiortc {SUPPORTED}: run `pip install 'aiortc=={SUPPORTED}.*'`."
        )
