"""Skirts."""

from __future__ import annotations

import numpy as np

from engines.garment.drawing import prints
from engines.garment.drawing.canvas import Canvas
from engines.garment.drawing.colour import mix, rgb
from engines.garment.drawing.details import metal_button, strip
from engines.garment.drawing.drawn import Drawn, finish
from engines.garment.drawing.folds import creases, drape, fan, waves
from engines.garment.drawing.geometry import XY, Path, bezier, curve, flip, join, line, offset, part, shift
from engines.garment.drawing.panel import Cloth, Panel
from engines.garment.drawing.trousers import Legs, waistband


def pleated() -> Drawn:
    """Plum midi skirt in knife pleats."""
    canvas = Canvas(86, 86, (43, 3), 11.6, 63)
    waist, hem, low = 17.2, 36.5, 76.0
    panel = _pleats(canvas, waist, hem, low, 26)
    rng = canvas.rng
    panel.fold(drape(rng, -hem + 3, hem - 3, low, 6, 40, 3.5, 0.8, 6)).uneven(lambda x, y: waves(rng, x, y, 10, 2.5, 88), 0.4)
    panel.volume(9, 8).edge(0.3, 0.2)
    panel.lay(0)
    top = join(flip(_skirt_top(waist))[::-1], _skirt_top(waist))
    band = Panel(canvas, join(top, (shift(top, 0, 4) * (1.03, 1))[::-1]), Cloth(prints.plain("#6d2a4d"), None, 0.12))
    band.volume(5, 2.5).edge(0.35, 0.3).lay(0.4, 0.4, 0.2)
    points: dict[str, XY] = {
        "waistband_left": (-waist, 0),
        "waistband_right": (waist, 0),
        "hemline_left": (-hem, low),
        "hemline_right": (hem, low),
    }
    return finish(canvas, "skirt-pleated", "Plum pleated skirt", "skirt", points)


def _skirt_top(waist: float) -> Path:
    return bezier((0, 1.2), (waist * 0.4, 1.2), (waist * 0.8, 0.7), (waist, 0))


def _pleats(canvas: Canvas, waist: float, hem: float, low: float, count: int) -> Panel:
    """A panel whose pleats run from the waist to the hem; the hem steps from pleat to pleat."""
    sag = 2.0
    side = bezier((waist, 0), (waist + 4, 14), (waist + 10, 40), (hem, low))
    t = np.linspace(1, -1, count * 16 + 1)
    step = ((t * count / 2) % 1) * 0.7
    bottom = np.stack([t * hem, low + sag * (1 - t**2) - step * (1 - t**8)], axis=1)
    outline = join(line((-waist, 0)), _skirt_top(waist)[:1], line((waist, 0)), side, bottom, flip(side)[::-1])
    panel = Panel(canvas, outline, Cloth(prints.plain("#6d2a4d"), None, 0.16))
    half = np.interp(panel.y[:, 0], side[:, 1], side[:, 0])[:, None]
    across = np.clip(panel.x / half, -1, 1)
    phase = (across * count / 2) % 1
    width = 2 * half / count
    panel.relief = panel.relief + np.asarray(0.30 * width * np.clip(phase * 1.04, 0, 1) * np.clip((1 - phase) / 0.06, 0, 1), np.float32)
    fold = np.exp(-((np.minimum(phase, 1 - phase) / 0.05) ** 2)) + 0.6 * np.exp(-phase / 0.22)
    panel.albedo = mix(panel.albedo, panel.albedo * 0.35, np.clip(0.75 * fold, 0, 1))
    return panel


def denim_skirt() -> Drawn:
    """Black denim, A-line, buttoned in front."""
    canvas = Canvas(72, 58, (36, 3), 14.5, 64)
    waist, hem, low = 17.8, 27.5, 49.0
    thread = rgb("#a8793f")
    cloth = Cloth(prints.denim("#16181d", "#4b505a"))
    side = bezier((waist, 0), (waist + 4.2, 9), (waist + 6.5, 22), (hem, low))
    bottom = curve((hem, low), (hem * 0.5, low + 1.5), (0, low + 2.0), (-hem * 0.5, low + 1.5), (-hem, low))
    outline = join(flip(_skirt_top(waist))[::-1], _skirt_top(waist), side, bottom, flip(side)[::-1])
    panel = Panel(canvas, outline, cloth).volume(7.5, 6)
    rng = canvas.rng
    panel.fold(
        drape(rng, -hem + 3, hem - 3, low, 7, 26, 2.0, 0.5, 6) + fan(rng, 20, 15, 190, 50, 3, 14) + fan(rng, -20, 15, -10, 50, 3, 14)
    )
    panel.uneven(lambda x, y: creases(rng, x, y, 7, 2.2, 80), 0.3).edge(0.5, 0.3)
    for sign in (-1, 1):
        pocket = bezier((7.5, 4.6), (8.2, 11), (13, 13), (22.6, 12.6)) * (sign, 1)
        panel.seam(pocket, 0.08, 0.22)
        for inset in (0.35, 0.95):
            panel.stitches(offset(pocket, inset * sign), thread)
        dart = curve((12.4 * sign, 14), (14.4 * sign, 30), (15.8 * sign, low + 1))
        panel.seam(dart, 0.05).stitches(shift(dart, 0.35 * sign, 0), thread)
    for inset in (1.9, 2.4):
        panel.stitches(part(shift(bottom, 0, -inset), 0.02, 0.98), thread)
    panel.lay(0)
    placket = strip(canvas, line((-2.2, 1.2), (2.2, 1.2), (2.2, low + 1.95), (-2.2, low + 1.95)), cloth, None, puff=0.3)
    for x in (-1.8, 1.8):
        placket.stitches(line((x, 2), (x, low + 1.9)), thread)
    placket.lay(0.45, 0.35, 0.2)
    waistband(canvas, Legs(waist=waist, dip=1.2), cloth, thread, 4.0)
    for y in np.arange(3.2, low - 1, 7.6):
        metal_button(canvas, (0.0, float(y)), 0.85, "#b98a4f")
    points: dict[str, XY] = {
        "waistband_left": (-waist, 0),
        "waistband_right": (waist, 0),
        "hemline_left": (-hem, low),
        "hemline_right": (hem, low),
    }
    return finish(canvas, "skirt-denim", "Black denim skirt", "skirt", points)
