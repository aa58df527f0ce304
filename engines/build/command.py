"""``python -m engines build``: engines of every network for this machine's NVIDIA card, or for named cards of other machines."""

from __future__ import annotations

import argparse
import json

import engines
from engines.build import build, default_precision, prove
from engines.build.files import card_name, source_of
from engines.contract import CONTRACTS, GRAPHS
from engines.errors import UserError
from engines.hardware import find_driver


def run(args: argparse.Namespace) -> int:
    """Build, compare and keep; a line for every engine, one JSON line last. Raises UserError."""
    from engines.runtimes.tensorrt import RTX_TARGETS, find_library

    driver = find_driver()
    here = None if driver.problem else driver.cards[0]
    targets: list[str] = [device.lower() for device in args.device] or ([here.target] if here else [])
    if not targets:
        raise UserError(
            f"There is no card to build for: {driver.problem}. Name another machine's with --device ({', '.join(RTX_TARGETS)})."
        )
    for target in targets:
        if target not in RTX_TARGETS and (here is None or target != here.target):
            raise UserError(f"--device {target} is not known; without that card engines are built for {', '.join(RTX_TARGETS)}.")
    built = []
    for target in targets:
        library = find_library(target)
        print(f"{target}: {library.reason}")
        card = here if here is not None and here.target == target else None
        named = card_name(card, library.is_rtx) if card else target
        for name in args.network or present():
            network = engines.network_file(name)
            for precision in args.precision if args.precision and name not in GRAPHS else [default_precision(name)]:
                if precision == "int8" and not args.network and not engines.int8_file(name).is_file():
                    print(f"{name}: left out, for it has no INT8 version")
                    continue
                file = build((CONTRACTS | GRAPHS)[name], network, precision, library, named, None if card else target, args.out)
                row = {"engine": file.path.name, "bytes": file.path.stat().st_size, "compared": False}
                if card is None:
                    why = driver.problem or f"no {target} here"
                    print(f"{file.path}: built, not compared: {why}. It is compared before it is first loaded.")
                else:
                    proof = prove((CONTRACTS | GRAPHS)[name], source_of(name, network, precision), precision, file, args.crops)
                    row |= {"compared": True, "p50_ms": proof["p50_ms"], "batch": proof["batch"]}
                    print(f"{file.path}: as the reference on {proof['samples']} pictures; {proof['p50_ms']['1']:.2f} ms a picture")
                built.append(row)
    print(json.dumps({"engines": built}))
    return 0


def present() -> list[str]:
    """The networks and frame graphs whose file is there."""
    return [name for name in CONTRACTS | GRAPHS if engines.network_file(name).is_file()]
