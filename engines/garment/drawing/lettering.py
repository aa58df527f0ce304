"""Letters for printing on garments: strokes of one width with flat ends, on a grid one unit high."""

from __future__ import annotations

import numpy as np

from engines.garment.drawing.geometry import Path, ellipse, join, line

_BOWL = 0.27


def _arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> Path:
    return ellipse((x, y), rx, ry, start, end, 24)


GLYPHS: dict[str, tuple[float, list[Path]]] = {
    " ": (0.35, []),
    "A": (0.72, [line((0, 1), (0.36, 0), (0.72, 1)), line((0.13, 0.66), (0.59, 0.66))]),
    "B": (0.56, [line((0, 0), (0, 1)), join(line((0, 0)), _arc(0.28, 0.24, 0.24, 0.24, -90, 90), line((0, 0.48))),
                 join(line((0, 0.48)), _arc(0.28, 0.74, 0.28, 0.26, -90, 90), line((0, 1)))]),
    "C": (0.66, [_arc(0.44, 0.5, 0.44, 0.5, -45, -315)]),
    "D": (0.64, [join(line((0, 0), (0.2, 0)), _arc(0.2, 0.5, 0.44, 0.5, -90, 90), line((0, 1), (0, 0)))]),
    "E": (0.48, [line((0.48, 0), (0, 0), (0, 1), (0.48, 1)), line((0, 0.48), (0.42, 0.48))]),
    "F": (0.46, [line((0.46, 0), (0, 0), (0, 1)), line((0, 0.48), (0.4, 0.48))]),
    "G": (0.72, [join(_arc(0.44, 0.5, 0.44, 0.5, -45, -360), line((0.5, 0.5)))]),
    "H": (0.60, [line((0, 0), (0, 1)), line((0.6, 0), (0.6, 1)), line((0, 0.48), (0.6, 0.48))]),
    "I": (0.0, [line((0, 0), (0, 1))]),
    "L": (0.46, [line((0, 0), (0, 1), (0.46, 1))]),
    "M": (0.76, [line((0, 1), (0, 0), (0.38, 0.66), (0.76, 0), (0.76, 1))]),
    "N": (0.62, [line((0, 1), (0, 0), (0.62, 1), (0.62, 0))]),
    "O": (0.88, [_arc(0.44, 0.5, 0.44, 0.5, 0, 360)]),
    "P": (0.54, [join(line((0, 1), (0, 0), (0.26, 0)), _arc(0.26, 0.27, 0.28, _BOWL, -90, 90), line((0, 0.54)))]),
    "R": (0.56, [join(line((0, 1), (0, 0), (0.26, 0)), _arc(0.26, 0.27, 0.28, _BOWL, -90, 90), line((0, 0.54))),
                 line((0.26, 0.54), (0.56, 1))]),
    "S": (0.54, [join(_arc(0.27, 0.26, 0.25, 0.26, -35, -270), _arc(0.27, 0.75, 0.27, 0.25, -90, 145))]),
    "T": (0.60, [line((0, 0), (0.6, 0)), line((0.3, 0), (0.3, 1))]),
    "U": (0.60, [join(line((0, 0), (0, 0.68)), _arc(0.3, 0.68, 0.3, 0.32, 180, 0), line((0.6, 0)))]),
    "V": (0.68, [line((0, 0), (0.34, 1), (0.68, 0))]),
    "Y": (0.66, [line((0, 0), (0.33, 0.5), (0.66, 0)), line((0.33, 0.5), (0.33, 1))]),
    "0": (0.60, [_arc(0.3, 0.5, 0.3, 0.5, 0, 360)]),
    "1": (0.20, [line((0, 0.16), (0.2, 0), (0.2, 1))]),
    "2": (0.54, [join(_arc(0.27, 0.27, 0.27, 0.27, -165, 30), line((0, 1), (0.56, 1)))]),
    "6": (0.58, [_arc(0.29, 0.69, 0.29, 0.31, 0, 360), join(line((0.42, 0)), line((0.04, 0.55)))]),
    "8": (0.56, [_arc(0.28, 0.25, 0.24, 0.25, 0, 360), _arc(0.28, 0.74, 0.28, 0.26, 0, 360)]),
    "9": (0.58, [_arc(0.29, 0.31, 0.29, 0.31, 0, 360), join(line((0.16, 1)), line((0.54, 0.45)))]),
}  # fmt: skip
"""For each letter its width and its strokes, baseline at 1."""


def width(text: str, height: float, spacing: float) -> float:
    """Width of a line of text in cm."""
    return float(sum(GLYPHS[letter][0] for letter in text) * height + spacing * (len(text) - 1))


def strokes(text: str, x: float, y: float, height: float, spacing: float, centred: bool = True) -> list[Path]:
    """The strokes of a line of text whose letters are ``height`` cm high with ``spacing`` cm between them; y is their top."""
    at = x - width(text, height, spacing) / 2 if centred else x
    paths = []
    for letter in text:
        advance, drawn = GLYPHS[letter]
        paths += [np.asarray(path * height + (at, y)) for path in drawn]
        at += advance * height + spacing
    return paths
