"""T-shirts and the like: jersey tops with a ribbed crew neck."""

from __future__ import annotations

import numpy as np

from engines.garment.drawing import lettering, prints
from engines.garment.drawing.canvas import Canvas
from engines.garment.drawing.colour import Light, rgb
from engines.garment.drawing.drawn import Drawn, finish
from engines.garment.drawing.geometry import ellipse, line
from engines.garment.drawing.panel import Cloth, Panel
from engines.garment.drawing.top import Cut, back_band, back_inside, bodice_panel, collar_band, hem_stitching, sleeve_panel

SHORT = Cut()
LONG = Cut(neck=9.5, front=8.0, shoulder=(21.5, 4.4), armpit=(24, 24.5), waist=(22.6, 43), hem=(23.5, 66), sleeve=57, angle=27,
           cuff=10.5, elbow=0.8)  # fmt: skip


def tee_lettering() -> Drawn:
    """White, two lines of black lettering on the chest."""
    canvas = Canvas(90, 76, (45, 2), 13, 11)
    body = _jersey(canvas, SHORT, Cloth(prints.plain("#f3f1ec")), "#d9d6d0")
    ink = rgb("#1c1d22")
    _write(body, "ATELIER", 24, 4.6, 1.75, 0.9, ink)
    _write(body, "NORD 62", 31.0, 2.1, 1.3, 0.36, ink)
    body.paint(body.stroke(line((-15.5, 35.6), (15.5, 35.6)), 0.22), rgb("#c8352b"))
    body.paint(body.stroke(line((-15.5, 36.2), (15.5, 36.2)), 0.08), rgb("#c8352b"))
    body.lay(0.25)
    collar_band(canvas, SHORT, Cloth(prints.plain("#f3f1ec")))
    return finish(canvas, "tee-lettering", "White T-shirt with lettering", "blouse", SHORT.landmarks(), SHORT.opening)


def tee_sunset() -> Drawn:
    """Dark teal with a striped sun over waves."""
    canvas = Canvas(90, 76, (45, 2), 13, 12)
    cloth = Cloth(prints.plain("#1f3a40", 0.03))
    body = _jersey(canvas, SHORT, cloth, "#335158")
    _sunset(body)
    body.lay(0.25)
    collar_band(canvas, SHORT, cloth)
    return finish(canvas, "tee-sunset", "Teal T-shirt with a sunset", "blouse", SHORT.landmarks(), SHORT.opening)


def breton() -> Drawn:
    """Long sleeves, navy stripes on off-white, plain shoulders."""
    canvas = Canvas(114, 72, (57, 2), 14, 13)
    striped = prints.stripes("#f1ede2", "#23304f", 2.1, 0.95, start=9.0)
    sleeve = prints.stripes("#f1ede2", "#23304f", 2.1, 0.95, start=4.0)
    plain = Cloth(prints.plain("#f1ede2"))
    body = _jersey(canvas, LONG, Cloth(striped), "#e0dccf", sleeves=Cloth(sleeve))
    body.lay(0.25)
    collar_band(canvas, LONG, plain, 1.3)
    return finish(canvas, "breton", "Breton stripe long sleeve", "blouse", LONG.landmarks(), LONG.opening)


def _jersey(canvas: Canvas, cut: Cut, cloth: Cloth, thread: str, sleeves: Cloth | None = None) -> Panel:
    """Back, neck band and sleeves laid down, the front ready to be printed on."""
    back_inside(canvas, cut, cloth)
    back_band(canvas, cut, cloth, 1.8)
    _label(canvas, cut)
    for right in (False, True):
        panel = sleeve_panel(canvas, cut, sleeves or cloth, right)
        for inset in (1.8, 2.2):
            panel.stitches(cut.sleeve_hem(inset, right), rgb(thread), 0.3, 0.16, 0.05)
        panel.lay(0.3)
    body = bodice_panel(canvas, cut, cloth)
    hem_stitching(body, cut, rgb(thread))
    return body


def _label(canvas: Canvas, cut: Cut) -> None:
    """The woven label inside the neck."""
    y = cut.back + 0.9
    label = Panel(canvas, line((-1.6, y), (1.6, y), (1.6, y + 2.2), (-1.6, y + 2.2)), Cloth(prints.plain("#2b2b30")))
    _write(label, "NORD", y + 0.8, 0.65, 0.2, 0.09, rgb("#e8e6e0"))
    label.edge(0.1, 0.3).lay(0.3, 0.1, 0.1, exposure=0.7)


def _write(panel: Panel, text: str, y: float, height: float, spacing: float, width: float, colour: Light) -> None:
    """Print a centred line of text; strokes are united first, so that crossings do not show."""
    panel.paint(np.max([panel.stroke(path, width) for path in lettering.strokes(text, 0, y, height, spacing)], axis=0), colour, 0.95)


def _sunset(body: Panel) -> None:
    """A sun in stripes that get thinner upwards, waves below it, a word."""
    sun = body.cover(ellipse((0, 27), 10.5, 10.5))
    heat = np.clip((body.y - 17) / 20, 0, 1)[..., None]
    colours = rgb("#ffcf56") * (1 - heat) + rgb("#e2472f") * heat
    gaps = np.zeros_like(sun)
    for i in range(9):
        gaps = np.maximum(gaps, body.stroke(line((-12, 25.5 + 1.45 * i), (12, 25.5 + 1.45 * i)), 0.16 + 0.085 * i))
    amount = (sun * (1 - gaps) * 0.96)[..., None]
    body.albedo = body.albedo * (1 - amount) + colours * amount
    x = np.linspace(-14.5, 14.5, 120)
    for i, code in enumerate(("#f4e3c1", "#f0a35e", "#7fb7ad")):
        wave = np.stack([x, 35.6 + 1.25 * i + 0.55 * np.sin(x * 1.08 + i * 0.9)], axis=1)
        body.paint(body.stroke(wave, 0.5), rgb(code), 0.95)
    _write(body, "PACIFIC COAST", 41.2, 1.7, 0.68, 0.30, rgb("#f4e3c1"))
    _write(body, "SURF CLUB 1968", 44.1, 0.9, 0.45, 0.15, rgb("#f0a35e"))
