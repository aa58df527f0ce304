"""Small parts: buttons, pockets, plackets, collars, bands of rib."""

from __future__ import annotations

import numpy as np

from engines.garment.drawing.canvas import Canvas
from engines.garment.drawing.colour import Light, rgb
from engines.garment.drawing.folds import waves
from engines.garment.drawing.geometry import XY, Path, curve, ellipse, flip, join, line, offset, resample
from engines.garment.drawing.panel import Cloth, Panel


def button(canvas: Canvas, centre: XY, radius: float, colour: str, holes: int = 4, gloss: float = 0.5) -> None:
    """A sewn button with a raised rim."""
    x, y = centre
    panel = Panel(canvas, ellipse(centre, radius, radius), Cloth(lambda u, v: rgb(colour) * np.ones_like(u)[..., None], gloss=gloss))
    away = np.hypot(panel.x - x, panel.y - y) / radius
    panel.relief = panel.relief + 0.12 * radius * np.exp(-(((away - 0.78) / 0.16) ** 2)) + 0.1 * radius * np.clip(1 - away, 0, 0.2)
    reach = radius * 0.27
    spots = [(dx, dy) for dx in (-reach, reach) for dy in (-reach, reach)] if holes == 4 else [(-reach, 0.0), (reach, 0.0)][:holes]
    for dx, dy in spots:
        panel.paint(panel.cover(ellipse((x + dx, y + dy), radius * 0.13, radius * 0.13)), rgb("#16120f"), 0.85)
    panel.lay(0.55, 0.18, 0.18)


def metal_button(canvas: Canvas, centre: XY, radius: float, colour: str = "#b9783f") -> None:
    """A shank button of copper or steel, as on denim."""
    cloth = Cloth(lambda u, v: rgb(colour) * np.ones_like(u)[..., None], gloss=0.8)
    panel = Panel(canvas, ellipse(centre, radius, radius), cloth)
    away = np.hypot(panel.x - centre[0], panel.y - centre[1]) / radius
    rings = np.exp(-(((away - 0.8) / 0.12) ** 2)) + 0.7 * np.exp(-(((away - 0.35) / 0.15) ** 2))
    panel.relief = panel.relief + 0.16 * radius * rings + 0.3 * radius * np.sqrt(np.clip(1 - away**2, 0, 1))
    panel.lay(0.6, 0.2, 0.2)


def strip(canvas: Canvas, outline: Path, cloth: Cloth, thread: Light | None = None, inset: float = 0.3, shadow: float = 0.35,
          grain: float = 0.0, puff: float = 0.2) -> Panel:  # fmt: skip
    """A flat applied piece (placket, pocket, flap, waistband): turned edges, topstitched all round; not yet laid down."""
    panel = Panel(canvas, outline, cloth, grain=grain)
    rng = canvas.rng
    panel.uneven(lambda x, y: waves(rng, x, y, 5), 0.06).edge(0.3, puff)
    if thread is not None:
        panel.stitches(offset(np.vstack([outline, outline[:1]]), _inwards(outline) * inset), thread)
    return panel


def _inwards(outline: Path) -> float:
    """+1 where an offset to the right of the direction of travel leads into the outline."""
    x, y = outline[:, 0], outline[:, 1]
    return float(np.sign(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)))


def pocket(canvas: Canvas, x: float, y: float, width: float, height: float, cloth: Cloth, thread: Light, point: float = 1.2) -> None:
    """A patch pocket with a pointed bottom; (x, y) is the middle of its upper edge."""
    w = width / 2
    outline = line((x - w, y), (x + w, y), (x + w, y + height - point), (x, y + height), (x - w, y + height - point))
    panel = strip(canvas, outline, cloth, thread)
    panel.stitches(line((x - w + 0.2, y + 2), (x + w - 0.2, y + 2)), thread)
    panel.lay(0.4, 0.25, 0.15)


def leaf(canvas: Canvas, outline: Path, cloth: Cloth, right: bool, thread: Light | None, grain: float = 35.0) -> None:
    """One half of a turned-down collar or a lapel, given for the viewer's right."""
    shape = outline if right else flip(outline)
    panel = strip(canvas, shape, cloth, thread, 0.45, grain=-grain if right else grain, puff=0.3)
    panel.volume(2.0, 1.2)
    panel.lay(0.5, 0.5, 0.3)


def rib_band(
    canvas: Canvas, upper: Path, lower: Path, cloth: Cloth, spacing: float = 0.34, depth: float = 0.05, volume: float = 1.4
) -> None:
    """A band of rib between two edges that run the same way, as at cuffs and hems."""
    panel = Panel(canvas, join(resample(upper, 0.15), resample(lower, 0.15)[::-1]), cloth)
    panel.ribs(upper, lower, spacing, depth).volume(3.0, volume).edge(0.45, 0.3)
    rng = canvas.rng
    panel.uneven(lambda x, y: waves(rng, x, y, 6), 0.12)
    panel.lay(0.3, 0.25, 0.1)


def cord(canvas: Canvas, points: list[XY], width: float, colour: str, tip: str = "#9a9a9a") -> None:
    """A drawstring with a metal end."""
    path = curve(*points)
    panel = Panel(
        canvas, join(offset(path, width / 2), offset(path, -width / 2)[::-1]), Cloth(lambda u, v: rgb(colour) * np.ones_like(u)[..., None])
    )
    panel.relief = panel.relief + 0.03 * np.sin((panel.y + 0.7 * panel.x) * 2 * np.pi / 0.32)
    panel.edge(width / 2, 0.9).lay(0.55, 0.25, 0.25)
    end = path[-1]
    metal = line((end[0] - width * 0.55, end[1] - 0.2), (end[0] + width * 0.55, end[1] - 0.2), (end[0] + width * 0.5, end[1] + 1.6),
                 (end[0] - width * 0.5, end[1] + 1.6))  # fmt: skip
    Panel(canvas, metal, Cloth(lambda u, v: rgb(tip) * np.ones_like(u)[..., None], gloss=0.9)).edge(width / 2, 0.9).lay(0.5, 0.2, 0.2)
