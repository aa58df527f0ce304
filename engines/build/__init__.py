"""Engines for NVIDIA cards: built, compared with the reference, and only then kept to be loaded."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import engines
from engines.build import compare
from engines.build.files import FOLDER, EngineFile, card_name, digest, engine_file, source_of, write
from engines.contract import GRAPHS, Contract
from engines.errors import CardError, UserError
from engines.hardware import Card
from engines.origin import is_made_of
from engines.samples import sample_inputs

log = logging.getLogger(__name__)


def default_precision(network: str) -> str:
    """Half precision, but for the frame's arithmetic."""
    return "fp32" if network in GRAPHS else "fp16"


def take(contract: Contract, network: Path, precision: str | None, library: Any, card: Card) -> Path:
    """The proven engine of the .onnx ``network`` on this machine's ``card``; one that is missing, stale or damaged is built first.

    Raises UserError (see :func:`build` and :func:`prove`).
    """
    precision = precision or default_precision(contract.network)
    source = source_of(contract.network, network, precision)
    file = engine_file(contract.network, source, library.tag, card_name(card, library.is_rtx), precision)
    if why := file.trouble():
        log.warning("Engine %s: %s; it is built and compared now.", file.path.name, why)
        build(contract, network, precision, library, card_name(card, library.is_rtx), None)
        prove(contract, source, precision, file)
    return file.path


def build(
    contract: Contract, network: Path, precision: str, library: Any, card: str, target: str | None, folder: Path | None = None
) -> EngineFile:
    """Build the engine of ``network`` for a ``card`` (see :func:`card_name`), unless its file is there; ``target``: a card that is not.

    Raises UserError for what TensorRT does not take, for a missing INT8 version, for one of another network, and for a full disk.
    """
    from engines.build.plan import build_plan

    try:
        from engines.graphs.prepare import prepare
    except ImportError as error:
        raise CardError(f"Building needs packages that are missing ({error}); pip install -r requirements-gpu.txt.") from error
    source = source_of(contract.network, network, precision)
    if source != network and not is_made_of(source, network):
        raise UserError(f"{source} was made of another version of {network}: make it anew with 'python -m calibration quantize'.")
    file = engine_file(contract.network, source, library.tag, card, precision, folder)
    if file.path.is_file() and file.trouble() != "its file is damaged":
        return file
    file.delete()
    _delete_stale(contract.network, card, precision, file)
    model = prepare(source, precision).SerializeToString()
    cache = (folder or FOLDER) / f"{library.tag}-{card}.timing"
    write(file.path, build_plan(library, contract, source, model, target, cache))
    return file


def prove(contract: Contract, source: Path, precision: str, file: EngineFile, samples: Path | None = None) -> dict[str, Any]:
    """Compare an engine with ONNX Runtime on real crops, one by one and in batches; keep it with its figures, or delete it.

    Returns the figures. Raises UserError, with them, for an engine that is off; CardError where it cannot be run.
    """
    from engines.runtimes.tensorrt import Engine

    inputs = sample_inputs(contract, samples)
    wanted = compare.one_by_one(engines.load(contract.network, "onnxruntime", path=source), inputs)
    sizes = compare.BATCHES if all(tensor.shape[0] is None for tensor in contract.inputs) else (1,)
    engine = Engine(file.path, contract)
    try:
        figures: dict[str, Any] = {"alone": compare.differences(wanted, compare.one_by_one(engine, inputs))}
        for size in sizes[1:]:
            figures[f"by {size}"] = compare.differences(wanted, compare.in_batches(engine, inputs, size))
        ms = {str(size): compare.p50_ms(engine, inputs, size) for size in sizes}
    finally:
        engine.close()
    if wrong := [f"{fault} ({how})" for how, found in figures.items() for fault in compare.faults(found, precision)]:
        file.delete()
        raise UserError(
            f"The engine {file.path.name} was refused and deleted, for it does not compute what ONNX Runtime does: {'; '.join(wrong)}. "
            f"Take another --precision or --runtime, and report it with what 'python -m engines check' prints."
        )
    content = {
        "sha256": digest(file.path.read_bytes()),
        "samples": len(next(iter(inputs.values()))),
        "figures": figures,
        "p50_ms": ms,
        "batch": compare.best_batch(ms),
    }
    write(file.proof, json.dumps(content, indent=1).encode())
    return content


def _delete_stale(network: str, card: str, precision: str, keep: EngineFile) -> None:
    """Delete engines of the same network, card and precision that were made of another file or by another TensorRT."""
    for path in keep.path.parent.glob(f"{network}-*-{card}-{precision}.engine"):
        if path != keep.path:
            EngineFile(path).delete()
