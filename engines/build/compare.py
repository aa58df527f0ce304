"""An engine, or a network on another runtime, beside the reference on the same pictures: how far off, and how fast. Arithmetic only."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Outputs = Mapping[str, np.ndarray]
Run = Callable[..., Outputs]

LIMITS = {"fp32": 0.005, "fp16": 0.01, "int8": 0.05}
"""Largest share of a tensor's mean that its mean difference may be. On real crops a processor's float16 was off by 0.0009 at most."""
BATCHES = (1, 4, 8)
_RUNS = 30


def differences(wanted: Outputs, got: Outputs) -> dict[str, dict[str, float]]:
    """For every output: the largest difference, the mean one, and the mean one as a share of the mean absolute value."""
    figures = {}
    for name, reference in wanted.items():
        off = np.abs(np.asarray(got[name], np.float64) - reference)
        if not np.isfinite(off).all():
            off = np.where(np.isfinite(off), off, np.inf)
        mean = float(off.mean())
        figures[name] = {"max": float(off.max()), "mean": mean, "share": mean / max(float(np.abs(reference).mean()), 1e-12)}
    return figures


def faults(figures: dict[str, dict[str, float]], precision: str) -> list[str]:
    """The outputs that are further off than :data:`LIMITS` allow, each with its figures."""
    limit = LIMITS[precision]
    return [
        f"'{name}' is off by {100 * f['share']:.2f} % of its mean (at most {100 * limit:.1f} %), {f['max']:.4g} at most"
        for name, f in figures.items()
        if not f["share"] <= limit
    ]


def one_by_one(run: Run, inputs: Outputs) -> dict[str, np.ndarray]:
    """Run each sample alone, as the fitting room does, and stack the outputs."""
    count = len(next(iter(inputs.values())))
    parts = [run(**{name: array[i : i + 1] for name, array in inputs.items()}) for i in range(count)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def in_batches(run: Run, inputs: Outputs, size: int) -> dict[str, np.ndarray]:
    """Run the samples ``size`` at a time, the first ones again where the last batch is not full."""
    count = len(next(iter(inputs.values())))
    parts = []
    for start in range(0, count, size):
        chosen = np.arange(start, start + size) % count
        outputs = run(**{name: array[chosen] for name, array in inputs.items()})
        parts.append({name: array[: min(size, count - start)] for name, array in outputs.items()})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def p50_ms(run: Run, inputs: Outputs, batch: int = 1, runs: int = _RUNS) -> float:
    """Median ms of one call with ``batch`` samples, after three that do not count."""
    chosen = {name: array[np.arange(batch) % len(array)] for name, array in inputs.items()}
    taken = []
    for _ in range(3 + runs):
        start = time.perf_counter()
        run(**chosen)
        taken.append((time.perf_counter() - start) * 1000)
    return float(np.median(taken[3:]))


def best_batch(ms: Mapping[str, Any]) -> int:
    """The largest measured batch that takes a tenth less a picture than the next smaller one that pays; 1 where none does.

    ``ms``: p50 by batch, its keys as JSON has them.
    """
    best, each = 1, float(ms.get("1", 0.0))
    for batch in sorted(int(key) for key in ms):
        if batch > 1 and float(ms[str(batch)]) / batch < 0.9 * each:
            best, each = batch, float(ms[str(batch)]) / batch
    return best
