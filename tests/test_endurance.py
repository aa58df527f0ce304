"""What the long benchmarks make of their samples; and, slow, five minutes of a day and a dozen kills."""

from __future__ import annotations

from collections import Counter

import pytest

from tests import endurance, kills, overload
from tests.browser import NO_CHROMIUM, find_chromium
from tests.crowd import ClipCamera, Seen, clip
from tests.endurance import Log, judge, more, parts


def test_the_first_sixth_is_compared_with_the_last():
    assert parts([(at, float(at)) for at in range(60)], 0, 60) == (4.5, 54.5)


def test_what_has_changed_is_named():
    before = {"threads": Counter(python=9), "descriptors": Counter(socket=4, pipe=2)}
    after = {"threads": Counter(python=9 + endurance.LAZY + 1), "descriptors": Counter(socket=5, pipe=2)}
    assert more(before, before) == []
    assert more(before, {**before, "threads": Counter(python=9 + endurance.LAZY)}) == []
    samples = [(at, 100.0 + at / 4) for at in range(60)]
    figures, wrong = judge(Log(memory=samples, delays=samples, wrong=["a shopper saw nothing"]), 0, 60, before, after)
    assert figures["wrong"] == wrong
    assert len(wrong) == 5
    assert judge(Log(memory=[(at, 1.0) for at in range(60)], delays=[(at, 1.0) for at in range(60)]), 0, 60, before, before)[1] == []


def test_a_shoppers_figures():
    seen = [Seen(at / 20, 0.1 + (at >= 200) * 0.2, (320, 240) if at > 100 else (640, 480)) for at in range(300)]
    got = overload.figures(seen, 0, 15)
    assert got.fps == 20
    assert got.growth_ms == pytest.approx(200)
    assert got.sizes == ["640x480", "320x240"]
    result = {"admitted": [vars(got)], "told_places": [1], "order": [0, 1]}
    assert len(overload.judge(result, 1)) == 1  # the delay grew
    assert overload.judge({"admitted": [vars(overload.figures([], 0, 15))], "told_places": [2], "order": [1, 0]}, 1) != []


async def test_a_clip_is_sent_in_time_and_turns_at_a_key_frame():
    camera = ClipCamera((160, 120))
    first = await camera.recv()
    assert first.is_keyframe
    camera.turn((120, 160))
    others = [await camera.recv() for _ in range(3)]
    assert not any(packet.is_keyframe for packet in others)
    assert [packet.pts for packet in (first, *others)] == [0, 3000, 6000, 9000]
    assert bytes(others[0]) == clip(160, 120)[1][0]
    assert set(camera.sent) == {0, 1, 2, 3}


@pytest.mark.slow
def test_five_minutes_of_a_day_leave_the_server_as_it_was(tmp_path):
    assert endurance.run(5, 2, tmp_path)[1] == []


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.skipif(find_chromium() is None, reason=NO_CHROMIUM)
def test_kills_leave_garments_whole_and_phones_as_they_were(tmp_path):
    assert kills.run(12, 1, 5, tmp_path)["wrong"] == []
