"""Pictures labelled with the VGG Image Annotator: its JSON, in the layouts of version 1 (regions by number) and 2 (a list of regions).

A region's class is its ``region_attributes.name``. Everything wrong with a file is named at once, by picture and region.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from engines.body.instances import KINDS
from engines.contract import CLASSES
from engines.errors import UserError
from engines.pictures import read_rgb

NAMES: dict[str, tuple[str, ...]] = {name: (name,) for name in CLASSES if name != "background"} | KINDS
"""What a region may be called: a class of the parsing or a kind of instance."""
_MOST_NAMED = 12
"""Faults named in one message."""


class _Fault(ValueError):
    """What is wrong with one region or picture."""


@dataclass(frozen=True, eq=False)
class Region:
    """``classes``: the parsing classes it may be (two for boots: left and right); ``outline``: float32 (N,2) picture px."""

    classes: tuple[str, ...]
    outline: np.ndarray


@dataclass(frozen=True, eq=False)
class Annotated:
    """One picture, uint8 (H,W,3) RGB, and its regions."""

    name: str
    picture: np.ndarray
    regions: tuple[Region, ...]


def read_via(file: Path, images: Path) -> list[Annotated]:
    """Every annotated picture that has a region. Raises UserError that names every fault; then nothing is returned."""
    faults: list[str] = []
    annotated = []
    for entry in _entries(file):
        name = str(entry.get("filename", "")) if isinstance(entry, dict) else ""
        regions = []
        for number, region in _numbered(entry.get("regions") if isinstance(entry, dict) else None):
            try:
                regions.append(_region(region))
            except _Fault as fault:
                faults.append(f"{name or 'a picture without filename'}, region {number}: {fault}")
        if not regions:
            continue
        try:
            annotated.append(_picture(name, images, tuple(regions)))
        except (_Fault, UserError) as fault:
            faults.append(str(fault))
    if faults:
        more = f" And {len(faults) - _MOST_NAMED} more." if len(faults) > _MOST_NAMED else ""
        raise UserError(f"{file} cannot be used, nothing was trained. " + " ".join(faults[:_MOST_NAMED]) + more)
    if not annotated:
        raise UserError(f"{file} has no regions: draw polygons in the VGG Image Annotator and export them as JSON.")
    return annotated


def _entries(file: Path) -> list[Any]:
    """One object a picture, out of an export or a saved project."""
    try:
        content = json.loads(file.read_text())
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise UserError(f"{file} is no JSON ({error}); export the annotations as JSON.") from error
    if isinstance(content, dict):
        content = content.get("_via_img_metadata", content)
    if not isinstance(content, dict) or not all(isinstance(e, dict) and "regions" in e for e in content.values()):
        raise UserError(f"{file} is no export of the VGG Image Annotator: its pictures with their 'regions' are missing.")
    return list(content.values())


def _numbered(regions: Any) -> Iterator[tuple[str, Any]]:
    """Regions with their numbers, from a dict (version 1) or a list (version 2)."""
    if isinstance(regions, dict):
        yield from ((str(number), region) for number, region in regions.items())
    elif isinstance(regions, list):
        yield from ((str(number), region) for number, region in enumerate(regions))


def _region(region: Any) -> Region:
    shape = region.get("shape_attributes") if isinstance(region, dict) else None
    attributes = region.get("region_attributes") if isinstance(region, dict) else None
    if not isinstance(shape, dict) or not isinstance(attributes, dict):
        raise _Fault("it has no shape_attributes or no region_attributes.")
    name = attributes.get("name")
    if isinstance(name, dict):  # a checkbox in version 2: {"boots": true}
        chosen = [key for key, value in name.items() if value]
        name = chosen[0] if len(chosen) == 1 else None
    if not isinstance(name, str) or not name.strip():
        raise _Fault("its region_attributes have no 'name'.")
    classes = NAMES.get(name.strip().lower())
    if classes is None:
        raise _Fault(f"the class {name!r} is not known; there are {', '.join(sorted(NAMES))}.")
    return Region(classes, _outline(shape))


def _outline(shape: dict[str, Any]) -> np.ndarray:
    kind = shape.get("name")
    if kind in ("polygon", "polyline"):
        xs, ys = shape.get("all_points_x"), shape.get("all_points_y")
        if not isinstance(xs, list) or not isinstance(ys, list) or len(xs) != len(ys):
            raise _Fault("its polygon has not as many x as y.")
        if len(xs) < 3:
            raise _Fault(f"its polygon has {len(xs)} points, three are the least.")
        points = [_numbers(point) for point in zip(xs, ys, strict=True)]
    elif kind == "rect":
        x, y, w, h = _numbers(shape.get(key) for key in ("x", "y", "width", "height"))
        points = [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]
    elif kind in ("circle", "ellipse"):
        cx, cy, rx, ry = _numbers(shape.get(key) for key in (("cx", "cy", "r", "r") if kind == "circle" else ("cx", "cy", "rx", "ry")))
        turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        points = [(cx + rx * np.cos(t), cy + ry * np.sin(t)) for t in turn]
    else:
        raise _Fault(f"its shape is {kind!r}; draw a polygon.")
    outline = np.array(points, np.float32)
    if cv2.contourArea(outline) < 1:
        raise _Fault("its polygon encloses nothing.")
    return outline


def _numbers(values: Iterable[Any]) -> tuple[float, ...]:
    numbers = tuple(values)
    if not all(isinstance(v, int | float) and not isinstance(v, bool) and np.isfinite(v) for v in numbers):
        raise _Fault("its shape has something in it that is no number.")
    return numbers


def _picture(name: str, images: Path, regions: tuple[Region, ...]) -> Annotated:
    if not name or Path(name).name != name:
        raise _Fault(f"{name!r} is no file name of a picture.")
    path = images / name
    if not path.is_file():
        raise _Fault(f"{name}: there is no such picture in {images}.")
    picture = read_rgb(path)
    height, width = picture.shape[:2]
    for number, region in enumerate(regions):
        low, high = region.outline.min(0), region.outline.max(0)
        if (high < 0).any() or low[0] > width or low[1] > height:
            raise _Fault(f"{name}, region {number}: it lies outside the picture ({width}x{height}); was that scaled since?")
    return Annotated(name, picture, regions)
