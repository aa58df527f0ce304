"""One piece of cloth: an outline, its print, its folds, seams and stitches; lit and laid on the canvas."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.garment.drawing.canvas import LIGHT, SUPERSAMPLING, Canvas
from engines.garment.drawing.colour import Light
from engines.garment.drawing.folds import Field, Fold
from engines.garment.drawing.geometry import XY, Path, resample


@dataclass(frozen=True)
class Cloth:
    """What a panel is made of. Both functions take cloth coordinates (u across, v along the grain) in cm."""

    print: Callable[[Field, Field], Light]
    """Colour (..., 3) in linear light."""
    relief: Callable[[Field, Field], Field] | None = None
    """Surface height in cm: weave, ribs, cables."""
    gloss: float = 0.06
    """Strength of the highlight."""


class Panel:
    """Made, worked on, then laid down with :meth:`lay`."""

    def __init__(self, canvas: Canvas, outline: Path, cloth: Cloth, grain: float = 0.0, origin: XY = (0, 0), bow: float = 0.0) -> None:
        """``grain``: degrees by which the cloth is turned; ``bow``: how many cm the print sags at 25 cm from the centre."""
        self.canvas, self.cloth = canvas, cloth
        px = canvas.pixels(outline)
        self.left, self.top = (int(n) for n in np.floor(px.min(axis=0)) - 4)
        width, height = (int(n) for n in np.ceil(px.max(axis=0)) + 5 - (self.left, self.top))
        self.left, self.top = max(self.left, 0), max(self.top, 0)
        width, height = min(width, canvas.alpha.shape[1] - self.left), min(height, canvas.alpha.shape[0] - self.top)
        self.mask: Field = self.cover(outline, (height, width))
        x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        self.x = (x + self.left + 0.5) / canvas.scale - np.float32(canvas.origin[0])
        self.y = (y + self.top + 0.5) / canvas.scale - np.float32(canvas.origin[1])
        c, s = np.float32(math.cos(math.radians(grain))), np.float32(math.sin(math.radians(grain)))
        dx, dy = self.x - np.float32(origin[0]), self.y - np.float32(origin[1])
        u, v = dx * c + dy * s, dy * c - dx * s
        v = v + np.float32(bow / 625) * u * u
        self.albedo: Light = np.array(np.broadcast_to(cloth.print(u, v), (*self.mask.shape, 3)), np.float32)
        self.relief: Field = cloth.relief(u, v) if cloth.relief else np.zeros_like(self.mask)
        self.height: Field = np.zeros_like(self.mask)

    def cover(self, outline: Path, shape: tuple[int, int] | None = None) -> Field:
        """How much of each pixel lies inside an outline, 0..1."""
        mask = np.zeros(shape or self.mask.shape, np.uint8)
        at = self.canvas.pixels(outline) - (self.left, self.top)
        cv2.fillPoly(mask, [np.round(at * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        return mask.astype(np.float32) / 255

    def stroke(self, path: Path, width: float) -> Field:
        """How much of each pixel a line of ``width`` cm covers, 0..1."""
        mask = np.zeros(self.mask.shape, np.uint8)
        at = np.round((self.canvas.pixels(path) - (self.left, self.top)) * 16).astype(np.int32)
        cv2.polylines(mask, [at], False, 255, max(1, round(width * self.canvas.scale)), cv2.LINE_AA, 4)
        return mask.astype(np.float32) / 255

    def clip(self, outline: Path) -> Panel:
        """Keep only what lies inside another outline."""
        self.mask = self.mask * self.cover(outline)
        return self

    def fold(self, folds: Iterable[Fold]) -> Panel:
        """Add folds (evaluated coarsely: they are smooth)."""
        step = SUPERSAMPLING * 2
        x, y = self.x[::step, ::step], self.y[::step, ::step]
        coarse = np.zeros_like(x)
        for each in folds:
            coarse += each(x, y)
        return self._raise(coarse, step)

    def uneven(self, field: Callable[[Field, Field], Field], amount: float) -> Panel:
        """Add a field of folds (see folds.py) of ``amount`` cm."""
        step = SUPERSAMPLING * 2
        coarse = field(self.x[::step, ::step], self.y[::step, ::step])
        return self._raise(amount * coarse, step)

    def volume(self, reach: float, amount: float) -> Panel:
        """Fill the panel as a body would: higher inside, falling off within ``reach`` cm of the edge."""
        step = SUPERSAMPLING * 4
        pad = round(2 * reach * self.canvas.scale / step) + 1
        coarse = cv2.resize(self.mask, None, fx=1 / step, fy=1 / step, interpolation=cv2.INTER_AREA)
        coarse = cv2.copyMakeBorder(coarse, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=0)
        soft = cv2.GaussianBlur(coarse, (0, 0), reach * self.canvas.scale / step)[pad:-pad, pad:-pad]
        return self._raise(amount * soft, step)

    def _raise(self, coarse: Field, step: int) -> Panel:
        """Add a coarse field; blurred once enlarged, or the light would show its grid."""
        large = cv2.resize(coarse, self.mask.shape[::-1], interpolation=cv2.INTER_CUBIC)
        self.height += np.asarray(cv2.GaussianBlur(large, (0, 0), 0.7 * step), np.float32)
        return self

    def edge(self, radius: float = 0.5, amount: float = 0.25) -> Panel:
        """Round the panel's edge: cloth is turned in and sewn there."""
        inside = cv2.distanceTransform((self.mask > 0.5).astype(np.uint8), cv2.DIST_L2, 5) / self.canvas.scale
        t = np.clip(inside / radius, 0, 1)
        self.relief = self.relief + amount * radius * np.sqrt(np.clip(1 - (1 - t) ** 2, 0, 1))
        return self

    def seam(self, path: Path, depth: float = 0.05, width: float = 0.16) -> Panel:
        """A groove where two pieces are sewn together."""
        groove = cv2.GaussianBlur(self.stroke(path, width), (0, 0), 0.35 * width * self.canvas.scale)
        self.relief = self.relief - depth * groove
        self.albedo *= (1 - 0.25 * groove)[..., None]
        return self

    def stitches(self, path: Path, thread: Light, length: float = 0.32, gap: float = 0.14, width: float = 0.07) -> Panel:
        """A dashed line of thread, sunk a little into the cloth."""
        points = resample(path, length + gap)
        mask = np.zeros_like(self.mask)
        share = length / (length + gap)
        for a, b in itertools.pairwise(points):
            self._dash(mask, a, a + (b - a) * share, width)
        groove = cv2.GaussianBlur(self.stroke(path, 0.2), (0, 0), 0.08 * self.canvas.scale)
        self.relief = self.relief - 0.02 * groove + 0.015 * mask
        self.paint(mask, thread, 0.85)
        return self

    def _dash(self, mask: Field, a: Path, b: Path, width: float) -> None:
        at = np.round((self.canvas.pixels(np.array([a, b])) - (self.left, self.top)) * 16).astype(np.int32)
        cv2.polylines(mask, [at], False, 1.0, max(1, round(width * self.canvas.scale)), cv2.LINE_AA, 4)

    def ribs(self, inner: Path, outer: Path, spacing: float = 0.28, depth: float = 0.035) -> Panel:
        """Rib knit between two edges: grooves from one to the other."""
        count = max(3, round(float(np.linalg.norm(np.diff(outer, axis=0), axis=1).sum()) / spacing))
        both = [_evenly(edge, count) for edge in (inner, outer)]
        mask = np.zeros_like(self.mask)
        for a, b in zip(*both, strict=True):
            self._dash(mask, a, b, spacing * 0.4)
        soft = cv2.GaussianBlur(mask, (0, 0), spacing * 0.14 * self.canvas.scale)
        self.relief = self.relief - depth * soft
        self.albedo *= (1 - 0.22 * soft)[..., None]
        return self

    def paint(self, mask: Field, colour: Light, opacity: float = 1.0) -> Panel:
        """Colour what a mask covers."""
        amount = (mask * opacity)[..., None]
        self.albedo = self.albedo * (1 - amount) + colour * amount
        return self

    def darken(self, mask: Field, amount: float) -> Panel:
        """Shade what a mask covers."""
        self.albedo *= (1 - amount * mask)[..., None]
        return self

    def lay(self, shadow: float = 0.45, blur: float = 0.5, drop: float = 0.25, exposure: float = 1.0) -> None:
        """Light the panel and put it on the canvas, with a soft shadow on what lies below."""
        if shadow:
            self.canvas.shadow(self.mask, self.top, self.left, shadow, blur, drop)
        shade, shift = self._shade()
        light = cv2.remap(np.asarray(self.albedo, np.float32), *shift, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        tint = np.stack([shade**1.06, shade**1.02, shade**0.97], axis=2)
        shine = self.cloth.gloss * np.clip(shade - 1, 0, 1)[..., None]
        self.canvas.lay(np.asarray(light * tint * exposure + shine, np.float32), self.mask, self.top, self.left)

    def _shade(self) -> tuple[Field, tuple[Field, Field]]:
        """Brightness (1 = flat cloth) and where the print is taken from: folds swallow a little of it."""
        scale = self.canvas.scale
        slopes = [cv2.Sobel(np.asarray(self.height, np.float32), cv2.CV_32F, *axis, ksize=3, scale=scale / 8) for axis in ((1, 0), (0, 1))]
        fine = [cv2.Sobel(np.asarray(self.relief, np.float32), cv2.CV_32F, *axis, ksize=3, scale=scale / 8) for axis in ((1, 0), (0, 1))]
        sx, sy = (a + b for a, b in zip(slopes, fine, strict=True))
        facing = (LIGHT[2] - LIGHT[0] * sx - LIGHT[1] * sy) / np.sqrt(1 + sx * sx + sy * sy) / LIGHT[2]
        hollow = np.clip(cv2.GaussianBlur(self.height, (0, 0), 1.2 * scale) - self.height, 0, 0.6)
        relief = np.asarray(self.relief, np.float32)
        groove = np.clip(cv2.GaussianBlur(relief, (0, 0), 0.35 * scale) - relief, 0, 0.25)
        shade = np.clip(0.30 + 0.70 * facing, 0.12, 1.35) * (1 - 0.55 * hollow) * (1 - 1.6 * groove)
        columns, rows = np.meshgrid(np.arange(self.mask.shape[1], dtype=np.float32), np.arange(self.mask.shape[0], dtype=np.float32))
        swallow = 0.35 * scale
        return shade.astype(np.float32), (columns + swallow * slopes[0], rows + swallow * slopes[1])


def _evenly(path: Path, count: int) -> NDArray[np.float64]:
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    at = np.linspace(0, along[-1], count)
    return np.stack([np.interp(at, along, path[:, k]) for k in (0, 1)], axis=1)
