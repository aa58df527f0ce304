"""Thin-plate splines: a smooth map through pairs of points, evaluated on a small grid and applied at full size.

Maps run backwards, from where a pixel is drawn to where it is taken from, so that nothing has to be inverted.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

Points = np.ndarray
"""(N, 2) x, y."""


Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in whole pixels, the last ones not included."""


@dataclass(frozen=True, eq=False)
class Warp:
    """A map known at one point in each cell of a grid of square cells: its middle."""

    origin: tuple[int, int]
    """x and y of the first cell's first pixel, in pixels that are drawn."""
    step: int
    """Pixels a cell's side has."""
    nodes: np.ndarray
    """(rows, columns, 2): x and y that the middle of each cell is taken from."""

    @property
    def box(self) -> Box:
        """The pixels on which the map is known."""
        (x, y), (rows, columns) = self.origin, self.nodes.shape[:2]
        return x, y, x + columns * self.step, y + rows * self.step

    def within(self, region: Box) -> tuple[Box, np.ndarray] | None:
        """The cells that touch ``region``: their box cut to it, and for each of its pixels (h, w, 2) the x and y it is taken from."""
        x0, y0, x1, y1 = self.box
        left, top, right, bottom = max(x0, region[0]), max(y0, region[1]), min(x1, region[2]), min(y1, region[3])
        if left >= right or top >= bottom:
            return None
        # One cell more on each side: the enlarged map goes on straight only between middles of cells.
        first_x, first_y = max((left - x0) // self.step - 1, 0), max((top - y0) // self.step - 1, 0)
        nodes = self.nodes[first_y : (bottom - y0) // self.step + 2, first_x : (right - x0) // self.step + 2]
        large = cv2.resize(nodes, (nodes.shape[1] * self.step, nodes.shape[0] * self.step), interpolation=cv2.INTER_LINEAR)
        x, y = left - x0 - first_x * self.step, top - y0 - first_y * self.step
        return (left, top, right, bottom), large[y : y + bottom - top, x : x + right - left]

    def then(self, factor: np.ndarray, shift: np.ndarray) -> Warp:
        """This map, and after it a scaling by ``factor`` (2,) and a ``shift`` (2,)."""
        return Warp(self.origin, self.step, self.nodes * factor.astype(np.float32) + shift.astype(np.float32))

    def scale(self) -> float:
        """How many pixels are taken from for one that is drawn, typically."""
        rows, columns = self.nodes.shape[:2]
        top, left = rows // 4, columns // 4
        middle = self.nodes[top : rows - top : max(rows - 2 * top - 1, 1), left : columns - left : max(columns - 2 * left - 1, 1)]
        across, down = (middle[0, 1] - middle[0, 0]) / (columns - 2 * left - 1), (middle[1, 0] - middle[0, 0]) / (rows - 2 * top - 1)
        return float(np.sqrt(np.hypot(*across) * np.hypot(*down))) / self.step


class ThinPlate:
    """The thin-plate spline that takes each point of ``drawn`` (N, 2) to its partner in ``taken`` (N, 2).

    With ``stiffness`` above 0 the points are met approximately, and the plate bends less.
    """

    def __init__(self, drawn: Points, taken: Points, stiffness: float = 0.0) -> None:
        count = len(drawn)
        self._low, self._high = drawn.min(0), drawn.max(0)
        self._unit = 1.0 / max(float((self._high - self._low).max()), 1e-6)
        self._points = (drawn - self._low) * self._unit
        system = np.zeros((count + 3, count + 3))
        system[:count, :count] = self._bend(self._points)
        system[:count, count] = system[count, :count] = 1.0
        system[:count, count + 1 :] = self._points
        system[count + 1 :, :count] = self._points.T
        system.flat[:: count + 4] += 1e-9  # keeps points that fall together, or on one line, solvable
        system.flat[: count * (count + 3) : count + 4] += stiffness
        right = np.zeros((count + 3, 2))
        right[:count] = taken
        self._weights = np.linalg.solve(system, right)

    def _bend(self, at: Points) -> np.ndarray:
        """(len(at), N) r² log r² of the distances from the drawn points."""
        dx = at[:, None, 0] - self._points[None, :, 0]
        dy = at[:, None, 1] - self._points[None, :, 1]
        square = dx * dx + dy * dy
        return square * np.log(square + 1e-12)

    def __call__(self, points: Points) -> Points:
        """Where (N, 2) points of the drawn side are taken from."""
        at = (points - self._low) * self._unit
        count = len(self._points)
        return self._bend(at) @ self._weights[:count] + self._weights[count] + at @ self._weights[count + 1 :]

    def grid(self, margin: float, cells: int) -> Warp:
        """The map around the drawn points and ``margin`` beyond; the longer side has about ``cells`` cells."""
        low, high = np.floor(self._low - margin), np.ceil(self._high + margin)
        step = max(-(-int((high - low).max()) // cells), 1)
        x0, y0 = int(low[0]) - step, int(low[1]) - step
        columns, rows = (-(-int(side) // step) + 2 for side in high - low)
        x = (np.arange(columns) * step + (x0 + (step - 1) / 2 - self._low[0])) * self._unit
        y = (np.arange(rows) * step + (y0 + (step - 1) / 2 - self._low[1])) * self._unit
        count = len(self._points)
        # As in _bend, but the squares of a grid's distances are sums of those along its sides.
        dx, dy = x[:, None] - self._points[:, 0], y[:, None] - self._points[:, 1]
        square = (dy * dy).astype(np.float32)[:, None] + (dx * dx).astype(np.float32)
        bend = square * np.log(square + np.float32(1e-12))
        flat = self._weights[count] + x[None, :, None] * self._weights[count + 1] + y[:, None, None] * self._weights[count + 2]
        nodes = bend.reshape(-1, count) @ self._weights[:count].astype(np.float32)
        return Warp((x0, y0), step, nodes.reshape(rows, columns, 2) + flat.astype(np.float32))
