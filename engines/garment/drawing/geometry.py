"""Curves that garments are cut from. Units are centimetres on the garment, x to the viewer's right, y down."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Path = NDArray[np.float64]
"""(N, 2) points of a polyline."""
XY = tuple[float, float]


def line(*points: XY) -> Path:
    """Straight from point to point."""
    return np.array(points, np.float64)


def curve(*points: XY, steps: int = 24) -> Path:
    """A smooth curve through all points (centripetal Catmull-Rom)."""
    given = np.array(points, np.float64)
    if len(given) < 3:
        return given
    ends = np.vstack([2 * given[0] - given[1], given, 2 * given[-1] - given[-2]])
    pieces = [_catmull(ends[i : i + 4], steps) for i in range(len(given) - 1)]
    return np.vstack([*pieces, given[-1:]])


def _catmull(p: Path, steps: int) -> Path:
    t = np.concatenate([[0.0], np.cumsum(np.sqrt(np.linalg.norm(np.diff(p, axis=0), axis=1)) + 1e-9)])
    x = np.linspace(t[1], t[2], steps, endpoint=False)[:, None]
    a = [(t[i + 1] - x) / (t[i + 1] - t[i]) * p[i] + (x - t[i]) / (t[i + 1] - t[i]) * p[i + 1] for i in range(3)]
    b = [(t[i + 2] - x) / (t[i + 2] - t[i]) * a[i] + (x - t[i]) / (t[i + 2] - t[i]) * a[i + 1] for i in range(2)]
    return np.asarray((t[2] - x) / (t[2] - t[1]) * b[0] + (x - t[1]) / (t[2] - t[1]) * b[1])


def bezier(a: XY, b: XY, c: XY, d: XY, steps: int = 40) -> Path:
    """A cubic Bezier curve from a to d."""
    t = np.linspace(0, 1, steps)[:, None]
    p = [np.array(point, np.float64) for point in (a, b, c, d)]
    return np.asarray((1 - t) ** 3 * p[0] + 3 * (1 - t) ** 2 * t * p[1] + 3 * (1 - t) * t**2 * p[2] + t**3 * p[3])


def ellipse(centre: XY, rx: float, ry: float, start: float = 0, end: float = 360, steps: int = 60) -> Path:
    """An arc in degrees, clockwise as seen (y points down), from the viewer's right."""
    angle = np.radians(np.linspace(start, end, steps))
    return np.stack([centre[0] + rx * np.cos(angle), centre[1] + ry * np.sin(angle)], axis=1)


def join(*paths: Path) -> Path:
    """One path after the other."""
    return np.vstack(paths)


def shift(path: Path, dx: float, dy: float) -> Path:
    """Moved by (dx, dy)."""
    return np.asarray(path + np.array([dx, dy]))


def mirror(path: Path) -> Path:
    """The same path on the other side of the centre line, in the opposite direction."""
    return path[::-1] * (-1, 1)


def flip(path: Path) -> Path:
    """The same path on the other side of the centre line, in the same direction."""
    return path * (-1, 1)


def closed_by_mirror(half: Path) -> Path:
    """A symmetric outline from its half on the viewer's right, top to bottom."""
    return join(half, mirror(half))


def resample(path: Path, spacing: float) -> Path:
    """Points at equal distances along the path, both ends included."""
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    count = max(2, round(along[-1] / spacing) + 1)
    at = np.linspace(0, along[-1], count)
    return np.stack([np.interp(at, along, path[:, k]) for k in (0, 1)], axis=1)


def part(path: Path, start: float, end: float) -> Path:
    """The piece between two fractions of the path's length."""
    fine = resample(path, 0.1)
    first, last = round(start * (len(fine) - 1)), round(end * (len(fine) - 1))
    return fine[first : last + 1]


def offset(path: Path, distance: float) -> Path:
    """The path moved to the right of its direction of travel (as seen, y down) by ``distance``."""
    fine = resample(path, 0.15)
    tangent = np.gradient(fine, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True) + 1e-9
    return fine + distance * np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)


def rotate(path: Path, centre: XY, degrees: float) -> Path:
    """Turned clockwise as seen about ``centre``."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return (path - centre) @ np.array([[c, s], [-s, c]]) + centre


def band(edge: Path, width: float) -> Path:
    """The outline of a band of constant width to the right of an edge's direction."""
    return join(resample(edge, 0.15), offset(edge, width)[::-1])
