"""Networks: what they are (``contract``), how they run (``load``), how they are trained (``*/train.py``)."""

from __future__ import annotations

import importlib
import logging
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from engines.contract import CONTRACTS, GRAPHS
from engines.errors import UserError
from engines.hardware import find_driver

RUNTIMES = ("openvino", "onnxruntime")
"""Runtimes of a CPU by name; each is ``engines/runtimes/NAME.py`` with one class ``Engine``. The first is the default there."""
CARD_RUNTIMES = ("tensorrt", "onnxruntime-cuda")
"""Runtimes of an NVIDIA card. Where there is one, the first that works is the default; where there is none, nothing of them is imported."""

log = logging.getLogger(__name__)


class Engine(Protocol):
    """A loaded network.

    ``reason`` says in words why this runtime was taken and how it runs; ``batch`` how many pictures are best given to it at a time: 1
    where several at once are no faster than one after the other.
    """

    runtime: str
    reason: str
    batch: int

    def __call__(self, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Run once: arrays by input name in, arrays by output name out (as the network's contract says)."""


def network_file(name: str) -> Path:
    """Where the committed .onnx of a network lies: ``garment.cut`` is garment/cut/cut.onnx."""
    parts = name.split(".")
    return Path(__file__).parent.joinpath(*parts, f"{parts[-1]}.onnx")


def int8_file(name: str) -> Path:
    """Where its INT8 version lies, if there is one (made by ``python -m calibration quantize``)."""
    return network_file(name).with_suffix(".int8.onnx")


def load(name: str, runtime: str | None = None, path: Path | None = None, **options: Any) -> Engine:
    """Load the network ``name`` (a key of :data:`engines.contract.CONTRACTS`) on a runtime; its file is checked against the contract.

    Without ``runtime`` it is the best that works here; one that was named is taken or refused. Raises :class:`UserError` for an unknown
    runtime and for a missing, damaged or mismatching file.
    """
    if runtime is not None:
        return _load(name, runtime, path, options)
    cards = find_driver()
    if cards.cards:
        problems = [cards.problem] if cards.problem else []
        for candidate in CARD_RUNTIMES if not problems else ():
            try:
                return _load(name, candidate, path, options)
            except UserError as error:
                problems.append(str(error))
        log.warning("Network %s runs on the CPU though there is %s: %s", name, cards.cards[0].name, " ".join(problems))
    return _load(name, RUNTIMES[0], path, options)


def _load(name: str, runtime: str, path: Path | None, options: dict[str, Any]) -> Engine:
    if runtime not in (*RUNTIMES, *CARD_RUNTIMES):
        raise UserError(f"The runtime '{runtime}' is not known; choose one of {', '.join((*RUNTIMES, *CARD_RUNTIMES))}.")
    chosen, path = path is None, path or network_file(name)
    way_out = f"Get it back with 'git checkout -- {path.name}' in {path.parent}, or train it with 'python -m engines.{name}.train'."
    if not path.is_file():
        raise UserError(f"The network file {path} is missing. {way_out}")
    file, _, on_card = runtime.partition("-")
    try:
        module = importlib.import_module(f"engines.runtimes.{file}")
    except ImportError as error:
        raise UserError(f"The runtime '{runtime}' cannot be used here ({error}); install it with 'pip install {file}'.") from error
    if chosen:
        path = module.choose(path, int8_file(name))
    if on_card:
        options = {**options, "cuda": True}
    try:
        engine: Engine = module.Engine(path, (CONTRACTS | GRAPHS)[name], **options)
    except UserError:
        raise
    except Exception as error:
        # Every runtime has its own error types for a file it cannot parse; the last line of what it says is the cause.
        cause = (str(error).strip() or type(error).__name__).splitlines()[-1].strip()
        raise UserError(f"The network file {path} is damaged ({cause}). {way_out}") from error
    return engine
