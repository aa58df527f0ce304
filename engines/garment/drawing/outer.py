"""Jackets and coats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.garment.drawing import prints
from engines.garment.drawing.canvas import Canvas
from engines.garment.drawing.colour import Light, rgb
from engines.garment.drawing.details import button, leaf, metal_button, strip
from engines.garment.drawing.drawn import Drawn, finish
from engines.garment.drawing.folds import Field, waves
from engines.garment.drawing.geometry import XY, Path, bezier, closed_by_mirror, curve, flip, join, line, mirror, offset, part, shift
from engines.garment.drawing.panel import Cloth, Panel
from engines.garment.drawing.shirts import Collar, collar_back
from engines.garment.drawing.top import Cut, back_inside, bodice_panel, sleeve_panel

ORANGE = "#c98a3c"
TRUCKER = Cut(neck=8.2, front=8.4, back=1.6, shoulder=(23.5, 5.0), armpit=(26.8, 26.5), waist=(24.8, 46), hem=(23.6, 60), hem_sag=0.8,
              sleeve=60, angle=28, cuff=11.5, elbow=1.6)  # fmt: skip
BLAZER = Cut(neck=8.0, front=9, back=1.5, shoulder=(22.8, 4.2), armpit=(25.6, 26), waist=(23.2, 45), hem=(26.2, 73), hem_sag=0.8, sleeve=60,
             angle=25, cuff=13, elbow=1.4)  # fmt: skip
COAT = Cut(neck=8.4, front=9, back=1.6, shoulder=(23.8, 4.8), armpit=(27.2, 27.5), waist=(26.6, 46), below=((28.4, 72),), hem=(30.5, 103),
           hem_sag=1.0, sleeve=61, angle=24, cuff=15, elbow=1.4)  # fmt: skip


def denim_jacket() -> Drawn:
    """Blue trucker jacket with copper buttons."""
    canvas = Canvas(122, 78, (61, 5), 10.8, 41)
    cut, thread = TRUCKER, rgb(ORANGE)

    def worn(u: Field, v: Field) -> Field:
        return np.asarray(0.16 * np.exp(-((np.abs(np.abs(u) - 13) / 7) ** 2)) * np.exp(-(((v - 34) / 16) ** 2)), np.float32)

    cloth = Cloth(prints.denim("#27456f", "#9db7d3", worn))
    collar = Collar(rise=2.4, width=8.8, close=8.4, tip=(9.0, 15.2))
    back_inside(canvas, cut, cloth, 0.45)
    collar_back(canvas, collar, cloth)
    for right in (False, True):
        sleeve = sleeve_panel(canvas, cut, cloth, right, 1.5)
        sleeve.lay(0.3)
        _denim_cuff(canvas, cut, cloth, right, thread)
    body = bodice_panel(canvas, cut, cloth, folds=1.2)
    for sign in (-1, 1):
        body.stitches(offset(cut.armhole * (sign, 1), 0.5 * sign), thread)
        for lean in (0.0, 0.55):
            body.stitches(line(((8.0 - lean) * sign, 24), ((5.4 - lean) * sign, 55)), thread)
            body.stitches(line(((17.2 + lean) * sign, 24), ((13.2 + lean) * sign, 55)), thread)
        body.seam(line((7.7 * sign, 24), (5.1 * sign, 55))).seam(line((17.5 * sign, 24), (13.5 * sign, 55)))
        yoke = line((2.2 * sign, 19), (22.4 * sign, 19))
        body.seam(yoke).stitches(shift(yoke, 0, 0.4), thread).stitches(shift(yoke, 0, 0.9), thread)
        shoulder = curve((cut.neck * sign, 1.4), (cut.shoulder[0] * sign, 7.0))
        body.seam(shoulder).stitches(shift(shoulder, 0, 0.4), thread)
    body.lay(0.25)
    _trucker_front(canvas, cut, cloth, thread, collar)
    return finish(canvas, "jacket-denim", "Blue denim jacket", "outwear", cut.landmarks(), collar.opening())


def _trucker_front(canvas: Canvas, cut: Cut, cloth: Cloth, thread: Light, collar: Collar) -> None:
    """Waistband, pocket flaps, buttoned edge and collar."""
    hem = join(cut.hem_line, mirror(cut.hem_line))
    band = Panel(canvas, join(offset(hem, 4.6), hem[::-1]), cloth, grain=90)
    for inset in (0.4, 4.2):
        band.stitches(part(offset(hem, inset), 0.01, 0.99), thread)
    band.volume(4, 2.0).edge(0.3, 0.25).lay(0.4, 0.3, 0.15)
    for sign in (-1, 1):
        x = 12.4 * sign
        flap = line((x - 5.8, 19.2), (x + 5.8, 19.2), (x + 5.8, 22.6), (x, 25.2), (x - 5.8, 22.6))
        strip(canvas, flap, cloth, thread, 0.35, puff=0.3).lay(0.55, 0.4, 0.3)
        metal_button(canvas, (x, 23.6), 0.72)
    end = cut.hem[1] + cut.hem_sag - 0.05
    placket = strip(canvas, line((-2.2, collar.close), (2.2, collar.close), (2.2, end), (-2.2, end)), cloth, None, puff=0.3)
    for x in (-1.7, 1.7):
        placket.stitches(line((x, collar.close), (x, end)), thread)
    placket.lay(0.5, 0.35, 0.2)
    for y in (10.6, 19.6, 28.6, 37.6, 46.6, end - 2.4):
        metal_button(canvas, (0.0, y), 0.8)
    for right in (False, True):
        leaf(canvas, collar.leaf(), cloth, right, thread)


def _denim_cuff(canvas: Canvas, cut: Cut, cloth: Cloth, right: bool, thread: Light) -> None:
    cuff = Panel(canvas, join(cut.sleeve_hem(0, right), cut.sleeve_hem(5, right)[::-1]), cloth, grain=60 if right else -60)
    for inset in (0.45, 4.5):
        cuff.stitches(part(cut.sleeve_hem(inset, right), 0.03, 0.97), thread)
    cuff.volume(2.5, 2.0).edge(0.3, 0.25).lay(0.4, 0.3, 0.05)
    at = cut.sleeve_hem(2.5, right)
    x, y = at[int(len(at) * 0.25)]
    metal_button(canvas, (float(x), float(y)), 0.7)


@dataclass(frozen=True)
class Lapel:
    """An open front with collar and lapels; viewer's right half in cm."""

    stop: float = 40.0
    """Height of the upper button, where the lapel begins to roll."""
    overlap: float = 2.2
    """How far the fronts reach past the centre."""
    tip: XY = (14.2, 13.2)
    gorge: XY = (6.6, 6.4)
    collar_tip: XY = (12.2, 9.2)
    rise: float = 2.0

    def roll(self, neck: float) -> Path:
        """From the button to the side of the neck."""
        return bezier((-self.overlap, self.stop), (1.0, self.stop * 0.62), (neck - 1.6, 7.5), (neck - 0.3, -self.rise))

    def lapel(self, neck: float) -> Path:
        lower = part(self.roll(neck), 0, 0.84)
        edge = bezier(self.tip, (13.6, 22), (5.5, self.stop - 10), (-self.overlap, self.stop))
        return join(lower, line(self.gorge, self.tip), edge)

    def collar(self, neck: float) -> Path:
        upper = part(self.roll(neck), 0.78, 1)
        back = bezier((neck - 0.3, -self.rise), (neck + 1.8, -0.6), (neck + 3.0, 1.6), (neck + 3.2, 3.6))
        gx, gy = self.gorge
        return join(upper, back, line(self.collar_tip, (gx + 2.6, gy + 1.6)), line((gx, gy)))

    def opening(self, neck: float) -> Path:
        roll = self.roll(neck)
        roll = roll[roll[:, 0] >= 0]
        back = bezier((neck - 0.3, -self.rise), (neck * 0.5, -self.rise + 1.2), (-neck * 0.5, -self.rise + 1.2), (-neck + 0.3, -self.rise))
        return join(roll, back, flip(roll)[::-1])


def blazer() -> Drawn:
    """Navy single-breasted blazer in fine herringbone."""
    canvas = Canvas(116, 86, (58, 5), 10.6, 42)
    cloth = Cloth(_herringbone("#222d47", "#35435f"), None, 0.05)
    lapel = Lapel()
    _tailored(canvas, BLAZER, lapel, cloth, Cloth(prints.plain("#7d1f2d")), rounded=True)
    for sign in (-1, 1):
        _flap(canvas, sign * 15.2, 52.5, 13.0, cloth)
    _welt(canvas, line((8.6, 24.6), (17.8, 22.8), (18.0, 25.2), (8.8, 27.0)), cloth)
    _lapels(canvas, BLAZER, lapel, cloth)
    for y in (41.2, 52.0):
        button(canvas, (0.0, y), 0.95, "#3a2a1e", gloss=0.7)
    return finish(canvas, "blazer", "Navy blazer", "outwear", BLAZER.landmarks(), lapel.opening(BLAZER.neck))


def coat() -> Drawn:
    """Camel wool coat, double-breasted."""
    canvas = Canvas(122, 116, (61, 5), 9.0, 43)
    cloth = Cloth(prints.melange("#b98b57", "#c79d69", 8), None, 0.03)
    lapel = Lapel(stop=36, overlap=7.5, tip=(17.2, 12.6), gorge=(7.4, 7.2), collar_tip=(13.6, 9.6), rise=2.4)
    _tailored(canvas, COAT, lapel, cloth, Cloth(prints.plain("#6d4b30")), rounded=False)
    for sign in (-1, 1):
        _welt(canvas, line((14.5 * sign, 55), (17.5 * sign, 54.2), (21.5 * sign, 70), (18.5 * sign, 70.8)), cloth)
    _lapels(canvas, COAT, lapel, cloth)
    for y in (37.5, 49, 60.5):
        for x in (-5.6, 5.6):
            button(canvas, (x, y), 1.35, "#4b3222", gloss=0.6)
    return finish(canvas, "coat", "Camel coat", "outwear", COAT.landmarks(), lapel.opening(COAT.neck))


def _herringbone(dark: str, light: str) -> prints.Print:
    def paint(u: Field, v: Field) -> Light:
        column = np.abs((u / 1.3) % 1 - 0.5) * 2
        lines = 0.5 + 0.5 * np.sin((v / 0.36 + column * 1.9) * 2 * np.pi)
        return (rgb(dark) + (rgb(light) - rgb(dark)) * (0.75 * lines[..., None])) * prints.grain(u, 0.015)[..., None]

    return paint


def _tailored(canvas: Canvas, cut: Cut, lapel: Lapel, cloth: Cloth, lining: Cloth, rounded: bool) -> None:
    """Lining, sleeves and both fronts, the viewer's right one on top."""
    half = join(cut.back_neckline, cut.shoulder_line, cut.armhole, line((8, lapel.stop + 4), (0, lapel.stop + 6)))
    Panel(canvas, closed_by_mirror(half), lining).volume(5, 2.0).lay(0, exposure=0.55)
    neck = Collar(rise=lapel.rise, width=cut.neck + 0.1)
    collar_back(canvas, neck, cloth)
    for right in (False, True):
        sleeve = sleeve_panel(canvas, cut, cloth, right, 1.2)
        sleeve.lay(0.35)
        for inset in (3.2, 5.4, 7.6):
            at = cut.sleeve_hem(inset, right)
            x, y = at[int(len(at) * 0.14)]
            button(canvas, (float(x), float(y)), 0.6, "#3a2a1e", gloss=0.7)
    for right in (False, True):
        sign = 1 if right else -1
        outline = _front(cut, lapel, rounded) * (sign, 1)
        front = bodice_panel(canvas, cut, cloth, outline, 1.3, bow=0.0)
        rng = canvas.rng
        front.uneven(lambda x, y: waves(rng, x, y, 10, 2.2, 85), 0.25)  # noqa: B023 (called at once)
        dart = curve((11.5 * sign, 28), (12.2 * sign, 42), (12.8 * sign, 51))
        front.seam(dart, 0.04)
        front.lay(0.45, 0.6, 0.3)


def _front(cut: Cut, lapel: Lapel, rounded: bool) -> Path:
    """One front, viewer's right, from the neck point round to the roll line."""
    (x, y), low = cut.hem, cut.hem[1] + cut.hem_sag
    edge = -lapel.overlap
    if rounded:
        hem = join(bezier((x, y), (x * 0.7, low), (x * 0.6, low), (11, low)), bezier((11, low), (3, low), (edge, low - 6), (edge, 54)))
    else:
        hem = join(bezier((x, y), (x * 0.7, low), (x * 0.35, low), (edge + 0.5, low)), line((edge, low - 0.5)))
    return join(cut.shoulder_line, cut.armhole, cut.side, hem, lapel.roll(cut.neck))


def _lapels(canvas: Canvas, cut: Cut, lapel: Lapel, cloth: Cloth) -> None:
    for right in (False, True):
        sign = 1 if right else -1
        for outline, grain in ((lapel.lapel(cut.neck), 20.0), (lapel.collar(cut.neck), 40.0)):
            piece = Panel(canvas, outline * (sign, 1), cloth, grain=-grain * sign)
            piece.volume(2.5, 1.6).edge(0.35, 0.3)
            piece.lay(0.5, 0.6, 0.35)


def _flap(canvas: Canvas, x: float, y: float, width: float, cloth: Cloth) -> None:
    """A hip pocket's flap, its outer end a little higher."""
    w, lift = width / 2, 0.7 if x > 0 else -0.7
    outline = join(line((x - w, y + lift), (x + w, y - lift)), curve((x + w, y + 4.2 - lift), (x + w - 1, y + 5.2 - lift)),
                   curve((x - w + 1, y + 5.2 + lift), (x - w, y + 4.2 + lift)))  # fmt: skip
    strip(canvas, outline, cloth, None, puff=0.3).lay(0.55, 0.35, 0.3)


def _welt(canvas: Canvas, outline: Path, cloth: Cloth) -> None:
    strip(canvas, outline, cloth, None, puff=0.35).lay(0.5, 0.3, 0.2)
