"""A window of the parsing: the cells under the part of the frame that is drawn on, and how the two lie on each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from engines.contract import CLASSES
from engines.crop import Crop
from engines.tryon.warp import Box

_AROUND = 4  # cells beyond the region: as far as the filters on them reach


@dataclass(frozen=True, eq=False)
class Cells:
    """Planes of a window are (h, w) or (h, w, n) float32."""

    parsing: np.ndarray
    """(22, h, w) class probabilities."""
    picture: np.ndarray
    """(h, w, 3) uint8: the crop at the same size."""
    x: np.ndarray
    """(1, w) where the columns' middles lie, in crop pixels."""
    y: np.ndarray
    """(h, 1) the rows'."""
    matrix: np.ndarray
    """(2, 3) from pixels of the frame to columns and rows."""

    def of(self, *names: str) -> np.ndarray:
        """The probability of any of these classes; a new array."""
        total = self.parsing[CLASSES.index(names[0])].copy()
        for name in names[1:]:
            total += self.parsing[CLASSES.index(name)]
        return total

    def along(self, origin: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """How far each cell lies from ``origin`` along ``direction``, both in crop pixels."""
        (x, y), (dx, dy) = origin.tolist(), direction.tolist()
        return (self.x - x) * dx + (self.y - y) * dy

    def from_crop(self, points: np.ndarray) -> np.ndarray:
        """(N, 2) columns and rows of points in crop pixels."""
        return (points - [self.x[0, 0], self.y[0, 0]]) / 2

    def to(self, region: Box) -> np.ndarray:
        """(2, 3) from pixels of a region of the frame to columns and rows."""
        matrix = self.matrix.copy()
        matrix[:, 2] += matrix[:, :2] @ region[:2]
        return matrix

    def enlarge(self, planes: np.ndarray, region: Box) -> np.ndarray:
        """Planes of the window at the size of a region of the frame, to half a pixel; beyond the window they go on as they end.

        cv2.resize takes a tenth of the time of cv2.warpAffine.
        """
        return self.enlarge_each([planes], region)[0]

    def enlarge_each(self, planes: Iterable[np.ndarray], region: Box) -> list[np.ndarray]:
        """The same of several: quicker than as channels of one, which would have to be taken apart at full size."""
        scale, shift = self.matrix[0, 0], self.to(region)[:, 2]
        width, height = region[2] - region[0], region[3] - region[1]
        rows, columns = self.y.shape[0], self.x.shape[1]
        x0, y0 = (min(max(int(at) - 1, 0), most - 1) for at, most in zip(shift, (columns, rows), strict=True))
        x1, y1 = min(int(shift[0] + width * scale) + 3, columns), min(int(shift[1] + height * scale) + 3, rows)
        part = slice(y0, max(y1, y0 + 1)), slice(x0, max(x1, x0 + 1))
        # Pixel k of the enlarged part is taken from (k + 0.5) * scale - 0.5, pixel x of the region from x * scale + shift.
        left, top = np.rint((shift - [x0, y0] + 0.5) / scale - 0.5).astype(int).tolist()
        y, x = max(top, 0), max(left, 0)
        found = []
        for plane in planes:
            large = cv2.resize(plane[part], None, fx=1 / scale, fy=1 / scale, interpolation=cv2.INTER_LINEAR)
            beyond = max(-top, 0), max(top + height - large.shape[0], 0), max(-left, 0), max(left + width - large.shape[1], 0)
            if max(beyond):
                large = cv2.copyMakeBorder(large, *beyond, cv2.BORDER_REPLICATE)
            found.append(large[y : y + height, x : x + width])
        return found

    def shrink(self, plane: np.ndarray, region: Box) -> np.ndarray:
        """A uint8 plane of a region of the frame on the window's cells, 0..1; 0 beyond the region."""
        size = self.x.shape[1], self.y.shape[0]
        return cv2.warpAffine(plane, self.to(region), size, flags=cv2.INTER_LINEAR).astype(np.float32) / 255

    def boxes(self, cells: np.ndarray, region: Box) -> list[Box]:
        """Boxes of ``region`` around each connected part of the given ``cells`` (h, w) bool; they do not overlap, crumbs are left out."""
        count, _, stats, _ = cv2.connectedComponentsWithStats(cells.astype(np.uint8))
        found = []
        for left, top, width, height, area in stats[1:count].tolist():
            if area >= 10:
                corners = np.array([[left - 1.5, top - 1.5], [left + width + 0.5, top + height + 0.5]])
                low, high = (corners - self.matrix[:, 2]) / self.matrix[0, 0]
                x0, y0 = np.maximum(np.floor(low), region[:2]).astype(int).tolist()
                x1, y1 = np.minimum(np.ceil(high), region[2:]).astype(int).tolist()
                if x1 - x0 > 1 and y1 - y0 > 1:
                    found.append((x0, y0, x1, y1))
        return apart(found)


def apart(boxes: list[Box]) -> list[Box]:
    """Boxes that touch become one."""
    done: list[Box] = []
    for box in boxes:
        while other := next((each for each in done if _touch(each, box)), None):
            done.remove(other)
            box = min(box[0], other[0]), min(box[1], other[1]), max(box[2], other[2]), max(box[3], other[3])
        done.append(box)
    return done


def _touch(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def window(parsing: np.ndarray, crop: Crop, region: Box) -> Cells:
    """The cells of ``parsing`` (22, 128, 96), which belongs to ``crop``, under ``region`` of the frame and a few around it."""
    rows, columns = parsing.shape[1:]
    matrix = crop.matrix / 2
    matrix[:, 2] -= 0.25  # the middle of the first cell lies half a pixel into the crop
    x0, y0 = np.floor(matrix[:, :2] @ region[:2] + matrix[:, 2]).astype(int) - _AROUND
    x1, y1 = np.ceil(matrix[:, :2] @ region[2:] + matrix[:, 2]).astype(int) + _AROUND
    x0, x1 = min(max(int(x0), 0), columns - 8), max(min(int(x1), columns), 8)
    y0, y1 = min(max(int(y0), 0), rows - 8), max(min(int(y1), rows), 8)
    matrix[:, 2] -= [x0, y0]
    picture = cv2.resize(crop.picture[2 * y0 : 2 * y1, 2 * x0 : 2 * x1], (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
    x, y = np.arange(x0, x1, dtype=np.float32) * 2 + np.float32(0.5), np.arange(y0, y1, dtype=np.float32) * 2 + np.float32(0.5)
    return Cells(parsing[:, y0:y1, x0:x1], picture, x[None, :], y[:, None], matrix)
