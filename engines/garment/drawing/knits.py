"""Sweatshirts and knitwear: thick tops with ribbed ends."""

from __future__ import annotations

import numpy as np

from engines.garment.drawing import prints
from engines.garment.drawing.canvas import Canvas
from engines.garment.drawing.colour import rgb
from engines.garment.drawing.details import cord, metal_button, rib_band, strip
from engines.garment.drawing.drawn import Drawn, finish
from engines.garment.drawing.folds import Field, waves
from engines.garment.drawing.geometry import Path, bezier, flip, join, line, mirror, offset, resample
from engines.garment.drawing.panel import Cloth, Panel
from engines.garment.drawing.top import Cut, back_band, back_inside, bodice_panel, collar_band, sleeve_panel

HOODIE = Cut(neck=8.6, front=10.5, back=1.5, shoulder=(24, 5.4), armpit=(27, 27.5), waist=(26.6, 46), hem=(25, 68), hem_sag=0.8,
             sleeve=60, angle=28, cuff=10.0, elbow=1.8)  # fmt: skip
SWEATER = Cut(neck=9.0, front=7.8, shoulder=(23, 5.0), armpit=(26, 26), waist=(25.2, 45), hem=(24, 66), hem_sag=0.8, sleeve=59, angle=27,
              cuff=9.6, elbow=1.6)  # fmt: skip
TANK = Cut(neck=8.6, front=13.5, back=5.5, shoulder=(13.2, 1.6), armpit=(21.8, 24.5), waist=(20.4, 42), hem=(22.4, 62), hem_sag=1.0,
           sleeve=0.01, angle=10, cuff=0.01)  # fmt: skip


def hoodie() -> Drawn:
    """Grey melange sweatshirt with hood, cords and pouch pocket."""
    canvas = Canvas(124, 84, (62, 9), 10.6, 31)
    cloth = Cloth(prints.melange("#8f9195", "#b9bbbd"))
    _hood_back(canvas, cloth)
    back_inside(canvas, HOODIE, cloth, 0.4)
    for right in (False, True):
        sleeve = sleeve_panel(canvas, HOODIE, cloth, right, 1.6)
        sleeve.lay(0.3)
        rib_band(canvas, HOODIE.sleeve_hem(6.5, right), HOODIE.sleeve_hem(0, right), cloth, 0.42, 0.09)
    body = bodice_panel(canvas, HOODIE, cloth, folds=1.5)
    for sign in (-1, 1):
        seam = HOODIE.armhole * (sign, 1)
        body.stitches(offset(seam, 0.5 * sign), rgb("#95979a"), 0.3, 0.14, 0.06)
    body.lay(0.25)
    _hem_rib(canvas, HOODIE, cloth, 6.5)
    _pouch(canvas, cloth)
    _hood_front(canvas, cloth)
    for sign in (-1, 1):
        metal_button(canvas, (3.1 * sign, 12.2), 0.55, "#a8a9ab")
    cord(canvas, [(-3.1, 12.2), (-3.5, 17), (-3.0, 22), (-3.6, 27.5)], 0.7, "#e9e8e4")
    cord(canvas, [(3.1, 12.2), (3.3, 16), (3.9, 21), (3.5, 26)], 0.7, "#e9e8e4")
    opening = join(_hood_rim(), flip(_hood_rim())[::-1])
    return finish(canvas, "hoodie", "Grey hoodie", "blouse", HOODIE.landmarks(), opening)


def _hood_rim() -> Path:
    """The hood's front edge on the viewer's right, from the centre front up and back to the centre behind the neck."""
    return join(bezier((0, 10.5), (5.0, 8.5), (9.4, 3.5), (9.6, -1.6)), bezier((9.6, -1.6), (9.0, -4.6), (4.5, -5.6), (0, -5.6)))


def _hood_back(canvas: Canvas, cloth: Cloth) -> None:
    """The hood lying behind the neck and its inside."""
    outer = join(
        bezier((14.5, 3.2), (14.2, -3.5), (9.5, -8.4), (0, -8.4)), mirror(bezier((14.5, 3.2), (14.2, -3.5), (9.5, -8.4), (0, -8.4)))
    )
    back = Panel(canvas, outer, cloth).volume(3, 3).edge(0.8, 0.4)
    rng = canvas.rng
    back.uneven(lambda x, y: waves(rng, x, y, 5), 0.3)
    back.lay(0)
    rim = _hood_rim()
    inside = Panel(canvas, join(rim, mirror(rim)), cloth, grain=90)
    inside.uneven(lambda x, y: waves(rng, x, y, 4), 0.35).volume(2.5, 1.5)
    inside.lay(0, exposure=0.42)


def _hood_front(canvas: Canvas, cloth: Cloth) -> None:
    """The two front edges of the hood, crossing at the throat."""
    for right in (True, False):
        sign = 1 if right else -1
        inner = bezier((-1.6, 12.6), (4.0, 9.5), (9.3, 4.0), (9.6, -1.6))
        top = join(bezier((9.6, -1.6), (9.3, -3.7), (8.4, -4.6), (7.4, -5.0)), bezier((7.4, -5.0), (11.0, -5.8), (14.2, -3.4), (14.5, 0.4)))
        outer = bezier((14.5, 0.4), (14.8, 5.0), (8.0, 12.8), (-0.4, 17.0))
        panel = Panel(canvas, join(inner, top, outer) * (sign, 1), cloth, grain=-35 * sign)
        rng = canvas.rng
        panel.volume(2.6, 3.4).edge(0.7, 0.35)
        panel.uneven(lambda x, y: waves(rng, x, y, 5, 2, 60), 0.3)  # noqa: B023 (called at once)
        panel.stitches(offset(inner, 2.2) * (sign, 1), rgb("#95979a"), 0.3, 0.14, 0.06)
        panel.lay(0.5, 0.7, 0.4)


def _hem_rib(canvas: Canvas, cut: Cut, cloth: Cloth, width: float) -> None:
    hem = join(cut.hem_line, mirror(cut.hem_line))
    upper = offset(hem, width)
    upper = upper * (1.012, 1)
    rib_band(canvas, upper, hem, cloth, 0.42, 0.09)


def _pouch(canvas: Canvas, cloth: Cloth) -> None:
    """The pocket across the belly, open at both slanted sides."""
    outline = line((-9.5, 43.5), (9.5, 43.5), (15.5, 53.5), (15.5, 62), (-15.5, 62), (-15.5, 53.5))
    panel = strip(canvas, outline, cloth, rgb("#95979a"), 0.5, puff=0.35)
    rng = canvas.rng
    panel.volume(4, 2.4).uneven(lambda x, y: waves(rng, x, y, 7, 1.8, 0), 0.5)
    for sign in (-1, 1):
        panel.stitches(line((8.6 * sign, 44.4), (14.2 * sign, 53.8)), rgb("#95979a"), 0.3, 0.14, 0.06)
    panel.lay(0.5, 0.6, 0.3)


def sweater() -> Drawn:
    """Red wool with cables."""
    canvas = Canvas(120, 76, (60, 3), 10.8, 32)
    colour = prints.plain("#b3242b", 0.015)
    cable = Cloth(colour, _cables, 0.03)
    sleeves = Cloth(colour, _sleeve_cable, 0.03)
    plain = Cloth(colour, _stockinette, 0.03)
    back_inside(canvas, SWEATER, plain, 0.42)
    back_band(canvas, SWEATER, plain, 2.6, 0.5)
    for right in (False, True):
        sleeve_panel(canvas, SWEATER, sleeves, right, 1.2).lay(0.3)
        rib_band(canvas, SWEATER.sleeve_hem(6.5, right), SWEATER.sleeve_hem(0, right), Cloth(colour), 0.6, 0.09)
    bodice_panel(canvas, SWEATER, cable, folds=1.1, bow=0.6).lay(0.25)
    _hem_rib_wide(canvas, colour)
    collar_band(canvas, SWEATER, Cloth(colour), 2.8)
    return finish(canvas, "sweater", "Red cable sweater", "blouse", SWEATER.landmarks(), SWEATER.opening)


def _hem_rib_wide(canvas: Canvas, colour: prints.Print) -> None:
    hem = join(SWEATER.hem_line, mirror(SWEATER.hem_line))
    rib_band(canvas, offset(hem, 6.5) * (1.012, 1), hem, Cloth(colour), 0.62, 0.09)


def _stockinette(u: Field, v: Field) -> Field:
    """Columns of V stitches."""
    column = np.abs((u / 0.42) % 1 - 0.5) * 2
    stitch = np.sin((v / 0.34 - 0.5 * column) * 2 * np.pi)
    return np.asarray(0.018 * stitch + 0.028 * (1 - column**2), np.float32)


def _braid(u: Field, v: Field, width: float, period: float) -> Field:
    """Two strands that cross, each a rounded rope with slanted stitches."""
    height = np.zeros_like(u)
    for phase in (0.0, np.pi):
        centre = width * 0.26 * np.sin(v * 2 * np.pi / period + phase)
        over = 0.10 * np.cos(v * 2 * np.pi / period + phase)
        across = (u - centre) / (width * 0.25)
        rope = np.sqrt(np.clip(1 - across**2, 0, 1)) * (0.30 + over)
        slope = np.cos(v * 2 * np.pi / period + phase)
        rope = rope + 0.02 * np.sin((v + 0.5 * slope * u) * 2 * np.pi / 0.36) * (rope > 0)
        height = np.maximum(height, rope)
    return height


def _column(u: Field, centre: float, half: float) -> Field:
    return np.asarray(np.clip((half - np.abs(u - centre)) / 0.12 + 0.5, 0, 1), np.float32)


def _cables(u: Field, v: Field) -> Field:
    """A wide cable in the middle, narrower ones beside it, rib lines between, plain knit outside."""
    height = _stockinette(u, v)
    for centre, width, period in ((0.0, 5.6, 7.5), (-8.4, 3.6, 5.2), (8.4, 3.6, 5.2), (-15.2, 3.6, 5.2), (15.2, 3.6, 5.2)):
        inside = _column(u, centre, width / 2 + 0.35)
        ground = 0.02 * np.sin(u * 2 * np.pi / 0.3) * np.sin(v * 2 * np.pi / 0.3) - 0.06
        height = height * (1 - inside) + inside * np.maximum(ground, _braid(u - centre, v, width, period))
        for side in (-1, 1):
            ridge = (u - centre - side * (width / 2 + 0.75)) / 0.34
            height = height + 0.12 * np.sqrt(np.clip(1 - ridge**2, 0, 1))
    return np.asarray(height, np.float32)


def _sleeve_cable(u: Field, v: Field) -> Field:
    """One cable down the middle of the sleeve. u = 0 is the outer edge; the middle lies inwards on either side."""
    centre = 3.4 * float(np.sign(np.median(u)))
    height = _stockinette(u, v)
    inside = _column(u, centre, 2.1)
    ground = np.full_like(u, -0.05)
    return np.asarray(height * (1 - inside) + inside * np.maximum(ground, _braid(u - centre, v, 3.6, 5.2)), np.float32)


def tank() -> Drawn:
    """Olive ribbed tank top; the cuffs lie at the armholes."""
    canvas = Canvas(60, 72, (30, 3), 13, 33)
    colour = prints.plain("#6f7a4d", 0.012)
    cloth = Cloth(colour, lambda u, v: np.asarray(0.03 * np.abs(np.sin(u * np.pi / 0.42)), np.float32))
    back_inside(canvas, TANK, cloth, 0.5)
    bodice_panel(canvas, TANK, cloth, folds=1.0).lay(0.25)
    binding = Cloth(colour)
    collar_band(canvas, TANK, binding, 1.1)
    for sign in (-1, 1):
        hole = resample(TANK.armhole, 0.15) * (sign, 1)
        rim = join(hole, offset(hole, 1.1 * sign)[::-1])
        Panel(canvas, rim, binding).clip(TANK.bodice).volume(0.5, 0.4).edge(0.25, 0.25).lay(0.35, 0.2, 0.1)
    points = TANK.landmarks()
    for side in ("left", "right"):
        points[f"cuff_{side}_out"], points[f"cuff_{side}_in"] = points[f"shoulder_{side}"], points[f"armpit_{side}"]
    return finish(canvas, "tank", "Olive ribbed tank top", "blouse", points, TANK.opening)
