"""Capture times: what a sender report says, carried over to other frames."""

from __future__ import annotations

import pytest

from streamer.rtc.capture import NTP_TO_UNIX, WRAP, CaptureClock

AT = 1_700_000_000  # seconds since 1970
NTP = (AT + NTP_TO_UNIX) * WRAP + WRAP // 2  # half a second later


def test_nothing_is_known_before_a_report():
    assert CaptureClock().at(5) is None


@pytest.mark.parametrize(("later", "ms"), [(0, 500), (90 * 40, 540), (-90 * 250, 250)])
@pytest.mark.parametrize("rtp", [1_000_000, 100, WRAP - 100])  # with and without a wrap between
def test_a_frame_before_or_after_the_report_has_its_time(rtp, later, ms):
    clock = CaptureClock()
    clock.report(NTP, rtp)
    for timestamp in (rtp + later, (rtp + later) % WRAP):  # aiortc goes on counting where 32 bits end
        assert clock.at(timestamp) == pytest.approx(AT * 1000 + ms)


def test_the_newest_report_counts():
    clock = CaptureClock()
    clock.report(NTP, 0)
    clock.report(NTP + WRAP, 90_000 - 90 * 3)  # the sender's clock was 3 ms slow
    assert clock.at(90_000) == pytest.approx(AT * 1000 + 1503)
