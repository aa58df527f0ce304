"""``python -m engines garment IN_DIR OUT_DIR``: the cut-out, category, landmarks and tags of the garment on every picture of a folder."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import cv2
from tqdm import tqdm

from engines.errors import UserError
from engines.garment.read import GarmentReader, Reading
from engines.output import make_folder, write_whole
from engines.pictures import list_pictures, read_rgb


def described(reading: Reading) -> dict[str, Any]:
    """What garments.json says of one picture."""
    return {
        "category": reading.category,
        "scores": {name: round(score, 4) for name, score in reading.scores.items()},
        "landmarks": {name: [round(x, 2), round(y, 2), round(score, 3)] for name, (x, y, score) in reading.landmarks.items()},
        "tags": reading.tags,
    }


def run(args: argparse.Namespace) -> int:
    """Write STEM.png for every picture and one garments.json; pictures that cannot be read are named, the others go on."""
    out = Path(args.out_dir)
    paths = list_pictures(Path(args.in_dir))
    reader = GarmentReader.load(args.runtime)
    make_folder(out)
    garments: dict[str, dict[str, Any]] = {}
    failed: list[str] = []
    for path in tqdm(paths, unit="picture", disable=not sys.stderr.isatty()):
        try:
            reading = reader(read_rgb(path, alpha=True))
        except UserError as error:
            failed.append(f"{path.name}: {error}")
            continue
        write_whole(out / f"{path.stem}.png", cv2.imencode(".png", cv2.cvtColor(reading.rgba, cv2.COLOR_RGBA2BGRA))[1].tobytes())
        garments[path.stem] = described(reading)
        for hint in reading.hints:
            print(f"{path.name}: {hint}", file=sys.stderr)
    write_whole(out / "garments.json", json.dumps(garments).encode())
    if failed:
        raise UserError(f"{len(failed)} of {len(paths)} pictures failed, the others are done. " + " ".join(failed))
    print(json.dumps({"pictures": len(garments)}))
    return 0
