"""``python -m engines body IN_DIR OUT_DIR``: parsing and landmarks of whole pictures, by finding the person first."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from engines.body import Body, Reading
from engines.body.person import read_person
from engines.contract import CROP_HEIGHT, CROP_WIDTH
from engines.crop import Crop
from engines.errors import UserError
from engines.output import make_folder, write_whole
from engines.pictures import list_pictures, read_rgb


def parse_picture(reading: Reading, crop: Crop, size: tuple[int, int]) -> np.ndarray:
    """uint8 (H,W) class index for every pixel of a picture of ``size`` (H, W); background outside the crop."""
    height, width = size
    best = np.full(size, -1.0, np.float32)
    labels = np.zeros(size, np.uint8)
    # Frame pixel -> cell of the parsing: cell = (crop px - 0.5) / 2.
    onto = crop.matrix / 2
    onto[:, 2] -= 0.25
    for index, probability in enumerate(reading.parsing):
        if probability.max() < 0.02:
            continue
        # Outside the crop everything is background.
        border = 1.0 if index == 0 else 0.0
        large = cv2.warpAffine(probability, onto, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderValue=(border,))
        better = large > best
        labels[better] = index
        np.maximum(best, large, out=best)
    return labels


def run(args: argparse.Namespace) -> int:
    """Write STEM.png for every picture and one keypoints.json; pictures that cannot be read are named, the others go on."""
    out = Path(args.out_dir)
    paths = list_pictures(Path(args.in_dir))
    body = Body.load(args.runtime, path=args.network)
    make_folder(out)
    keypoints: dict[str, list[list[float]]] = {}
    failed: list[str] = []
    for path in tqdm(paths, unit="picture", disable=not sys.stderr.isatty()):
        try:
            picture = read_rgb(path)
        except UserError as error:
            failed.append(str(error))
            continue
        reading, crop, _ = read_person(body, picture)
        labels = parse_picture(reading, crop, (picture.shape[0], picture.shape[1]))
        write_whole(out / f"{path.stem}.png", cv2.imencode(".png", labels)[1].tobytes())
        points = crop.to_frame(reading.landmarks[:, :2].astype(float))
        keypoints[path.stem] = [
            [round(float(x), 2), round(float(y), 2), round(float(s), 4)] for (x, y), s in zip(points, reading.landmarks[:, 2], strict=True)
        ]
    write_whole(out / "keypoints.json", json.dumps(keypoints).encode())
    if failed:
        raise UserError(f"{len(failed)} of {len(paths)} pictures failed, the others are done. " + " ".join(failed))
    print(json.dumps({"pictures": len(keypoints), "runtime": body.engine.runtime, "crop": [CROP_HEIGHT, CROP_WIDTH]}))
    return 0
