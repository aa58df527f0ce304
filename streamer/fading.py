"""A garment that cannot be put on as the shopper stands fades out over a few frames, and in again: no smear, no jump."""

from __future__ import annotations

from typing import Literal

from engines.body import Reading
from engines.crop import Crop
from engines.tryon.doubt import turned_away
from engines.tryon.fit import Fit, fit, under
from engines.tryon.garment import Garment
from engines.tryon.outfit import Outfit

_OUT, _IN = 1 / 5, 1 / 4  # of the garment, a frame
Worn = tuple[tuple[Garment, Fit], ...]
Doubt = Literal["step-back", "turn"]


def step(fade: float | None, sure: bool) -> float:
    """How much of the garment is shown on the next frame, 0..1; None before: it is there at once, or not at all."""
    if fade is None:
        return float(sure)
    return min(fade + _IN, 1.0) if sure else max(round(fade - _OUT, 3), 0.0)


def put_on(garments: Outfit, reading: Reading, crop: Crop, before: Worn) -> tuple[Worn, Doubt | None]:
    """Fit every piece, from the inside out, and why it should not be shown, if so: then as it was fitted the last time, if it was."""
    known = {id(garment): fitted for garment, fitted in before}
    worn: list[tuple[Garment, Fit]] = []
    for garment in garments:
        made = fit(garment, reading, crop, known.get(id(garment)), worn[0][1] if worn else None)
        if made is None:
            return _as_before(garments, before), "step-back"
        worn.append((garment, made))
    if turned_away(worn[0][1], reading):
        return _as_before(garments, before) or tuple(worn), "turn"
    if worn[-1][0].category == "outwear":
        worn[:-1] = [(garment, under(fitted, worn[-1][1])) for garment, fitted in worn[:-1]]
    return tuple(worn), None


def _as_before(garments: Outfit, before: Worn) -> Worn:
    """What was worn before, if it is the same."""
    return before if [garment for garment, _ in before] == list(garments) else ()
