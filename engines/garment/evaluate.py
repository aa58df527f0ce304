"""Measures the garment networks on photos they have not seen: ``python -m engines.garment.evaluate --data ../shared/data``.

Cut-outs against hand-made outlines (cut/validation.json), landmarks against hand-made points (landmarks/validation.json), kinds and nearest
neighbours on all validation photos. Prints a table and one JSON line.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from engines.contract import CATEGORY_LANDMARKS, GARMENT_LANDMARKS, KIND_CATEGORY, KINDS
from engines.errors import exit_on_user_error
from engines.garment import cutting
from engines.garment.cut import Cut
from engines.garment.kind import Kind
from engines.garment.landmarks import Landmarks
from engines.pictures import read_rgb

HERE = Path(__file__).parent


def photo(data: Path, stem: str) -> np.ndarray:
    """The picture of SPLIT_KIND_NAME."""
    split, kind, name = stem.split("_")
    return read_rgb(data / "garments" / split / kind / f"{name}.jpg")


def outline(polygons: list[list[list[float]]], size: tuple[int, int]) -> np.ndarray:
    """bool (H,W): the inside of polygons (shares of width and height), even-odd."""
    mask = np.zeros(size, np.uint8)
    points = [np.round(np.array(p) * (size[1], size[0]) * 16 - 8).astype(np.int32) for p in polygons]
    cv2.fillPoly(mask, points, 1, shift=4)
    return mask > 0


def alone(picture: np.ndarray) -> np.ndarray:
    """bool (H,W): GrabCut alone, from a rectangle 8 px inside the border at 224 px, what the cut-out is compared with."""
    scale = 224 / max(picture.shape[:2])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    found = cutting.rectangle(small, 8).astype(np.uint8)
    return np.asarray(cv2.resize(found, picture.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0)


def iou(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two masks."""
    return float((a & b).sum() / max(1, (a | b).sum()))


def measure_cut(cutter: cutting.Cutter, network: Cut, data: Path) -> dict[str, float]:
    """Mean and worst IoU on outlines drawn by hand and on ones only checked; the network and GrabCut alone beside it."""
    marked = json.loads((HERE / "cut/validation.json").read_text())
    scores: dict[str, list[float]] = {}
    for source, outlines in marked.items():
        for stem, polygons in outlines.items():
            picture = photo(data, stem)
            truth = outline(polygons, (picture.shape[0], picture.shape[1]))
            began = time.perf_counter()
            found = cutter(picture).rgba[..., 3] > 127
            scores.setdefault("ms", []).append((time.perf_counter() - began) * 1e3)
            coarse = network(picture)[..., 2] > 0.5
            for name, mask in (("cut", found), ("network", coarse), ("GrabCut", alone(picture))):
                scores.setdefault(f"{name} {source}", []).append(iou(mask, truth))
                scores.setdefault(name, []).append(iou(mask, truth))
    rows = {}
    for name, values in scores.items():
        rows[f"{name} mean"], rows[f"{name} worst"] = float(np.mean(values)), float(max(values) if name == "ms" else min(values))
    return rows


def normalised_errors(found: np.ndarray, truth: dict[str, np.ndarray], category: str) -> np.ndarray:
    """Distances over the armpit distance (waistband for trousers and skirts) of the landmarks in ``truth``; NaN where that is unknown."""
    a, b = ("waistband_left", "waistband_right") if category in ("trousers", "skirt") else ("armpit_left", "armpit_right")
    size = float(np.linalg.norm(truth[a] - truth[b])) if a in truth and b in truth else np.nan
    names = [name for name in CATEGORY_LANDMARKS[category] if name in truth]
    return np.array([np.linalg.norm(found[GARMENT_LANDMARKS.index(name), :2] - truth[name]) / size for name in names])


def measure_landmarks(cutter: cutting.Cutter, pointer: Landmarks, data: Path) -> dict[str, float]:
    """Normalised error (FashionAI's NE) by category, the garment cut out by the network itself."""
    marked = json.loads((HERE / "landmarks/validation.json").read_text())
    errors: dict[str, list[float]] = {}
    for stem, points in marked.items():
        picture = photo(data, stem)
        category = KIND_CATEGORY[stem.split("_")[1]]
        size = np.array(picture.shape[1::-1])
        truth = {name: np.array(point) * size - 0.5 for name, point in points.items()}
        values = normalised_errors(pointer.everything(cutter(picture).rgba), truth, category)
        errors.setdefault(category, []).extend(values)
        errors.setdefault("all", []).extend(values)
    rows = {f"NE {name}": float(np.mean(values)) for name, values in errors.items()}
    return rows | {"NE median": float(np.median(errors["all"])), "share under 10 %": float((np.array(errors["all"]) < 0.1).mean())}


def measure_kinds(cutter: cutting.Cutter, kind: Kind, data: Path, step: int) -> dict[str, float]:
    """Ten-class accuracy, and the share of the same kind among the five nearest of the other validation photos and of training photos."""

    def read(split: str, every: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        paths = sorted((data / "garments" / split).glob("*/*.jpg"))[::every]
        answers = [kind(cutter(read_rgb(path)).rgba) for path in paths]
        truth = np.array([KINDS.index(path.parent.name) for path in paths])
        return truth, np.array([[a[0][k] for k in KINDS] for a in answers]), np.array([a[1] for a in answers])

    truth, kinds, units = read("validation", 1)
    near = np.argsort(-(units @ units.T - 2 * np.eye(len(units))), 1)[:, :5]
    rows = {"accuracy": float((kinds.argmax(1) == truth).mean()), "nearest five": float((truth[near] == truth[:, None]).mean())}
    if step:
        shelf, _, others = read("train", step)
        near = np.argsort(-(units @ others.T), 1)[:, :5]
        rows["nearest five among training photos"] = float((shelf[near] == truth[:, None]).mean())
    return rows


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m engines.garment.evaluate", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with garments/")
    parser.add_argument("--only", choices=("cut", "landmarks", "kinds"), help="measure one of them")
    parser.add_argument("--shelf", type=int, default=0, metavar="N", help="also look for neighbours among every N-th training photo")
    parser.add_argument("--runtime", help="runtime of the networks (default: openvino)")
    args = parser.parse_args()
    cutter = cutting.Cutter.load(args.runtime)
    rows: dict[str, float] = {}
    if args.only in (None, "cut"):
        rows |= measure_cut(cutter, Cut.load(args.runtime), args.data)
    if args.only in (None, "landmarks"):
        rows |= measure_landmarks(cutter, Landmarks.load(args.runtime), args.data)
    if args.only in (None, "kinds"):
        rows |= measure_kinds(cutter, Kind.load(args.runtime), args.data, args.shelf)
    for name, value in rows.items():
        print(f"{name:36} {value:8.3f}")
    print(json.dumps({name: round(value, 4) for name, value in rows.items()}))
    return 0


if __name__ == "__main__":
    sys.exit(exit_on_user_error(main))
