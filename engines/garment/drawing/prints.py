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


def plain(colour: str, uneven: float = 0.012) -> Print:
    """One dye."""
    return lambda u, v: rgb(colour) * grain(u, uneven)[..., None]


def melange(colour: str, other: str, seed: int = 3) -> Print:
    """Yarn spun from two colours, as sweatshirts are."""

    def paint(u: Field, v: Field) -> Light:
        rng = np.random.default_rng(seed)
        threads = waves(rng, u, v, 0.17, 3, 90) * 0.6 + waves(rng, u, v, 0.5, 3, 0) * 0.3
        return mix(rgb(colour), rgb(other), np.clip(0.35 + 0.4 * threads, 0, 1)) * grain(u, 0.01)[..., None]

    return paint


def inside(at: Field, period: float, width: float) -> Field:
    """1 within ``width`` of every multiple of ``period`` (centred), else 0, with soft edges."""
    distance = np.abs((at / period + 0.5) % 1 - 0.5) * period
    return np.asarray(np.clip((width / 2 - distance) / SOFT + 0.5, 0, 1), np.float32)


def stripes(base: str, stripe: str, period: float, width: float, start: float = -1e6, end: float = 1e6) -> Print:
    """Stripes across the grain, between two heights."""

    def paint(u: Field, v: Field) -> Light:
        amount = inside(v, period, width) * (v > start) * (v < end)
        return mix(rgb(base), rgb(stripe), amount.astype(np.float32)) * grain(u, 0.010)[..., None]

    return paint


def gingham(base: str, line: str, period: float, overcheck: str | None = None) -> Print:
    """A woven check: half-tone where one set of threads is dyed, full where both are."""

    def paint(u: Field, v: Field) -> Light:
        a, b = inside(u, period, period / 2), inside(v, period, period / 2)
        twill = 0.5 + 0.5 * np.sign(np.sin((u + v) * 2 * np.pi / 0.22))
        both = a * b + (1 - a) * b * (0.35 + 0.2 * twill) + a * (1 - b) * (0.35 + 0.2 * (1 - twill))
        painted = mix(rgb(base), rgb(line), np.asarray(both, np.float32))
        if overcheck:
            thin = np.maximum(inside(u + period / 4, period * 4, 0.12), inside(v + period / 4, period * 4, 0.12))
            painted = mix(painted, rgb(overcheck), 0.8 * thin)
        return painted * grain(u, 0.010)[..., None]

    return paint


def denim(dark: str, light: str, fade: Callable[[Field, Field], Field] | None = None, seed: int = 5) -> Print:
    """Indigo twill: diagonal lines, slubs, and where it was washed out (``fade`` of u, v in 0..1)."""

    def paint(u: Field, v: Field) -> Light:
        rng = np.random.default_rng(seed)
        twill = 0.5 + 0.5 * np.sin((u * 0.8 + v) * 2 * np.pi / 0.24)
        slub = waves(rng, u, v, 0.11, 9, 90)
        worn = 0.18 + 0.10 * waves(rng, u, v, 5, 1.6, 90) + 0.06 * slub + 0.13 * twill
        if fade:
            worn = worn + fade(u, v)
        return mix(rgb(dark), rgb(light), np.clip(worn, 0, 1).astype(np.float32)) * grain(u, 0.015)[..., None]

    return paint


def dots(base: str, dot: str, period: float, radius: float) -> Print:
    """Dots in a quincunx."""

    def paint(u: Field, v: Field) -> Light:
        amount = np.zeros_like(u)
        for shift in (0.0, 0.5):
            x, y = ((at / period + shift + 0.5) % 1 - 0.5 for at in (u, v))
            amount = np.maximum(amount, np.clip((radius - np.hypot(x, y) * period) / SOFT + 0.5, 0, 1))
        return mix(rgb(base), rgb(dot), amount) * grain(u, 0.010)[..., None]

    return paint


def flowers(base: str, petals: tuple[str, ...], heart: str, leaf: str, spacing: float, size: float, seed: int = 7) -> Print:
    """Small five-petalled flowers with leaves, strewn without touching."""

    def paint(u: Field, v: Field) -> Light:
        rng = np.random.default_rng(seed)
        painted = np.array(np.broadcast_to(rgb(base), (*u.shape, 3)), np.float32)
        step = float(v[1, 0] - v[0, 0]) or 1.0
        sag = int(np.ptp(v[0]) / step)
        for row in range(int(v.min() / spacing) - 1, int(v.max() / spacing) + 2):
            for column in range(int(u.min() / spacing) - 1, int(u.max() / spacing) + 2):
                x = (column + 0.5 * (row % 2)) * spacing + rng.uniform(-0.22, 0.22) * spacing
                y = row * spacing + rng.uniform(-0.22, 0.22) * spacing
                radius, turn = size * rng.uniform(0.6, 1.15), rng.uniform(0, 6.28)
                colour = petals[int(rng.integers(len(petals)))]
                reach = int(radius * 1.9 / step) + 2
                i, j = int((y - v[0].min()) / step), int((x - u[0, 0]) / step)
                area = np.s_[max(i - reach - sag, 0) : max(i + reach, 0), max(j - reach, 0) : max(j + reach, 0)]
                if u[area].size:
                    _flower(painted[area], u[area] - x, v[area] - y, radius, turn, (rgb(colour), rgb(heart), rgb(leaf)))
        return painted * grain(u, 0.010)[..., None]

    return paint


def _flower(painted: Light, x: Field, y: Field, radius: float, turn: float, colours: tuple[Light, Light, Light]) -> None:
    """One flower painted in place; x and y are distances from its heart."""
    away, angle = np.hypot(x, y), np.arctan2(y, x) + turn

    def cover(field: Field, colour: Light) -> None:
        painted[...] = mix(painted, colour, np.clip(field / SOFT + 0.5, 0, 1))

    for side in (0.9, -1.6):
        lx, ly = x * np.cos(side + turn) + y * np.sin(side + turn), y * np.cos(side + turn) - x * np.sin(side + turn)
        cover(0.28 * radius * (1 - ((lx - radius * 1.2) / (radius * 0.62)) ** 2) - np.abs(ly), colours[2])
    outline = radius * (0.68 + 0.32 * np.abs(np.cos(2.5 * angle)) ** 0.8)
    cover(outline - away, colours[0])
    vein = (np.abs(np.sin(2.5 * angle)) < 0.10) & (away > 0.3 * radius) & (away < 0.75 * radius)
    painted[...] = mix(painted, colours[0] * 0.6, 0.5 * vein.astype(np.float32))
    cover(0.27 * radius - away, colours[1])
