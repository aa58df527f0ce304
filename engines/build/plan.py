"""From .onnx to the bytes of an engine: parsed, checked against its contract, built for one card. TensorRT for RTX needs no GPU for it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tqdm import tqdm

from engines.build.files import write
from engines.contract import Contract, Tensor, check
from engines.errors import CardError, UserError
from engines.runtimes.tensorrt import RTX_TARGETS, Library, found, make_logger

BATCHES = (1, 1, 8)
"""Smallest batch, the one that kernels are chosen for, and the largest."""
SIDES = (16, 1280, 1920)
"""The same of a frame's width and height, whose sizes are not fixed."""


def build_plan(library: Library, contract: Contract, source: Path, model: bytes, target: str | None, timing_cache: Path | None) -> bytes:
    """Build ``model`` (serialised .onnx, see :mod:`engines.graphs.prepare`) for ``target`` (``sm86``; None: the card of this machine).

    ``source`` names it in errors; ``timing_cache`` is read and written by the full TensorRT, so that a second build is faster. Raises
    UserError for a network that TensorRT does not parse, that breaks the contract, or that cannot be built.
    """
    trt = library.module
    logger = make_logger(trt)
    builder = trt.Builder(logger)
    # TensorRT 11 knows no other networks; TensorRT for RTX wants to be told.
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(model):
        fault = parser.get_error(0) if parser.num_errors else None
        said = f"{fault.node_operator()} '{fault.node_name()}': {' '.join(fault.desc().split())}" if fault else logger.last
        raise UserError(f"TensorRT cannot read {source} ({said}); export it with opset 17 and without the operators it names.")
    inputs = [network.get_input(index) for index in range(network.num_inputs)]
    outputs = [network.get_output(index) for index in range(network.num_outputs)]
    check(contract, source, *(found([(t.name, t.shape, t.dtype) for t in tensors]) for tensors in (inputs, outputs)))
    config = builder.create_builder_config()
    profile = builder.create_optimization_profile()
    for tensor in contract.inputs:
        profile.set_shape(tensor.name, *(shape_at(tensor, which) for which in range(3)))
    config.add_optimization_profile(profile)
    if target is not None:
        if target not in RTX_TARGETS or not library.is_rtx:
            raise UserError(
                f"Engines for a card that is not here ('{target}') can be built for {', '.join(RTX_TARGETS)} by TensorRT for RTX."
            )
        config.num_compute_capabilities = 1
        config.set_compute_capability(getattr(trt.ComputeCapability, target.upper()), 0)
    progress = _show_progress(trt, f"{contract.network} for {target or 'this card'}")
    config.progress_monitor = progress
    cache = None
    if timing_cache is not None and not library.is_rtx:  # TensorRT for RTX times nothing when it builds
        cache = config.create_timing_cache(timing_cache.read_bytes() if timing_cache.is_file() else b"")
        config.set_timing_cache(cache, False)
    plan = builder.build_serialized_network(network, config)
    progress.close()
    if plan is None:
        error = CardError if "memory" in logger.last.lower() else UserError
        raise error(f"TensorRT cannot build {source} for {target or 'this card'} ({logger.last}).")
    if cache is not None and timing_cache is not None:
        write(timing_cache, bytes(cache.serialize()))
    return bytes(plan)


def shape_at(tensor: Tensor, which: int) -> tuple[int, ...]:
    """An input's smallest (0), usual (1) or largest (2) shape: the free sizes of the contract are a batch first, then a frame's sides."""
    free = [BATCHES[which], *([SIDES[which]] * 3)]
    return tuple(size if size is not None else free[0 if axis == 0 else 1] for axis, size in enumerate(tensor.shape))


def _show_progress(trt: Any, title: str) -> Any:
    """TensorRT's own progress as one bar on a terminal."""

    class Progress(trt.IProgressMonitor):
        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self._bars: dict[str, tqdm[Any]] = {}

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            if parent_phase is None:
                self._bars[phase_name] = tqdm(total=num_steps, desc=title, unit="step", disable=not sys.stderr.isatty())

        def step_complete(self, phase_name: str, step: int) -> bool:
            if bar := self._bars.get(phase_name):
                bar.update(1)
            return True

        def phase_finish(self, phase_name: str) -> None:
            if bar := self._bars.pop(phase_name, None):
                bar.close()

        def close(self) -> None:
            for bar in self._bars.values():
                bar.close()

    return Progress()
