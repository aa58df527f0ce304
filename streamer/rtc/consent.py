"""A peer that no longer answers is noticed in under 5 s; aioice's constants (6 checks, one every 5 s) make that half a minute.

Four checks must fail, each of 0.5 s, one every 0.7 s: at 5% loss each way a living peer is taken for dead once in half a day.
"""

from __future__ import annotations

from aioice import ice

INTERVAL = 0.7  # seconds between checks
FAILURES = 4


def notice_lost_peers_soon() -> None:
    """For every connection of this process, from now on."""
    ice.CONSENT_INTERVAL, ice.CONSENT_FAILURES = INTERVAL, FAILURES  # type: ignore[assignment]  # it is a number of seconds
