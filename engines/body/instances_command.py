"""``python -m engines instances IN_DIR OUT_DIR``: every piece of clothing of the person on each picture, cut out."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from engines.body import Body
from engines.body.instances import Instance, find_instances
from engines.body.person import read_person
from engines.errors import UserError
from engines.output import make_folder, write_whole
from engines.pictures import list_pictures, read_rgb


def cut_out(picture: np.ndarray, instance: Instance, white: bool = False, trim: bool = False) -> np.ndarray:
    """The piece alone: uint8 RGBA (h,w,4), or RGB (h,w,3) on white; as large as the picture, or with ``trim`` as its roi.

    Only what is not the piece becomes transparent or white; black cloth stays black.
    """
    y1, x1, y2, x2 = instance.roi if trim else (0, 0, *picture.shape[:2])
    part, alpha = picture[y1:y2, x1:x2], instance.alpha[y1:y2, x1:x2, None]
    if white:
        return np.asarray(part * alpha + 255 * (1 - alpha) + 0.5, np.uint8)
    return np.dstack([part, np.asarray(alpha * 255 + 0.5, np.uint8)])


def run(args: argparse.Namespace) -> int:
    """Write the cut-outs and one instances.json; pictures that cannot be read are named, the others go on."""
    out = Path(args.out_dir)
    paths = list_pictures(Path(args.in_dir))
    body = Body.load(args.runtime, path=args.network)
    make_folder(out)
    found: dict[str, list[dict[str, object]]] = {}
    failed: list[str] = []
    for path in tqdm(paths, unit="picture", disable=not sys.stderr.isatty()):
        try:
            picture = read_rgb(path)
        except UserError as error:
            failed.append(str(error))
            continue
        reading, crop, seen = read_person(body, picture)
        instances = find_instances(reading, crop, (picture.shape[0], picture.shape[1])) if seen else []
        found[path.stem] = []
        for number, one in enumerate(instances):
            name = f"{path.stem}.{number}.{one.kind}.png"
            cut = cut_out(picture, one, args.white, args.trim)
            cut = cv2.cvtColor(cut, cv2.COLOR_RGB2BGR if args.white else cv2.COLOR_RGBA2BGRA)
            write_whole(out / name, cv2.imencode(".png", cut)[1].tobytes())
            found[path.stem].append(
                {"class": one.kind, "score": round(one.score, 4), "roi": one.roi, "area": int((one.alpha >= 0.5).sum()), "file": name}
            )
    write_whole(out / "instances.json", json.dumps(found, indent=1).encode())
    if failed:
        raise UserError(f"{len(failed)} of {len(paths)} pictures failed, the others are done. " + " ".join(failed))
    print(json.dumps({"pictures": len(found), "instances": sum(map(len, found.values())), "runtime": body.engine.runtime}))
    return 0
