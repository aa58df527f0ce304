"""``python -m engines COMMAND``: the networks from a terminal."""

from __future__ import annotations

import argparse
import importlib
import sys

from engines.errors import exit_on_user_error


def main() -> int:
    """Command line; raises UserError for bad input."""
    parser = argparse.ArgumentParser(prog="python -m engines", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    # A command's module is imported when it is asked for: each brings its own heavy packages.
    body = commands.add_parser("body", help="parsing and landmarks of the person on every picture of a folder")
    body.add_argument("in_dir", metavar="IN_DIR", help="folder of pictures")
    body.add_argument("out_dir", metavar="OUT_DIR", help="gets STEM.png (a class index a pixel) and keypoints.json")
    body.add_argument("--runtime", help="runtime of the network (default: openvino)")
    garment = commands.add_parser("garment", help="cut-out, category, landmarks and tags of the garment on every picture of a folder")
    garment.add_argument("in_dir", metavar="IN_DIR", help="folder of pictures")
    garment.add_argument("out_dir", metavar="OUT_DIR", help="gets STEM.png (the cut-out, RGBA) and garments.json")
    garment.add_argument("--runtime", help="runtime of the networks (default: openvino)")
    args = parser.parse_args()
    run = importlib.import_module(f"engines.{args.command}.command").run
    return int(run(args))


if __name__ == "__main__":
    sys.exit(exit_on_user_error(main))
