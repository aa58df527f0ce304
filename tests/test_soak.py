"""Sessions leave nothing behind. The full count: ``python -m tests.soak``."""

from __future__ import annotations

from tests.soak import left_behind, soak


async def test_sessions_that_end_in_every_way_leave_nothing_behind():
    before, after = await soak(8, warm_up=8, say=lambda line: None)
    assert left_behind(before, after) == []
