"""Thin-plate splines: a smooth map through pairs of points, evaluated on a small grid and applied at full size.

Maps run backwards, from where a pixel is drawn to where it is taken from, so that nothing has to be inverted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""(N, 2) x, y."""


@dataclass(frozen=True, eq=False)
class Warp:
    """A map known at the nodes of a regular grid that spans ``box``, the outermost nodes on its border."""

    box: tuple[float, float, float, float]
    """x0, y0, x1, y1 in the coordinates that are drawn in."""
    nodes: NDArray[np.float32]
    """(2, rows, columns): x and y in the coordinates that are taken from."""

    def at(self, xs: NDArray[np.float64], ys: NDArray[np.float64]) -> NDArray[np.float32]:
        """(2, len(ys), len(xs)) the map at every crossing of ``xs`` and ``ys``, interpolated smoothly between the nodes."""
        x0, y0, x1, y1 = self.box
        rows, columns = self.nodes.shape[1:]
        down = _weights((ys - y0) * ((rows - 1) / (y1 - y0)), rows)
        right = _weights((xs - x0) * ((columns - 1) / (x1 - x0)), columns)
        return np.matmul(np.matmul(down, self.nodes), right.T)

    def scale(self) -> float:
        """How many pixels are taken from for one that is drawn, typically."""
        x0, y0, x1, y1 = self.box
        rows, columns = self.nodes.shape[1:]
        per_x = np.hypot(*np.diff(self.nodes, axis=2)) * ((columns - 1) / (x1 - x0))
        per_y = np.hypot(*np.diff(self.nodes, axis=1)) * ((rows - 1) / (y1 - y0))
        return float(np.sqrt(np.median(per_x) * np.median(per_y)))


class ThinPlate:
    """The thin-plate spline that takes each point of ``drawn`` (N, 2) to its partner in ``taken`` (N, 2).

    With ``stiffness`` above 0 the points are met approximately, and the plate bends less.
    """

    def __init__(self, drawn: Points, taken: Points, stiffness: float = 0.0) -> None:
        self._centre = drawn.mean(0)
        self._unit = 1.0 / max(float(np.ptp(drawn, axis=0).max()), 1e-6)
        self._points = (drawn - self._centre) * self._unit
        count = len(drawn)
        system = np.zeros((count + 3, count + 3))
        system[:count, :count] = _kernel(self._points, self._points)
        system[:count, :count].flat[:: count + 1] += stiffness
        system[:count, count] = system[count, :count] = 1.0
        system[:count, count + 1 :] = self._points
        system[count + 1 :, :count] = self._points.T
        system.flat[:: count + 4] += 1e-9  # keeps points that fall together, or on one line, solvable
        self._weights = np.linalg.solve(system, np.vstack([taken, np.zeros((3, 2))]))

    def __call__(self, points: Points) -> Points:
        """Where (N, 2) points of the drawn side are taken from."""
        at = (points - self._centre) * self._unit
        count = len(self._points)
        return _kernel(at, self._points) @ self._weights[:count] + self._weights[count] + at @ self._weights[count + 1 :]

    def grid(self, box: tuple[float, float, float, float], rows: int, columns: int) -> Warp:
        """The map at ``rows`` x ``columns`` nodes over ``box`` (x0, y0, x1, y1)."""
        nodes = np.stack(np.meshgrid(np.linspace(box[0], box[2], columns), np.linspace(box[1], box[3], rows)), -1)
        return Warp(box, np.ascontiguousarray(self(nodes.reshape(-1, 2)).T.reshape(2, rows, columns), np.float32))


def _kernel(a: Points, b: Points) -> NDArray[np.float64]:
    """(len(a), len(b)) r² log r² of the distances."""
    dx = a[:, None, 0] - b[None, :, 0]
    dy = a[:, None, 1] - b[None, :, 1]
    square = dx * dx + dy * dy
    return square * np.log(square + 1e-12)


def _weights(at: NDArray[np.float64], count: int) -> NDArray[np.float32]:
    """(len(at), count) Catmull-Rom weights of ``count`` nodes for positions in nodes; beyond the ends the outermost values go on."""
    at = np.clip(at, 0, count - 1)
    low = np.minimum(at.astype(int), count - 2)
    t = at - low
    t2, t3 = t * t, t * t * t
    parts = ((-t3 + 2 * t2 - t) / 2, (3 * t3 - 5 * t2 + 2) / 2, (-3 * t3 + 4 * t2 + t) / 2, (t3 - t2) / 2)
    weights = np.zeros((len(at), count + 2), np.float32)  # one node more at each end, folded back by going on straight
    row = np.arange(len(at))
    for offset, part in enumerate(parts):
        weights[row, low + offset] += part
    inner = weights[:, 1:-1]
    inner[:, 0] += 2 * weights[:, 0]
    inner[:, 1] -= weights[:, 0]
    inner[:, -1] += 2 * weights[:, -1]
    inner[:, -2] -= weights[:, -1]
    return np.ascontiguousarray(inner)
