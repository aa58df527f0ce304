"""Spans of a frame, percentiles over many."""

from __future__ import annotations

import pytest

from streamer.timing import Spans, percentiles, summary


def test_a_span_adds_to_its_stage_even_when_it_fails():
    spans = Spans()
    spans.add("wait", 2.0)
    spans.add("wait", 3.0)
    with pytest.raises(ValueError, match="no"), spans("body"):
        raise ValueError("no")
    assert spans.ms["wait"] == 5.0
    assert spans.ms["body"] >= 0


def test_percentiles_of_a_hundred_and_of_none():
    assert percentiles(range(101)) == {"p50_ms": 50.0, "p95_ms": 95.0}
    assert percentiles([]) == {"p50_ms": 0.0, "p95_ms": 0.0}


def test_a_summary_adds_up_each_frame_and_keeps_the_stages_order():
    result = summary([{"find": 1.0, "body": 3.0}, {"body": 5.0}, {"find": 3.0, "body": 4.0}])
    assert result["total"]["p50_ms"] == 5.0
    assert list(result["stages"]) == ["find", "body"]
    assert result["stages"]["find"]["p50_ms"] == 2.0
