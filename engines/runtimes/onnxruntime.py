"""ONNX Runtime on a CPU: the reference that other runtimes are compared with. The only file that imports onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from engines.contract import Contract, Found, check


def _found(nodes: list[Any]) -> Found:
    types = {"tensor(uint8)": "uint8", "tensor(float)": "float32"}
    return {n.name: (tuple(d if isinstance(d, int) else None for d in n.shape), types.get(n.type, n.type)) for n in nodes}


def choose(network: Path, int8: Path) -> Path:
    """Always the float network: the reference."""
    return network


class Engine:
    """One network in ONNX Runtime's CPU provider, float32, any batch."""

    runtime = "onnxruntime"

    def __init__(self, path: Path, contract: Contract, threads: int | None = None) -> None:
        """Load ``path``; ``threads`` 0 or None takes every core. Raises what ONNX Runtime raises, or UserError for a wrong file."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.log_severity_level = 3
        # Threads that spin after a run take the cores from whatever is compared with the reference next.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        check(contract, path, _found(self._session.get_inputs()), _found(self._session.get_outputs()))
        self.reason = f"ONNX Runtime {onnxruntime.__version__} on the CPU, the reference"
        self._outputs = [tensor.name for tensor in contract.outputs]

    def __call__(self, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Arrays by name in, arrays by name out."""
        return dict(zip(self._outputs, self._session.run(self._outputs, inputs), strict=True))
