"""``python -m calibration collect``: crops of people from pictures and videos, spread evenly over them."""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

from calibration import crops, sources
from engines.body import Body
from engines.body.person import read_person
from engines.errors import UserError


def collect(body: Body, paths: list[Path], folder: Path, count: int, seed: int = 0) -> tuple[int, int, list[str]]:
    """Store up to ``count`` crops in ``folder``: the same share from every path, and within a folder from every file.

    Where a file has nobody on it, the files after it make up for it. Returns how many crops were new, how many were there already,
    and a sentence for every file that could not be read. Raises UserError for a path with nothing to read, and where it cannot write.
    """
    random = np.random.default_rng(seed)
    files = [sources.list_files(path) for path in paths]
    used: set[Path] = set()
    new = known = 0
    unreadable: list[str] = []
    with tqdm(total=count, unit="crop", disable=not sys.stderr.isatty()) as progress:
        for index, group in enumerate(files):
            wanted = math.ceil((count - new - known) / (len(files) - index))
            order = [group[i] for i in random.permutation(len(group)) if group[i].resolve() not in used]
            used |= {file.resolve() for file in order}
            for place, file in enumerate(order):
                share = math.ceil(wanted / (len(order) - place))
                if not share:
                    break
                try:
                    chances = sources.frames(file, share, random)
                    stored = [fresh for chance in chances if (fresh := _store_person(body, chance, folder)) is not None]
                except UserError as error:
                    unreadable.append(str(error))
                    continue
                new, known, wanted = new + sum(stored), known + stored.count(False), wanted - len(stored)
                progress.update(len(stored))
    return new, known, unreadable


def _store_person(body: Body, chance: list[np.ndarray], folder: Path) -> bool | None:
    """Store the person on the first of the frames that shows one: whether the crop is new; None where nobody is seen."""
    for frame in chance:
        _, crop, found = read_person(body, frame)
        if found:
            return crops.store(crop.picture, folder)
    return None


def delete(args: argparse.Namespace) -> int:
    """The command that deletes what was collected."""
    print(f"{crops.clear(args.out)} crops deleted from {args.out}")
    return 0


def run(args: argparse.Namespace) -> int:
    """The command: one JSON line last."""
    if args.count < 1:
        raise UserError(f"--count is {args.count}; give a number of crops from 1 on.")
    left = crops.live(args.out)
    if left:
        shoppers = len({path.parent for path in left})
        print(f"{len(left)} crops of {shoppers} shoppers who agreed are in {args.out / 'live'}; they are used where they lie")
    if not args.sources:
        if not left:
            raise UserError(
                "There is nothing to collect from; give --from PATH (a video, a picture, or a folder of them), or let shoppers agree on "
                "the page (keep_crops of the server's settings)."
            )
        print(json.dumps({"folder": str(args.out), "new": 0, "there_already": 0, "unreadable": 0, "live": len(left)}))
        return 0
    new, known, unreadable = collect(Body.load(args.runtime), args.sources, args.out, args.count, args.seed)
    for sentence in unreadable:
        print(f"left out: {sentence}", file=sys.stderr)
    if not new + known:
        raise UserError(f"Nobody was found in {', '.join(map(str, args.sources))}; give pictures or videos of a person.")
    if new + known < args.count:
        print(f"{new + known} of {args.count} crops: there were no more people to be found", file=sys.stderr)
    print(json.dumps({"folder": str(args.out), "new": new, "there_already": known, "unreadable": len(unreadable), "live": len(left)}))
    return 0
