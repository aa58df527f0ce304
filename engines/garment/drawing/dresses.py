"""Dresses: a bodice, and below the waist seam a skirt that falls in folds."""

from __future__ import annotations

import numpy as np

from engines.garment.drawing import prints
from engines.garment.drawing.canvas import Canvas
from engines.garment.drawing.colour import rgb
from engines.garment.drawing.details import button, strip
from engines.garment.drawing.drawn import Drawn, finish
from engines.garment.drawing.folds import Fold, creases, waves
from engines.garment.drawing.geometry import Path, bezier, closed_by_mirror, curve, flip, join, line, offset, resample, shift
from engines.garment.drawing.panel import Cloth, Panel
from engines.garment.drawing.top import Cut, back_inside, bodice_panel, sleeve_panel

SUMMER = Cut(neck=10.5, front=14, back=6, shoulder=(15.2, 1.7), armpit=(20.6, 22.5), waist=(17.2, 40), below=((22.5, 52), (29, 72)),
             hem=(35, 94), hem_sag=1.6, sleeve=0.01, angle=10, cuff=0.01)  # fmt: skip
EVENING = Cut(neck=8.6, front=17, back=1.6, shoulder=(19.6, 4.2), armpit=(21.8, 23.5), waist=(17.6, 41), below=((23.5, 56), (26.5, 78)),
              hem=(31, 108), hem_sag=1.4, sleeve=58, angle=23, cuff=10.5, elbow=1.2)  # fmt: skip


def summer() -> Drawn:
    """Sleeveless, strewn with flowers, gathered at the waist."""
    canvas = Canvas(82, 106, (41, 4), 9.6, 51)
    cloth = Cloth(prints.flowers("#fbf1d6", ("#e0604c", "#ee9a62", "#d9476b", "#5b7fb8"), "#f5c544", "#6f9463", 4.0, 1.25))
    cut = SUMMER
    back_inside(canvas, cut, cloth, 0.5)
    _skirt(canvas, cut, cloth, 11, 0.8)
    _bodice(canvas, cut, cloth)
    for edge in (join(flip(cut.neckline)[::-1], cut.neckline), cut.armhole, flip(cut.armhole)):
        _binding(canvas, cut, edge, Cloth(prints.plain("#fbf1d6")))
    belt = join(curve((-17.4, 39.4), (0, 40.4), (17.4, 39.4)), curve((17.6, 42.0), (0, 43.0), (-17.6, 42.0)))
    strip(canvas, belt, Cloth(prints.plain("#d9574a")), None, puff=0.3).volume(5, 2).lay(0.4, 0.4, 0.3)
    points = cut.landmarks("hemline")
    for side in ("left", "right"):
        points[f"cuff_{side}_out"], points[f"cuff_{side}_in"] = points[f"shoulder_{side}"], points[f"armpit_{side}"]
    return finish(canvas, "dress-summer", "Flowered summer dress", "dress", points, cut.opening)


def dotted() -> Drawn:
    """Long-sleeved, black with white dots, V neck, buttoned to the waist."""
    canvas = Canvas(104, 118, (52, 4), 8.8, 52)
    cloth = Cloth(prints.dots("#1d1d24", "#f3efe6", 2.5, 0.36), None, 0.10)
    cut = EVENING
    back_inside(canvas, cut, cloth, 0.45)
    for right in (False, True):
        sleeve_panel(canvas, cut, cloth, right, 1.4).lay(0.3)
        cuff = Panel(canvas, join(cut.sleeve_hem(0, right), cut.sleeve_hem(4, right)[::-1]), Cloth(prints.plain("#1d1d24"), None, 0.10))
        cuff.volume(2.2, 2.0).edge(0.3, 0.3).lay(0.3, 0.3, 0.05)
    _skirt(canvas, cut, cloth, 9, 0.6)
    vee = bezier((0, cut.front), (2.4, cut.front * 0.72), (cut.neck * 0.86, cut.front * 0.35), (cut.neck, 0))
    _bodice(canvas, cut, cloth, vee)
    for y in (20.0, 25.0, 30.0, 35.0):
        button(canvas, (0.0, y), 0.62, "#e9e4d8")
    plain = Cloth(prints.plain("#1d1d24"), None, 0.10)
    _binding(canvas, cut, join(flip(vee)[::-1], vee), plain)
    belt = join(curve((-17.9, 40.2), (0, 41.2), (17.9, 40.2)), curve((18.1, 43.4), (0, 44.4), (-18.1, 43.4)))
    strip(canvas, belt, Cloth(prints.plain("#a8322f"), None, 0.15), rgb("#7e2422"), 0.35, puff=0.35).volume(5, 2).lay(0.45, 0.4, 0.3)
    buckle = strip(
        canvas, line((-2.2, 40.2), (2.2, 40.2), (2.2, 45.0), (-2.2, 45.0)), Cloth(prints.plain("#c9a24a"), None, 0.7), None, puff=0.5
    )
    buckle.lay(0.5, 0.3, 0.2)
    strip(canvas, line((-1.4, 41.2), (1.4, 41.2), (1.4, 44.0), (-1.4, 44.0)), Cloth(prints.plain("#a8322f")), None).lay(0)
    opening = join(vee, cut.back_neckline[::-1], flip(cut.back_neckline), flip(vee)[::-1])
    return finish(canvas, "dress-dots", "Dotted dress with long sleeves", "dress", cut.landmarks("hemline"), opening)


def _bodice(canvas: Canvas, cut: Cut, cloth: Cloth, neckline: Path | None = None) -> None:
    """From the shoulders to the waist seam."""
    (wx, wy), (ax, ay) = cut.waist, cut.armpit
    side = curve((ax, ay), ((ax + wx) / 2 + 0.2, (ay + wy) / 2), (wx, wy), steps=30)
    half = join(
        cut.neckline if neckline is None else neckline,
        cut.shoulder_line,
        cut.armhole,
        side,
        curve((wx, wy + 0.5), (wx / 2, wy + 1.2), (0, wy + 1.5)),
    )
    body = bodice_panel(canvas, cut, cloth, closed_by_mirror(half), 0.9)
    rng = canvas.rng
    body.fold(
        [
            Fold(x + rng.normal(0, 0.4), wy + 1, -90 + 1.2 * x, rng.uniform(7, 14), 0.6, rng.uniform(0.15, 0.32))
            for x in np.linspace(-wx + 2, wx - 2, 9)
        ]
    )
    for sign in (-1, 1):
        body.seam(curve((8.5 * sign, wy), (10 * sign, wy - 9), (9.4 * sign, wy - 16)), 0.03)
    body.lay(0.25)


def _skirt(canvas: Canvas, cut: Cut, cloth: Cloth, folds: int, depth: float) -> None:
    """From the waist seam to the hem; the hem swings where the folds are."""
    (wx, wy), (hx, hy) = cut.waist, cut.hem
    rng = canvas.rng
    side = curve((wx, wy), *cut.below, (hx, hy))
    x = np.linspace(hx, -hx, 160)
    swing = 0.55 * np.sin((x / hx) * np.pi * folds * 0.72 + 0.6) * (1 - (x / hx) ** 4)
    hem = np.stack([x, hy + cut.hem_sag * (1 - (x / hx) ** 2) * 1.6 + swing], axis=1)
    outline = join(line((-wx, wy), (wx, wy)), side, hem, flip(side)[::-1])
    panel = Panel(canvas, outline, cloth, bow=1.0).volume(8, 7.0)
    made = []
    for i in range(folds):
        t = (i + 0.5) / folds * 2 - 1 + rng.normal(0, 0.25 / folds)
        angle = np.degrees(np.arctan2(hy - wy, (hx * 1.0 - wx) * t))
        made.append(
            Fold(
                wx * t,
                wy - 3,
                angle,
                (hy - wy) * rng.uniform(1.4, 2.0),
                rng.uniform(1.4, 2.2),
                depth * rng.uniform(0.7, 1.3),
                rng.normal(0, 1.5),
                rng.uniform(1.2, 2.0),
            )
        )
    made += [
        Fold(x0 + rng.normal(0, 0.3), wy - 1, 90 - 1.5 * x0, rng.uniform(8, 22), 0.6, rng.uniform(0.15, 0.4), rng.normal(0, 0.8))
        for x0 in np.linspace(-wx + 1, wx - 1, folds * 2)
    ]
    panel.fold(made)
    panel.uneven(lambda x, y: creases(rng, x, y, 8, 3, 85), 0.25).uneven(lambda x, y: waves(rng, x, y, 10, 2, 88), 0.3)
    panel.edge(0.4, 0.2)
    panel.stitches(resample(shift(hem, 0, -1.6), 0.3), rgb("#8d8a80"), 0.26, 0.2, 0.04)
    panel.lay(0.2)


def _binding(canvas: Canvas, cut: Cut, edge: Path, cloth: Cloth) -> None:
    """A narrow turned edge at a neckline or armhole, on the inner side of the bodice."""
    inner = 0.9 if edge[0][0] * edge[-1][0] < 0 else (0.9 if edge[0][0] > 0 else -0.9)
    fine = resample(edge, 0.15)
    rim = join(fine, offset(edge, inner)[::-1])
    Panel(canvas, rim, cloth).volume(0.5, 0.4).edge(0.2, 0.25).lay(0.3, 0.2, 0.1)
