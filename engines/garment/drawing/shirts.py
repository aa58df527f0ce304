"""Shirts: woven tops with a turned-down collar, a buttoned front and cuffs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.garment.drawing import prints
from engines.garment.drawing.canvas import Canvas
from engines.garment.drawing.colour import Light, rgb
from engines.garment.drawing.details import button, leaf, pocket, strip
from engines.garment.drawing.drawn import Drawn, finish
from engines.garment.drawing.geometry import Path, bezier, closed_by_mirror, curve, flip, join, line, mirror, offset, part
from engines.garment.drawing.panel import Cloth, Panel
from engines.garment.drawing.top import Cut, back_inside, bodice_panel, sleeve_panel

SHIRT = Cut(neck=7.6, front=7.4, back=1.6, shoulder=(22.5, 4.8), armpit=(25.5, 26), waist=(24.2, 45), hem=(25, 66), hem_sag=7.5,
            sleeve=59, angle=27, cuff=11.5, elbow=1.2)  # fmt: skip


@dataclass(frozen=True)
class Collar:
    """A turned-down collar, viewer's right half, in cm."""

    rise: float = 2.2
    """How far it stands above the neck point."""
    width: float = 8.2
    """Half width where it turns over."""
    close: float = 7.2
    """Height at which both halves meet in front."""
    tip: tuple[float, float] = (6.0, 13.4)

    def fold(self) -> Path:
        """The edge where it turns over, from the front to the side of the neck."""
        return bezier((0.25, self.close), (4.2, self.close - 1.6), (self.width - 0.6, 2.6), (self.width - 0.4, -self.rise))

    def leaf(self) -> Path:
        w = self.width
        outer = bezier((w - 0.4, -self.rise), (w + 1.5, -0.8), (w + 2.4, 1.2), (w + 2.3, 3.2))
        front = curve((w + 2.3, 3.2), (w - 0.2, 8.6), self.tip)
        return join(self.fold(), outer, front, line(self.tip, (0.25, self.close)))

    def back(self) -> Path:
        """The upper edge behind the neck, left to right."""
        half = bezier((0, -self.rise + 1.0), (3, -self.rise + 1.0), (self.width - 2, -self.rise + 0.4), (self.width - 0.4, -self.rise))
        return join(mirror(half), half)

    def opening(self) -> Path:
        return join(self.back(), self.fold()[::-1], flip(self.fold()))


def collar_back(canvas: Canvas, collar: Collar, cloth: Cloth) -> None:
    """The inside of the collar behind the neck."""
    edge = collar.back()
    panel = Panel(canvas, join(edge, offset(edge, 4.2)[::-1]), cloth)
    panel.seam(offset(edge, 3.4)).edge(0.3, 0.3).lay(0.2, 0.3, 0.2, exposure=0.58)


def check_shirt() -> Drawn:
    """Small blue check, buttoned, with a chest pocket."""
    canvas = Canvas(120, 82, (60, 5), 11.4, 21)
    check = prints.gingham("#f2f3f4", "#2f5f9e", 1.1, "#c2563f")
    cloth = Cloth(check)
    collar = Collar()
    shirt(canvas, SHIRT, collar, cloth, rgb("#d5dbe4"), "#f1efe8")
    return finish(canvas, "shirt-check", "Blue checked shirt", "blouse", SHIRT.landmarks(), collar.opening())


def shirt(canvas: Canvas, cut: Cut, collar: Collar, cloth: Cloth, thread: Light, buttons: str) -> None:
    """A whole shirt."""
    back_inside(canvas, cut, cloth)
    collar_back(canvas, collar, cloth)
    for right in (False, True):
        sleeve = sleeve_panel(canvas, cut, cloth, right, 1.3)
        sleeve.lay(0.3)
        _cuff(canvas, cut, cloth, right, thread, buttons)
    body = bodice_panel(canvas, cut, cloth, shirt_tail(cut), 1.5)
    for sign in (-1, 1):
        yoke = curve((cut.neck * sign, 2.2), (15 * sign, 6.6), (cut.shoulder[0] * sign, 9.2))
        body.seam(yoke, 0.03).stitches(offset(yoke, 0.25 * sign), thread)
    tail = join(*_tail(cut), mirror(_tail(cut)[0]))
    body.stitches(part(offset(tail, 0.7), 0.02, 0.98), thread, 0.26, 0.14, 0.05)
    body.lay(0.25)
    end = cut.hem[1] + cut.hem_sag - 0.1
    placket = strip(canvas, line((-1.7, collar.close), (1.7, collar.close), (1.7, end), (-1.7, end)), cloth, None, puff=0.25)
    for x in (-1.2, 1.2):
        placket.stitches(line((x, collar.close), (x, end)), thread, 0.26, 0.14, 0.05)
    placket.lay(0.4, 0.25, 0.1)
    pocket(canvas, 11.5, 21, 10.5, 12, cloth, thread)
    for y in np.arange(collar.close + 1.4, end - 5, 8.6):
        button(canvas, (0, float(y)), 0.62, buttons)
    for right in (False, True):
        leaf(canvas, collar.leaf(), cloth, right, thread)


def shirt_tail(cut: Cut) -> Path:
    """The bodice with a rounded tail below the side seams."""
    return closed_by_mirror(join(cut.neckline, cut.shoulder_line, cut.armhole, cut.side, *_tail(cut)))


def _tail(cut: Cut) -> list[Path]:
    (x, y), sag = cut.hem, cut.hem_sag
    return [bezier((x, y), (x - 3.5, y + sag * 0.15), (x * 0.62, y + sag), (0, y + sag))]


def _cuff(canvas: Canvas, cut: Cut, cloth: Cloth, right: bool, thread: Light, buttons: str) -> None:
    """A buttoned cuff at the end of a sleeve."""
    lower, upper = cut.sleeve_hem(0, right), cut.sleeve_hem(5.5, right)
    upper = upper + (upper.mean(axis=0) - upper) * -0.03
    panel = Panel(canvas, join(lower, upper[::-1]), cloth, grain=-cut.angle if right else cut.angle)
    panel.volume(2.5, 2.0).edge(0.3, 0.25)
    for inset in (0.5, 5.0):
        panel.stitches(part(cut.sleeve_hem(inset, right), 0.03, 0.97), thread, 0.26, 0.14, 0.05)
    panel.lay(0.35, 0.3, 0.05)
    at = cut.sleeve_hem(2.8, right)
    button(canvas, tuple(at[int(len(at) * 0.25)]), 0.55, buttons)
