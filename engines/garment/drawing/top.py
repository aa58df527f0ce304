"""The cut of tops: bodice, set-in sleeves, neckline; and the landmarks that follow from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engines.garment.drawing.canvas import Canvas
from engines.garment.drawing.colour import Light
from engines.garment.drawing.folds import Fold, creases, drape, fan, waves
from engines.garment.drawing.geometry import (
    XY,
    Path,
    bezier,
    closed_by_mirror,
    curve,
    flip,
    join,
    line,
    mirror,
    offset,
    part,
    resample,
)
from engines.garment.drawing.panel import Cloth, Panel


@dataclass(frozen=True)
class Cut:
    """Half widths and heights in cm from the neck point, for the viewer's right half."""

    neck: float = 9.0
    front: float = 9.0
    """Depth of the front neckline below the neck point."""
    back: float = 2.0
    shoulder: XY = (22.5, 4.6)
    armpit: XY = (25.0, 25.0)
    waist: XY = (23.8, 44.0)
    hem: XY = (24.8, 70.0)
    hem_sag: float = 1.0
    below: tuple[XY, ...] = ()
    """Points of the side between waist and hem, as of a dress."""
    sleeve: float = 21.0
    angle: float = 48.0
    """Degrees between the sleeve and straight down."""
    cuff: float = 15.0
    elbow: float = 0.0
    """How far the outer edge of a long sleeve bulges at the elbow."""

    @cached_property
    def cuff_out(self) -> XY:
        return self._along(self.shoulder, self.sleeve)

    @cached_property
    def cuff_in(self) -> XY:
        a = math.radians(self.angle)
        return self.cuff_out[0] - self.cuff * math.cos(a), self.cuff_out[1] + self.cuff * math.sin(a)

    def _along(self, start: XY, length: float) -> XY:
        a = math.radians(self.angle)
        return start[0] + length * math.sin(a), start[1] + length * math.cos(a)

    @cached_property
    def neckline(self) -> Path:
        """From the centre front to the neck point."""
        n, f = self.neck, self.front
        return bezier((0, f), (n * 0.60, f), (n * 0.97, f * 0.52), (n, 0))

    @cached_property
    def back_neckline(self) -> Path:
        return bezier((0, self.back), (self.neck * 0.6, self.back), (self.neck * 0.9, self.back * 0.6), (self.neck, 0))

    @cached_property
    def shoulder_line(self) -> Path:
        (x, y), n = self.shoulder, self.neck
        return bezier((n, 0), (n + (x - n) * 0.35, y * 0.26), (n + (x - n) * 0.75, y * 0.62), (x, y))

    @cached_property
    def armhole(self) -> Path:
        (sx, sy), (ax, ay) = self.shoulder, self.armpit
        return bezier((sx, sy), (sx - 1.4, sy + (ay - sy) * 0.45), (sx - 1.0, sy + (ay - sy) * 0.82), (ax, ay))

    @cached_property
    def side(self) -> Path:
        return curve(self.armpit, self.waist, *self.below, self.hem)

    @cached_property
    def hem_line(self) -> Path:
        """From the hem corner to the centre."""
        x, y = self.hem
        return bezier((x, y), (x * 0.7, y + self.hem_sag), (x * 0.35, y + self.hem_sag), (0, y + self.hem_sag))

    @cached_property
    def bodice(self) -> Path:
        return closed_by_mirror(join(self.neckline, self.shoulder_line, self.armhole, self.side, self.hem_line))

    @cached_property
    def sleeve_outer(self) -> Path:
        (x, y), (cx, cy) = self.shoulder, self.cuff_out
        lead = min(self.sleeve * 0.3, 7)
        slope = math.atan2(self.shoulder[1], self.shoulder[0] - self.neck) + 0.35
        first = (x + lead * 0.6 * math.cos(slope), y + lead * 0.6 * math.sin(slope))
        middle = self._along(first, self.sleeve * 0.45)
        bulge = (middle[0] + self.elbow + 0.4, middle[1] - self.elbow * 0.4)
        return curve((x, y), first, bulge, (cx, cy))

    @cached_property
    def sleeve_inner(self) -> Path:
        """From the cuff to the armpit."""
        (x, y), (ax, ay) = self.cuff_in, self.armpit
        return curve((x, y), ((x + ax) / 2 + self.elbow * 0.5 - 0.3, (y + ay) / 2 - self.elbow * 0.2), (ax, ay))

    @cached_property
    def sleeve_outline(self) -> Path:
        """The sleeve of the viewer's right; its head reaches under the bodice."""
        (sx, sy), (ax, ay) = self.shoulder, self.armpit
        cuff = self.cuff_line
        under = line((ax - 1.5, ay - 0.6), (sx - 4, (sy + ay) / 2), (sx - 3, sy + 0.4))
        return join(self.sleeve_outer, cuff, self.sleeve_inner, under)

    @cached_property
    def cuff_line(self) -> Path:
        """From the outer to the inner corner, a little rounded as round an arm."""
        (ox, oy), (ix, iy) = self.cuff_out, self.cuff_in
        a = math.radians(self.angle)
        bow = self.cuff * 0.045
        middle = ((ox + ix) / 2 + bow * math.sin(a), (oy + iy) / 2 + bow * math.cos(a))
        return curve((ox, oy), middle, (ix, iy))

    def sleeve_hem(self, inset: float, right: bool) -> Path:
        """A line across the sleeve, ``inset`` cm above the cuff."""
        return part(offset(self.cuff_line, inset), 0.02, 0.98) * (1 if right else -1, 1)

    def landmarks(self, lower: str = "top_hem") -> dict[str, XY]:
        """All landmarks of a top with its lower edge called ``lower``; waistline included."""
        right: dict[str, XY] = {
            "neckline_right": (self.neck, 0), "shoulder_right": self.shoulder, "armpit_right": self.armpit, "waistline_right": self.waist,
            "cuff_right_in": self.cuff_in, "cuff_right_out": self.cuff_out, f"{lower}_right": self.hem,
        }  # fmt: skip
        left = {name.replace("right", "left"): (-x, y) for name, (x, y) in right.items()}
        return {**left, **right, "center_front": (0.0, self.front)}

    @cached_property
    def opening(self) -> Path:
        """The neck opening, where only the inside of the back is seen."""
        return join(self.neckline, self.back_neckline[::-1], flip(self.back_neckline), flip(self.neckline)[::-1])


def back_inside(canvas: Canvas, cut: Cut, cloth: Cloth, exposure: float = 0.5) -> None:
    """The inside of the back, seen through the neck opening."""
    n, f = cut.neck, cut.front
    half = join(cut.back_neckline, cut.shoulder_line[:12], line((n + 2, f * 0.7), (n * 0.5, f + 2), (0, f + 3)))
    inner = Panel(canvas, closed_by_mirror(half), cloth).volume(3.0, 1.0)
    inner.darken(inner.cover(cut.opening), 0.15)
    inner.lay(0, exposure=exposure)


def sleeve_panel(canvas: Canvas, cut: Cut, cloth: Cloth, right: bool, folds: float = 1.0) -> Panel:
    """A sleeve with its folds; not yet laid down."""
    sign = 1 if right else -1
    outline = cut.sleeve_outline * (sign, 1)
    panel = Panel(canvas, outline, cloth, grain=-sign * cut.angle, origin=(sign * cut.shoulder[0], cut.shoulder[1]))
    rng = canvas.rng
    panel.volume(min(cut.cuff * 0.32, 4.5), 3.2)
    down = 90 - cut.angle if right else 90 + cut.angle
    ax, ay = cut.armpit[0] * sign, cut.armpit[1]
    sx, sy = cut.shoulder[0] * sign, cut.shoulder[1]
    outward = 0 if right else 180
    made = fan(
        rng,
        ax + sign * 1.0,
        ay - 2.5,
        (down * 0.5 + outward * 0.5) if not right else down * 0.4,
        60,
        4,
        min(cut.sleeve * 0.7, 16),
        0.9,
        0.22 * folds,
    )
    made += fan(rng, sx, sy + 2, down, 30, 3, min(cut.sleeve * 0.8, 20), 1.3, 0.2 * folds, 1.2)
    if cut.sleeve > 35:
        made += _long_sleeve_folds(cut, rng, sign, down, folds)
    panel.fold(made)
    panel.uneven(lambda x, y: creases(rng, x, y, 4.5, 2.2, down), 0.22 * folds)
    panel.uneven(lambda x, y: waves(rng, x, y, 7), 0.12 * folds)
    return panel.edge(0.6, 0.3)


def _long_sleeve_folds(cut: Cut, rng: np.random.Generator, sign: int, down: float, amount: float) -> list[Fold]:
    """Folds across the sleeve at the elbow and above the cuff."""
    made = []
    across = down + 90 * sign
    for t, count in ((0.42, 3), (0.55, 3), (0.8, 2), (0.9, 2)):
        for _ in range(count):
            x, y = cut._along(cut.shoulder, cut.sleeve * (t + rng.normal(0, 0.035)))
            made.append(Fold(sign * x, y, across + rng.normal(0, 16), cut.cuff * rng.uniform(0.6, 1.1), rng.uniform(0.5, 0.9),
                             amount * rng.uniform(0.15, 0.35), rng.normal(0, 1.5)))  # fmt: skip
            x, y = x - cut.cuff * 1.1 * math.cos(math.radians(cut.angle)), y + cut.cuff * 1.1 * math.sin(math.radians(cut.angle))
            made.append(Fold(sign * x, y, across + 180 + rng.normal(0, 18), cut.cuff * rng.uniform(0.6, 1.0), rng.uniform(0.5, 0.9),
                             amount * rng.uniform(0.15, 0.3), rng.normal(0, 1.5)))  # fmt: skip
    return made


def bodice_panel(canvas: Canvas, cut: Cut, cloth: Cloth, outline: Path | None = None, folds: float = 1.0, bow: float = 1.2) -> Panel:
    """The front with a body's volume and the folds of a worn top; not yet laid down."""
    panel = Panel(canvas, cut.bodice if outline is None else outline, cloth, bow=bow)
    rng = canvas.rng
    panel.volume(7.5, 8.0)
    (ax, ay), (hx, hy), (wx, wy) = cut.armpit, cut.hem, cut.waist
    made = fan(rng, ax - 0.5, ay - 1, 130, 80, 5, 20, 1.0, 0.26 * folds) + fan(rng, -ax + 0.5, ay - 1, 50, 80, 5, 20, 1.0, 0.26 * folds)
    made += fan(rng, cut.neck + 5, 6, 100, 30, 2, 22, 1.6, 0.18 * folds) + fan(rng, -cut.neck - 5, 6, 80, 30, 2, 22, 1.6, 0.18 * folds)
    made += fan(rng, wx, wy, 195, 60, 4, 18, 0.9, 0.24 * folds, 3.5) + fan(rng, -wx, wy, -15, 60, 4, 18, 0.9, 0.24 * folds, 3.5)
    made += drape(rng, -hx + 2, hx - 2, hy + 1, 7, 26, 1.7, 0.34 * folds, 8)
    panel.fold(made)
    panel.uneven(lambda x, y: creases(rng, x, y, 7, 2.4, 75), 0.26 * folds)
    panel.uneven(lambda x, y: waves(rng, x, y, 9, 1.6, 80), 0.22 * folds)
    return panel.edge(0.5, 0.22)


def collar_band(canvas: Canvas, cut: Cut, cloth: Cloth, width: float = 2.0, thread: str | None = None) -> None:
    """A ribbed band round a crew neck: behind it the far side, in front the near one."""
    edge = join(flip(cut.neckline)[::-1], cut.neckline)
    outer = offset(edge, width)
    panel = Panel(canvas, join(resample(edge, 0.15), outer[::-1]), cloth).clip(cut.bodice)
    panel.ribs(edge, outer, 0.22, 0.03).volume(0.6, 0.5).edge(0.25, 0.25)
    panel.lay(0.35, 0.2, 0.1)


def back_band(canvas: Canvas, cut: Cut, cloth: Cloth, width: float = 2.0, exposure: float = 0.62) -> None:
    """The inside of the collar band at the back of the neck."""
    edge = join(mirror(cut.back_neckline), cut.back_neckline)
    lower = offset(edge, width)
    panel = Panel(canvas, join(resample(edge, 0.15), lower[::-1]), cloth)
    panel.ribs(edge, lower, 0.22, 0.03).volume(0.6, 0.4).edge(0.2, 0.2)
    panel.lay(0.3, 0.2, 0.1, exposure=exposure)


def hem_stitching(panel: Panel, cut: Cut, colour: Light, inset: float = 2.0) -> None:
    """The hem's double row of stitches."""
    hem = join(cut.hem_line, mirror(cut.hem_line))
    for distance in (inset, inset + 0.5):
        panel.stitches(part(offset(hem, distance), 0.01, 0.99), colour, 0.3, 0.16, 0.05)
