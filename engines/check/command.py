"""``python -m engines check``: what this machine has, and every network on every runtime that works, beside the reference."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import engines
from engines.build import compare
from engines.build.command import present
from engines.build.files import PRECISIONS
from engines.check.machine import describe
from engines.contract import CONTRACTS, GRAPHS
from engines.errors import UserError
from engines.hardware import find_driver
from engines.samples import sample_inputs


def run(args: argparse.Namespace) -> int:
    """The machine, then one table, then one JSON line. Raises UserError."""
    if args.runs < 1:
        raise UserError(f"--runs is {args.runs}; give a number from 1 on.")
    driver = find_driver()
    for line in describe(driver):
        print(line)
    rows = [row for name in args.network or present() for row in check(name, args.crops, args.runs)]
    for name in dict.fromkeys(row["network"] for row in rows):
        print(f"taken for {name}: {taken(name)}")
    for line in not_run(rows):
        print(line)
    print()
    for line in table([row for row in rows if "trouble" not in row]):
        print(line)
    print(json.dumps({"rows": rows}))
    return 0


def taken(name: str) -> str:
    """What a network runs on when nobody asks for a runtime, and why; a frame graph is for cards only."""
    engine = engines.load(name)
    if close := getattr(engine, "close", None):
        close()
    if name in GRAPHS and engine.runtime not in engines.CARD_RUNTIMES:
        return "nothing; on a CPU OpenCV does its work"
    return f"{engine.runtime}: {engine.reason}"


def not_run(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """A line for every trouble: what it keeps from running."""
    found: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for row in rows:
        if trouble := row.get("trouble"):
            runtimes, networks = found.setdefault(trouble, ({}, {}))
            runtimes[row["runtime"]] = networks[row["network"]] = None
    for trouble, (runtimes, networks) in found.items():
        yield f"not run: {', '.join(runtimes)} ({', '.join(networks)}): {trouble}"


def candidates(name: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Title, runtime and options of every way to run a network; the reference first."""
    yield "onnxruntime", "onnxruntime", {}
    if name in GRAPHS:  # a CPU does their work with OpenCV
        yield "onnxruntime-cuda", "onnxruntime-cuda", {}
        yield "tensorrt fp32", "tensorrt", {"precision": "fp32"}
        return
    yield "openvino", "openvino", {"path": engines.network_file(name)}
    if engines.int8_file(name).is_file():
        yield "openvino int8", "openvino", {"path": engines.int8_file(name)}
        yield "onnxruntime int8", "onnxruntime", {"path": engines.int8_file(name)}
    yield "onnxruntime-cuda", "onnxruntime-cuda", {}
    for precision in PRECISIONS:
        yield f"tensorrt {precision}", "tensorrt", {"precision": precision}


def check(name: str, samples: Path | None, runs: int) -> list[dict[str, Any]]:
    """A row of figures for every way to run a network that works here, with the reason for every one that does not."""
    inputs = sample_inputs((CONTRACTS | GRAPHS)[name], samples)
    rows: list[dict[str, Any]] = []
    wanted: dict[str, Any] = {}
    for title, runtime, options in candidates(name):
        engine: Any = None
        try:
            engine = engines.load(name, runtime, **options)
            got = compare.one_by_one(engine, inputs)
            ms = compare.p50_ms(engine, inputs, runs=runs)
        except UserError as error:
            rows.append({"network": name, "runtime": title, "trouble": str(error)})
            continue
        finally:
            if close := getattr(engine, "close", None):
                close()
        wanted = wanted or got
        rows.append({"network": name, "runtime": title, "p50_ms": round(ms, 3), "outputs": compare.differences(wanted, got)})
    return rows


def table(rows: list[dict[str, Any]]) -> Iterator[str]:
    """The rows as lines for people: an output a line, the speed on the first of a network's and runtime's lines."""
    yield f"{'network':19}{'runtime':20}{'output':14}{'max off':>10}{'mean off':>10}{'of mean':>9}{'p50 ms':>9}{'x':>7}"
    first: dict[str, float] = {}
    for row in rows:
        first.setdefault(row["network"], row["p50_ms"])
        for index, (output, off) in enumerate(row["outputs"].items()):
            cells = f"{off['max']:>10.4g}{off['mean']:>10.2g}{100 * off['share']:>8.2f}%"
            speed = f"{row['p50_ms']:>9.2f}{first[row['network']] / row['p50_ms']:>7.2f}" if not index else ""
            titles = f"{row['network']:19}{row['runtime']:20}" if not index else " " * 39
            yield f"{titles}{output:14}{cells}{speed}"
