"""What cloth looks like close up: plain dyes, stripes, checks, denim, dots. Functions of cloth coordinates in cm."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engines.garment.drawing.colour import Light, mix, rgb
from engines.garment.drawing.folds import Field, waves

Print = Callable[[Field, Field], Light]
SOFT = 0.035
"""Half the width of a print's edge in cm: dye bleeds a little."""


def grain(u: Field, amount: float, seed: int = 1) -> Field:
    """Unevenness from thread to thread: a factor about 1."""
    noise = np.random.default_rng(seed).normal(0, amount, u.shape).astype(np.float32)
    return 1 + noise


def plain(colour: str, uneven: float = 0.02) -> Print:
    """One dye."""
    return lambda u, v: rgb(colour) * grain(u, uneven)[..., None]


def melange(colour: str, other: str, seed: int = 3) -> Print:
    """Yarn spun from two colours, as sweatshirts are."""

    def paint(u: Field, v: Field) -> Light:
        rng = np.random.default_rng(seed)
        threads = waves(rng, u, v, 0.16, 5, 90) * 0.5 + waves(rng, u, v, 0.10, 4, 85) * 0.5
        return mix(rgb(colour), rgb(other), np.clip(0.35 + 0.4 * threads, 0, 1)) * grain(u, 0.03)[..., None]

    return paint


def inside(at: Field, period: float, width: float) -> Field:
    """1 within ``width`` of every multiple of ``period`` (centred), else 0, with soft edges."""
    distance = np.abs((at / period + 0.5) % 1 - 0.5) * period
    return np.asarray(np.clip((width / 2 - distance) / SOFT + 0.5, 0, 1), np.float32)


def stripes(base: str, stripe: str, period: float, width: float, start: float = -1e6, end: float = 1e6) -> Print:
    """Stripes across the grain, between two heights."""

    def paint(u: Field, v: Field) -> Light:
        amount = inside(v, period, width) * (v > start) * (v < end)
        return mix(rgb(base), rgb(stripe), amount.astype(np.float32)) * grain(u, 0.02)[..., None]

    return paint


def gingham(base: str, line: str, period: float, overcheck: str | None = None) -> Print:
    """A woven check: half-tone where one set of threads is dyed, full where both are."""

    def paint(u: Field, v: Field) -> Light:
        a, b = inside(u, period, period / 2), inside(v, period, period / 2)
        twill = 0.5 + 0.5 * np.sign(np.sin((u + v) * 2 * np.pi / 0.22))
        both = a * b + (1 - a) * b * (0.35 + 0.2 * twill) + a * (1 - b) * (0.35 + 0.2 * (1 - twill))
        painted = mix(rgb(base), rgb(line), both.astype(np.float32))
        if overcheck:
            thin = np.maximum(inside(u + period / 4, period * 4, 0.12), inside(v + period / 4, period * 4, 0.12))
            painted = mix(painted, rgb(overcheck), 0.8 * thin)
        return painted * grain(u, 0.02)[..., None]

    return paint


def denim(dark: str, light: str, fade: Callable[[Field, Field], Field] | None = None, seed: int = 5) -> Print:
    """Indigo twill: diagonal lines, slubs, and where it was washed out (``fade`` of u, v in 0..1)."""

    def paint(u: Field, v: Field) -> Light:
        rng = np.random.default_rng(seed)
        twill = 0.5 + 0.5 * np.sin((u * 0.8 + v) * 2 * np.pi / 0.24)
        slub = waves(rng, u, v, 0.12, 14, 90)
        worn = 0.18 + 0.10 * waves(rng, u, v, 5, 1.6, 90) + 0.12 * slub + 0.16 * twill
        if fade:
            worn = worn + fade(u, v)
        return mix(rgb(dark), rgb(light), np.clip(worn, 0, 1).astype(np.float32)) * grain(u, 0.03)[..., None]

    return paint


def dots(base: str, dot: str, period: float, radius: float) -> Print:
    """Dots in a quincunx."""

    def paint(u: Field, v: Field) -> Light:
        amount = np.zeros_like(u)
        for shift in (0.0, 0.5):
            x, y = ((at / period + shift + 0.5) % 1 - 0.5 for at in (u, v))
            amount = np.maximum(amount, np.clip((radius - np.hypot(x, y) * period) / SOFT + 0.5, 0, 1))
        return mix(rgb(base), rgb(dot), amount) * grain(u, 0.02)[..., None]

    return paint
