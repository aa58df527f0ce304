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

    def scale(self) -> float:
        """How many pixels are taken from for one that is drawn, typically."""
        across = np.median(np.hypot(*np.moveaxis(np.diff(self.nodes, axis=1), 2, 0)))
        down = np.median(np.hypot(*np.moveaxis(np.diff(self.nodes, axis=0), 2, 0)))
        return float(np.sqrt(across * down)) / self.step


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

    def grid(self, margin: float, cells: int) -> Warp:
        """The map around the drawn points and ``margin`` beyond; the longer side has about ``cells`` cells."""
        points = self._points / self._unit + self._centre
        low, high = np.floor(points.min(0) - margin).astype(int), np.ceil(points.max(0) + margin).astype(int)
        step = max(-(-int((high - low).max()) // cells), 1)
        columns, rows = (-(-(high - low) // step) + 2).tolist()
        x0, y0 = (low - step).tolist()
        middles = np.arange(max(rows, columns)) * step + (step - 1) / 2
        nodes = np.stack(np.meshgrid(middles[:columns] + x0, middles[:rows] + y0), -1)
        return Warp((x0, y0), step, np.ascontiguousarray(self(nodes.reshape(-1, 2)).reshape(rows, columns, 2), np.float32))


def _kernel(a: Points, b: Points) -> np.ndarray:
    """(len(a), len(b)) r² log r² of the distances."""
    dx = a[:, None, 0] - b[None, :, 0]
    dy = a[:, None, 1] - b[None, :, 1]
    square = dx * dx + dy * dy
    return square * np.log(square + 1e-12)
