"""``python -m engines similar PICTURE``: what the piece on a photo is, and which garments of a folder are most like it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from engines.errors import UserError
from engines.garment.read import GarmentReader
from engines.pictures import list_pictures, read_rgb

SHELF = Path(__file__).parents[2] / "streamer/garments"
"""The garments that come with the fitting room."""


def nearest(embedding: np.ndarray, shelf: np.ndarray, most: int = 5) -> list[tuple[int, float]]:
    """The rows of ``shelf`` (N,128) most like ``embedding`` (128,), all of length 1: (row, cosine), the most similar first."""
    if not len(shelf):
        return []
    cosines = shelf @ embedding
    return [(int(i), float(cosines[i])) for i in np.argsort(-cosines)[:most]]


def read_shelf(reader: GarmentReader, folder: Path) -> tuple[list[str], np.ndarray]:
    """Stems and embeddings (N,128) of the cut-outs in a folder; pictures without transparency are cut out first."""
    stems, rows = [], []
    for path in list_pictures(folder):
        picture = read_rgb(path, alpha=True)
        rows.append(reader.describe(picture)[1] if picture.shape[2] == 4 else reader(picture).embedding)
        stems.append(path.stem)
    return stems, np.array(rows)


def in_words(tags: dict[str, Any]) -> str:
    """The tags in a few words: ``plain red t-shirt``."""
    return " ".join([tags["pattern"], " and ".join(colour["name"] for colour in tags["colours"]), tags["kind"]]).replace("  ", " ")


def run(args: argparse.Namespace) -> int:
    """Print the tags, a table of the most similar garments, and one JSON line."""
    reader = GarmentReader.load(args.runtime)
    reading = reader(read_rgb(Path(args.picture), alpha=True))
    folder = Path(args.shelf) if args.shelf else SHELF
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder; give a folder of cut-outs with --shelf.")
    stems, shelf = read_shelf(reader, folder)
    found = nearest(reading.embedding, shelf, args.most)
    print(in_words(reading.tags))
    for row, cosine in found:
        print(f"{cosine:6.3f}  {stems[row]}")
    print(json.dumps({"tags": reading.tags, "similar": [[stems[row], round(cosine, 4)] for row, cosine in found]}))
    return 0
