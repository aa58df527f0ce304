"""Networks: what they are (``contract``), how they run (``load``), how they are trained (``*/train.py``)."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from engines.contract import CONTRACTS
from engines.errors import UserError

RUNTIMES = ("openvino", "onnxruntime")
"""Runtimes by name; each is ``engines/runtimes/NAME.py`` with one class ``Engine``. The first is the default on a CPU."""


class Engine(Protocol):
    """A loaded network. ``reason`` says in words why this runtime was taken and how it runs."""

    runtime: str
    reason: str

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

    Raises :class:`UserError` for an unknown runtime and for a missing, damaged or mismatching file.
    """
    runtime = runtime or RUNTIMES[0]
    if runtime not in RUNTIMES:
        raise UserError(f"The runtime '{runtime}' is not known; choose one of {', '.join(RUNTIMES)}.")
    path = path or network_file(name)
    way_out = f"Get it back with 'git checkout -- {path.name}' in {path.parent}, or train it with 'python -m engines.{name}.train'."
    if not path.is_file():
        raise UserError(f"The network file {path} is missing. {way_out}")
    try:
        module = importlib.import_module(f"engines.runtimes.{runtime}")
    except ImportError as error:
        raise UserError(f"The runtime '{runtime}' cannot be used here ({error}); install it with 'pip install {runtime}'.") from error
    if path == network_file(name):
        path = module.choose(path, int8_file(name))
    try:
        engine: Engine = module.Engine(path, CONTRACTS[name], **options)
    except UserError:
        raise
    except Exception as error:
        # Every runtime has its own error types for a file it cannot parse; the last line of what it says is the cause.
        cause = (str(error).strip() or type(error).__name__).splitlines()[-1].strip()
        raise UserError(f"The network file {path} is damaged ({cause}). {way_out}") from error
    return engine
