"""``python -m calibration COMMAND``: INT8 networks: collect and delete crops, quantise, compare."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from engines.contract import CONTRACTS
from engines.errors import UserError, exit_on_user_error

DEFAULT_FOLDER = Path(__file__).resolve().parent.parent / "var" / "calibration"
"""Where crops are kept: git-ignored."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m calibration", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    collect = commands.add_parser("collect", help="keep crops of the people on pictures and videos")
    collect.add_argument("--from", dest="sources", type=Path, action="append", default=[], metavar="PATH",
                         help="a video, a picture, or a folder of them; may be given several times")  # fmt: skip
    collect.add_argument("--out", type=Path, default=DEFAULT_FOLDER, metavar="DIR", help="default: var/calibration")
    collect.add_argument("--count", type=int, default=100, metavar="N", help="crops to collect, over all sources (default: 100)")
    collect.add_argument("--seed", type=int, default=0, help="another seed takes other frames (default: 0)")
    collect.add_argument("--runtime", help="runtime of the network that finds the people (default: openvino)")
    delete = commands.add_parser("delete", help="delete the crops that were collected, and those that shoppers left")
    delete.add_argument("--out", type=Path, default=DEFAULT_FOLDER, metavar="DIR", help="default: var/calibration")
    quantize = commands.add_parser("quantize", help="write a network as INT8, its ranges measured on crops")
    quantize.add_argument("--network", choices=sorted(CONTRACTS), default="body")
    quantize.add_argument("--crops", type=Path, default=DEFAULT_FOLDER, metavar="DIR",
                          help="crops, or pictures of what the network sees (default: var/calibration)")  # fmt: skip
    quantize.add_argument("--out", type=Path, required=True, metavar="FILE", help="the .onnx to write")
    quantize.add_argument("--method", choices=("minmax", "entropy", "percentile"), default="minmax", help="how ranges are chosen")
    quantize.add_argument("--weight-bits", type=int, choices=(7, 8), default=7,
                          help="7 (default) is right on every processor; 8 overflows on x86 processors without VNNI")  # fmt: skip
    quantize.add_argument("--keep-float", action="append", default=[], metavar="NAME",
                          help="leave layers whose name contains NAME in float32, besides the first and the heads")  # fmt: skip
    quantize.add_argument("--most-loss", type=float, default=0.02, metavar="SHARE",
                          help="leave layers in float that alone put an output off by more of its mean (default: 0.02)")  # fmt: skip
    compare = commands.add_parser("compare", help="accuracy and speed of INT8 files beside the committed float network")
    compare.add_argument("files", nargs="+", type=Path, metavar="FILE", help=".onnx files written by quantize")
    compare.add_argument("--crops", type=Path, default=DEFAULT_FOLDER, metavar="DIR", help="default: var/calibration")
    compare.add_argument("--data", type=Path, help="folder with people/: measures on labelled validation photos, too")
    compare.add_argument("--runs", type=int, default=200, help="timed runs of each network (default: 200)")
    compare.add_argument("--page", type=Path, metavar="FILE", help="write the table and the answers side by side to an HTML file")
    compare.add_argument("--threads", type=int, help="default: every core")
    return parser


def main() -> int:
    """Command line; raises UserError for bad input."""
    args = _parser().parse_args()
    # A command's module is imported when it is asked for: each brings its own heavy packages.
    if args.command == "collect":
        from calibration.collect import run
    elif args.command == "delete":
        from calibration.collect import delete as run
    elif args.command == "compare":
        from calibration.compare import run
    else:
        try:
            from calibration.quantize import run
        except ImportError as error:
            raise UserError(
                f"Quantising needs packages that are missing here ({error}); install with pip install -r requirements-calibration.txt."
            ) from error
    return run(args)


if __name__ == "__main__":
    sys.exit(exit_on_user_error(main))
