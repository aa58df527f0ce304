"""``python -m engines COMMAND``: the networks from a terminal."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

from engines.build.files import PRECISIONS
from engines.contract import CONTRACTS, GRAPHS
from engines.errors import exit_on_user_error


def main() -> int:
    """Command line; raises UserError for bad input."""
    parser = argparse.ArgumentParser(prog="python -m engines", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    # A command's module is imported when it is asked for: each brings its own heavy packages.
    body = commands.add_parser("body", help="parsing and landmarks of the person on every picture of a folder")
    body.add_argument("in_dir", metavar="IN_DIR", help="folder of pictures")
    body.add_argument("out_dir", metavar="OUT_DIR", help="gets STEM.png (a class index a pixel) and keypoints.json")
    pieces = commands.add_parser("instances", help="every piece of clothing the person wears on every picture of a folder, cut out")
    pieces.add_argument("in_dir", metavar="IN_DIR", help="folder of pictures")
    pieces.add_argument("out_dir", metavar="OUT_DIR", help="gets STEM.NUMBER.CLASS.png with alpha for each piece, and instances.json")
    pieces.add_argument("--white", action="store_true", help="on white instead of with alpha")
    pieces.add_argument("--trim", action="store_true", help="only the piece's roi (y1, x1, y2, x2 in the JSON), not the whole picture")
    pieces.set_defaults(module="engines.body.instances_command")
    for command in (body, pieces):
        command.add_argument("--runtime", help="runtime of the network (default: openvino)")
        command.add_argument("--network", type=Path, metavar="ONNX", help="a network of your own, made by engines.body.train --via")
    garment = commands.add_parser("garment", help="cut-out, category, landmarks and tags of the garment on every picture of a folder")
    garment.add_argument("in_dir", metavar="IN_DIR", help="folder of pictures")
    garment.add_argument("out_dir", metavar="OUT_DIR", help="gets STEM.png (the cut-out, RGBA) and garments.json")
    garment.add_argument("--runtime", help="runtime of the networks (default: openvino)")
    build = commands.add_parser("build", help="TensorRT engines of the networks, compared with the reference")
    build.add_argument("--network", action="append", choices=sorted(CONTRACTS | GRAPHS), help="one or several (default: every one)")
    build.add_argument("--precision", action="append", choices=PRECISIONS, help="one or several (default: fp16)")
    build.add_argument("--device", action="append", default=[], metavar="SM",
                       help="a card that is not here: sm75, sm80, sm86, sm89, sm120; several times (default: this machine's)")  # fmt: skip
    build.add_argument("--out", type=Path, metavar="DIR", help="default: var/engines, where they are looked for")
    build.add_argument("--crops", type=Path, metavar="DIR", help="pictures to compare on (default: collected crops, else built-in ones)")
    check = commands.add_parser("check", help="what this machine has, and every network on every runtime that works, beside the reference")
    check.add_argument("--network", action="append", choices=sorted(CONTRACTS | GRAPHS), help="one or several (default: every one)")
    check.add_argument("--crops", type=Path, metavar="DIR", help="pictures to compare on (default: collected crops, else built-in ones)")
    check.add_argument("--runs", type=int, default=30, help="timed runs of each network (default: 30)")
    similar = commands.add_parser("similar", help="what the piece on a photo is, and which garments are most like it")
    similar.add_argument("picture", metavar="PICTURE", help="photo of a piece, or a cut-out with transparency")
    similar.add_argument("--shelf", metavar="FOLDER", help="folder of cut-outs to look through (default: the garments that come with it)")
    similar.add_argument("--most", type=int, default=5, metavar="N", help="how many are listed (default: 5)")
    similar.add_argument("--runtime", help="runtime of the networks (default: openvino)")
    similar.set_defaults(module="engines.garment.similar")
    tryon = commands.add_parser("tryon", help="people of a list in the garments beside them, and a page that shows and measures it")
    tryon.add_argument("--pairs", type=Path, required=True, metavar="FILE.csv",
                       help="columns person, garment, out, and perhaps truth; files relative to the list, a garment may be a photo, a PNG "
                            "with alpha and a JSON of its landmarks beside it, or an id; out is relative to DIR")  # fmt: skip
    tryon.add_argument("--out", type=Path, required=True, metavar="DIR", help="gets the results and report.html")
    tryon.add_argument("--catalog", type=Path, metavar="FILE.zip", help="the shop's own ids: an exported catalogue")
    tryon.add_argument("--runtime", help="runtime of the networks (default: openvino)")
    args = parser.parse_args()
    run = importlib.import_module(getattr(args, "module", f"engines.{args.command}.command")).run
    return int(run(args))


if __name__ == "__main__":
    sys.exit(exit_on_user_error(main))
