"""Where the milliseconds of a frame go: spans of one frame, percentiles over many."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from types import TracebackType

import numpy as np


class Spans:
    """One frame's stage times. ``with spans("body"): ...`` adds to ``spans.ms["body"]``."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}

    def __call__(self, stage: str) -> _Span:
        return _Span(self, stage)

    def add(self, stage: str, ms: float) -> None:
        """Add milliseconds measured elsewhere to a stage."""
        self.ms[stage] = self.ms.get(stage, 0.0) + ms


class _Span:
    """One entered stage; an exception inside still counts the time."""

    def __init__(self, spans: Spans, stage: str) -> None:
        self._spans, self._stage = spans, stage

    def __enter__(self) -> None:
        self._start = time.perf_counter()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._spans.add(self._stage, (time.perf_counter() - self._start) * 1000)


def percentiles(values: Iterable[float]) -> dict[str, float]:
    """``{"p50_ms": .., "p95_ms": ..}`` of some milliseconds, rounded to 0.01; zeros where there are none."""
    array = np.fromiter(values, np.float64)
    p50, p95 = np.percentile(array, (50, 95)) if array.size else (0.0, 0.0)
    return {"p50_ms": round(float(p50), 2), "p95_ms": round(float(p95), 2)}


def summary(frames: Iterable[Mapping[str, float]]) -> dict[str, dict]:
    """Of every frame's ``Spans.ms``: ``{"total": {p50, p95}, "stages": {name: {p50, p95}}}``.

    The total of a frame is the sum of its stages. A stage that some frames skip is summed up over those that have it.
    """
    frames = list(frames)
    stages = dict.fromkeys(name for ms in frames for name in ms)
    return {
        "total": percentiles(sum(ms.values()) for ms in frames),
        "stages": {name: percentiles(ms[name] for ms in frames if name in ms) for name in stages},
    }
