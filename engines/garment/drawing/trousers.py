"""Trousers: two legs, a fly and a waistband."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.garment.drawing import prints
from engines.garment.drawing.canvas import Canvas
from engines.garment.drawing.colour import Light, rgb
from engines.garment.drawing.details import button, metal_button, strip
from engines.garment.drawing.drawn import Drawn, finish
from engines.garment.drawing.folds import Field, Fold, creases, fan, waves
from engines.garment.drawing.geometry import XY, Path, bezier, curve, flip, join, line, offset, part, shift
from engines.garment.drawing.panel import Cloth, Panel


@dataclass(frozen=True)
class Legs:
    """Cut of trousers, viewer's right half, in cm from the middle of the waistband's upper edge."""

    waist: float = 19.0
    dip: float = 1.4
    """How much lower the waistband is in front."""
    hip: XY = (24.6, 19)
    knee: tuple[float, float, float] = (23.4, 3.0, 62)
    """Outer x, inner x, y."""
    bottom: tuple[float, float, float] = (21.6, 4.6, 104)
    crotch: float = 29

    def outer(self) -> Path:
        return curve((self.waist, 0), (self.waist + 2.4, 7.5), self.hip, (self.knee[0], self.knee[2]), (self.bottom[0], self.bottom[2]))

    def inner(self) -> Path:
        """From the bottom to the crotch."""
        return curve((self.bottom[1], self.bottom[2]), (self.knee[1], self.knee[2]), (1.2, self.crotch + 9), (0, self.crotch))

    def top(self) -> Path:
        """The waistband's upper edge, from the middle to the side."""
        return bezier((0, self.dip), (self.waist * 0.4, self.dip), (self.waist * 0.8, self.dip * 0.5), (self.waist, 0))

    def leg(self) -> Path:
        low = self.bottom[2]
        hem = curve((self.bottom[0], low), ((self.bottom[0] + self.bottom[1]) / 2, low + 0.7), (self.bottom[1], low))
        return join(self.top(), self.outer(), hem, self.inner())

    def landmarks(self) -> dict[str, XY]:
        out, inner, low = self.bottom
        right: dict[str, XY] = {"waistband_right": (self.waist, 0), "bottom_right_in": (inner, low), "bottom_right_out": (out, low)}
        left = {name.replace("right", "left"): (-x, y) for name, (x, y) in right.items()}
        return {**left, **right, "crotch": (0.0, self.crotch)}


def jeans() -> Drawn:
    """Blue straight jeans."""
    legs = Legs()
    canvas = Canvas(60, 112, (30, 3), 9.2, 61)

    def worn(u: Field, v: Field) -> Field:
        x = np.abs(u)
        thigh = 0.32 * np.exp(-(((x - 12.5) / 5.5) ** 2)) * np.exp(-(((v - 42) / 20) ** 2))
        knee = 0.18 * np.exp(-(((x - 13) / 5) ** 2)) * np.exp(-(((v - 63) / 8) ** 2))
        whiskers = 0.12 * np.clip(np.sin((v - 0.55 * x) * 1.15), 0, 1) * np.exp(-(((x - 10) / 7) ** 2)) * np.exp(-(((v - 24) / 6) ** 2))
        return np.asarray(thigh + knee + whiskers, np.float32)

    cloth = Cloth(prints.denim("#1f3763", "#a9c0da", worn))
    thread = rgb("#c48a45")
    for right in (False, True):
        leg = _leg(canvas, legs, cloth, right, 1.3)
        _jeans_details(leg, legs, 1 if right else -1, thread)
        leg.lay(0.3, 0.5, 0.1)
    _fly(canvas, cloth, legs, thread)
    waistband(canvas, legs, cloth, thread, 4.0)
    metal_button(canvas, (0.4, legs.dip + 2.0), 0.95)
    for x, y in ((-7.0, 6.6), (7.0, 6.6), (-17.4, 12.6), (17.4, 12.6)):
        metal_button(canvas, (x, y), 0.42)
    return finish(canvas, "jeans", "Blue jeans", "trousers", legs.landmarks())


def chinos() -> Drawn:
    """Wide pleated trousers in sand."""
    legs = Legs(waist=18.4, dip=1.2, hip=(25.6, 21), knee=(27.4, 2.0, 62), bottom=(28.6, 3.0, 105), crotch=31)
    canvas = Canvas(70, 114, (35, 3), 9.0, 62)
    cloth = Cloth(prints.plain("#cdb892", 0.015), None, 0.05)
    thread = rgb("#b39e78")
    for right in (False, True):
        sign = 1 if right else -1
        leg = _leg(canvas, legs, cloth, right, 0.9)
        crease = curve((11.5 * sign, 6), (14.2 * sign, 50), (15.8 * sign, 104))
        leg.fold([Fold(11.5 * sign, 4, 90 - 3 * sign, 190, 0.7, 0.5, sharp=1.6), Fold(7.4 * sign, 4, 90 - 2 * sign, 34, 0.7, 0.4),
                  Fold(9.0 * sign, 70, 90, 80, 2.4, 0.5), Fold(20.5 * sign, 30, 90 - 3 * sign, 130, 2.4, 0.5)])  # fmt: skip
        leg.seam(part(crease, 0, 0.06), 0.04)
        pocket = line((16.2 * sign, 4.6), (21.6 * sign, 18.5))
        leg.seam(pocket, 0.08, 0.2).stitches(pocket - (0.5 * sign, 0), thread)
        hem = curve((legs.bottom[0] * sign, 101.5), (15.8 * sign, 102.2), (legs.bottom[1] * sign, 101.5))
        leg.seam(part(hem, 0.01, 0.99), 0.03)
        leg.lay(0.3, 0.5, 0.1)
    _fly(canvas, cloth, legs, thread)
    waistband(canvas, legs, cloth, thread, 4.2)
    button(canvas, (0.5, legs.dip + 2.1), 0.75, "#8a6f4b")
    return finish(canvas, "trousers-wide", "Wide sand trousers", "trousers", legs.landmarks())


def _leg(canvas: Canvas, legs: Legs, cloth: Cloth, right: bool, folds: float) -> Panel:
    """One leg and its half of the seat."""
    sign = 1 if right else -1
    rng = canvas.rng
    leg = Panel(canvas, legs.leg() * (sign, 1), cloth).volume(4.5, 5.0)
    towards = 0 if right else 180
    made = fan(rng, 1.5 * sign, legs.crotch, -20 if right else 200, 55, 5, 17, 0.9, 0.30 * folds)
    made += fan(rng, 1.5 * sign, legs.crotch + 5, 25 if right else 155, 40, 3, 15, 0.9, 0.22 * folds)
    for y, count in ((legs.knee[2] - 4, 3), (legs.knee[2] + 4, 3), (legs.bottom[2] - 9, 3), (legs.bottom[2] - 3.5, 2)):
        for _ in range(count):
            out, inwards = 180 - towards + rng.normal(0, 14), towards + rng.normal(0, 14)
            made.append(Fold((legs.knee[0] - 0.5) * sign, y + rng.normal(0, 2.5), out, rng.uniform(9, 17), 0.8,
                             folds * rng.uniform(0.15, 0.35), rng.normal(0, 1.5)))  # fmt: skip
            made.append(Fold((legs.knee[1] + 0.5) * sign, y + rng.normal(0, 2.5), inwards, rng.uniform(8, 14), 0.8,
                             folds * rng.uniform(0.15, 0.3), rng.normal(0, 1.5)))  # fmt: skip
    leg.fold(made)
    leg.uneven(lambda x, y: creases(rng, x, y, 6, 2.4, 60 * sign), 0.25 * folds).uneven(lambda x, y: waves(rng, x, y, 9, 2.2, 88), 0.3)
    return leg.edge(0.5, 0.3)


def _jeans_details(leg: Panel, legs: Legs, sign: int, thread: Light) -> None:
    """Curved pocket, coin pocket, hem and side seam."""
    edge = bezier((7.0, 5.2), (8.2, 11.5), (13, 13.2), (23.0, 13.2)) * (sign, 1)
    leg.darken(leg.stroke(edge, 0.3), 0.25).seam(edge, 0.08, 0.22)
    for inset in (0.35, 0.95):
        leg.stitches(offset(edge, inset * sign), thread)
    if sign > 0:
        coin = line((12.2, 9.4), (17.2, 8.8), (17.4, 13.2))
        leg.seam(coin, 0.05).stitches(shift(coin, 0.0, 0.4), thread)
    for inset in (1.5,):
        hem = curve(
            (legs.bottom[0] * sign, legs.bottom[2] - inset),
            (13 * sign, legs.bottom[2] + 0.7 - inset),
            (legs.bottom[1] * sign, legs.bottom[2] - inset),
        )
        leg.seam(shift(hem, 0, -0.1), 0.03).stitches(part(hem, 0.02, 0.98), thread)
    inseam = offset(legs.inner() * (sign, 1), -0.6 * sign if sign > 0 else 0.6)
    leg.stitches(part(inseam, 0.02, 0.98), thread, 0.28, 0.18, 0.05)


def _fly(canvas: Canvas, cloth: Cloth, legs: Legs, thread: Light) -> None:
    """The front fly: a flap down the middle with its J of stitches."""
    end = legs.crotch - 8
    outline = join(line((-0.3, legs.dip + 3), (4.3, legs.dip + 3)), bezier((4.3, end - 6), (4.3, end - 1.5), (2.4, end), (-0.3, end + 1.5)))
    fly = Panel(canvas, outline, cloth).edge(0.25, 0.12)
    jay = join(line((3.6, legs.dip + 3), (3.6, end - 6)), bezier((3.6, end - 6), (3.6, end - 2), (2.0, end - 0.6), (0, end + 0.8)))
    fly.stitches(jay, thread).stitches(jay - (0.5, 0.2), thread)
    fly.lay(0.3, 0.3, 0.1)


def waistband(canvas: Canvas, legs: Legs, cloth: Cloth, thread: Light, width: float) -> None:
    """The waistband with its loops."""
    top = join(flip(legs.top())[::-1], legs.top())
    spread = 1 + 0.035 * width / 4
    lower = shift(top, 0, width) * (spread, 1)
    band = Panel(canvas, join(top, lower[::-1]), cloth, grain=90).volume(5, 2.5).edge(0.35, 0.25)
    for drop in (0.45, width - 0.45):
        band.stitches(part(shift(top, 0, drop) * (1 + (spread - 1) * drop / width, 1), 0.01, 0.99), thread)
    band.seam(line((-0.4, legs.dip), (-0.4, legs.dip + width)), 0.06)
    band.lay(0.4, 0.3, 0.15)
    for x in (-13.5, -6.5, 7.5, 13.5):
        y = float(np.interp(x, top[:, 0], top[:, 1])) + 0.3
        loop = line((x - 0.6, y - 0.2), (x + 0.6, y - 0.2), (x + 0.6, y + width + 0.7), (x - 0.6, y + width + 0.7))
        piece = strip(canvas, loop, cloth, None, puff=0.5)
        for side in (-0.3, 0.3):
            piece.stitches(line((x + side, y), (x + side, y + width + 0.5)), thread, 0.26, 0.14, 0.05)
        piece.lay(0.5, 0.25, 0.15)
