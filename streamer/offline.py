"""What the commands without a camera share: the pipeline, the garment asked for, and the report of the times."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engines.errors import UserError
from engines.tryon.garment import Garment, load_garment_file
from engines.tryon.outfit import Outfit, outfit
from streamer.catalog import Catalog
from streamer.pipeline import Dressed, Pipeline, State, Wish
from streamer.timing import Spans, percentiles, summary

Call = Callable[[np.ndarray, Wish, State | None, Spans], Dressed]

ADVICE = {
    "nobody": "no person found in {0}: take a picture with the upper body in view.",
    "step-back": "the person in {0} is too close for this garment: take a picture from further away.",
    "turn": "the person in {0} is turned away from the camera: take a picture from the front.",
}
"""By the pipeline's status: what to say of a picture that could not be dressed."""


def load_pipeline() -> tuple[Call, str]:
    """The pipeline and the name of its runtime; says on stderr which was taken and why. Raises UserError."""
    pipeline = Pipeline.load()
    print(pipeline.reason, file=sys.stderr)
    return pipeline, pipeline.body.engine.runtime


def load_outfit(which: Sequence[str], data: Path) -> Outfit:
    """Several garments, see :func:`load_garment`, in the order in which they are worn.

    Raises:
        UserError: one of them cannot be worn, or two not at once.
    """
    return outfit(load_garment(each, data) for each in which)


def load_garment(which: str | None, data: Path) -> Garment:
    """A garment by file (PNG with its JSON beside it) or by its id in the catalogue; None: the catalogue's first.

    Raises:
        UserError: there is no such garment, or it cannot be worn.
    """
    if which is not None and (Path(which).suffix or "/" in which or "\\" in which or Path(which).is_file()):
        return load_garment_file(Path(which))
    catalog = Catalog(data / "catalog")
    try:
        if which is None:
            if not (entries := catalog.list()):
                raise UserError("the catalogue is empty: name a garment's PNG with --garment.")
            which = entries[0].id
        return catalog.garment(which)
    finally:
        catalog.close()


def report(frames: Sequence[Mapping[str, float]], walls: Sequence[float], runtime: str, **more: Any) -> dict[str, Any]:
    """The times of some frames: their ``Spans.ms``, and from frame in to frame out in ms."""
    return {**summary(frames), "total": percentiles(walls), "frames": len(frames), "runtime": runtime, "peak_mb": peak_mb(), **more}


def table(times: Mapping[str, Any]) -> str:
    """The report for people."""
    rows = [*times["stages"].items(), ("total", times["total"])]
    lines = [f"{'stage':<10}{'p50 ms':>10}{'p95 ms':>10}"]
    lines += [f"{name:<10}{row['p50_ms']:>10.2f}{row['p95_ms']:>10.2f}" for name, row in rows]
    memory = f", {times['peak_mb']:.0f} MB at most" if times["peak_mb"] else ""
    return "\n".join([*lines, f"{times['frames']} frames, {times['runtime']}{memory}"])


def peak_mb() -> float | None:
    """The most memory this process ever had, in MiB; None where the system does not say."""
    try:
        import resource  # not on Windows
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)
