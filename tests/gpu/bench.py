"""``python -m tests.gpu.bench``: ms a picture at batches of 1, 4 and 8 on every runtime of the card, and how many streams that makes."""

from __future__ import annotations

import argparse
import json

import engines
from engines.build import compare
from engines.contract import CONTRACTS
from engines.errors import UserError, exit_on_user_error
from engines.hardware import find_driver
from engines.samples import sample_inputs

RATE = 30
"""Frames a second of one stream."""


def main() -> int:
    """A table for people, one JSON line last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", choices=sorted(CONTRACTS), default="body")
    parser.add_argument("--runs", type=int, default=200)
    args = parser.parse_args()
    driver = find_driver()
    if driver.problem:
        raise UserError(f"There is no NVIDIA card to measure: {driver.problem}.")
    inputs = sample_inputs(CONTRACTS[args.network])
    rows = []
    print(f"{driver.cards[0].name}, {args.network}\n{'runtime':20}{'batch':>6}{'p50 ms':>9}{'a picture':>11}{'streams':>9}")
    for runtime, options in (("onnxruntime-cuda", {}), *(("tensorrt", {"precision": p}) for p in ("fp32", "fp16", "int8"))):
        try:
            engine = engines.load(args.network, runtime, **options)
        except UserError as error:
            print(f"{runtime}: {error}")
            continue
        for batch in compare.BATCHES:
            ms = compare.p50_ms(engine, inputs, batch, args.runs)
            row = {
                "runtime": " ".join((runtime, *options.values())),
                "batch": batch,
                "p50_ms": ms,
                "streams": int(1000 / RATE / ms * batch),
            }
            print(f"{row['runtime']:20}{batch:>6}{ms:>9.3f}{ms / batch:>11.3f}{row['streams']:>9}")
            rows.append(row)
        engine.close()
    print(json.dumps({"card": driver.cards[0].name, "network": args.network, "rows": rows}))
    return 0


if __name__ == "__main__":
    raise SystemExit(exit_on_user_error(main))
