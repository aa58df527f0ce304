"""``python -m streamer catalog``: the garments from a terminal, also while the server runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tqdm import tqdm

from streamer.config import Config

from . import Catalog
from .archive import export, restore


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``catalog``."""
    parser.add_argument("--data", type=Path, default=Config().data, metavar="DIR", help="state folder (default var)")
    parser.add_argument("--catalog", metavar="URL", help="postgresql://USER:PASSWORD@HOST/NAME (default: SQLite in the state folder)")
    parser.add_argument(
        "--pictures", metavar="DIR", help="their pictures, where they are not in the state folder: a folder or s3://BUCKET/DIR"
    )
    commands = parser.add_subparsers(dest="what", required=True, metavar="export|import|list|remove")
    for name, about in (
        ("export", "write every garment, draft and photo into one zip"),
        ("import", "take over every garment of such a zip; one whose id is there already becomes what the zip says"),
    ):
        commands.add_parser(name, help=about, description=about).add_argument("file", type=Path, metavar="FILE.zip")
    commands.add_parser("list", help="id, category, price and name of each", description="id, category, price and name of each")
    about = "remove garments with their files"
    commands.add_parser("remove", help=about, description=about).add_argument("id", nargs="+", metavar="ID")


def run(args: argparse.Namespace) -> int:
    """Do one thing with the catalogue. Raises :class:`UserError` for what the user has to mend."""
    catalog = Catalog(args.data / "catalog", url=args.catalog, pictures=args.pictures)
    try:
        if args.what == "export":
            print(f"{export(catalog, args.file, _progress)} garments are in {args.file}.")
        elif args.what == "import":
            print(f"{restore(catalog, args.file, _progress)} garments were taken over from {args.file}.")
        elif args.what == "remove":
            for id in args.id:
                catalog.delete(id)
                print(f"{id} was removed.")
        else:
            for each in catalog.records():
                print(f"{each.id:<32}  {each.category:<8}  {each.price:<10}  {each.name}{'' if each.published else '  (draft)'}")
    finally:
        catalog.close()
    return 0


def _progress(items: Iterable[Any]) -> Iterable[Any]:
    return tqdm(items, unit="garment", file=sys.stderr, disable=None)
