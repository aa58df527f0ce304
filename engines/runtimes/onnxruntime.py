"""ONNX Runtime: on a CPU the reference that others are compared with, on an NVIDIA card the way in without TensorRT.

The only file that imports onnxruntime.
"""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from engines.contract import Contract, Found, check
from engines.errors import CardError

CUDA = "CUDAExecutionProvider"


def _found(nodes: list[Any]) -> Found:
    types = {"tensor(uint8)": "uint8", "tensor(float)": "float32"}
    return {n.name: (tuple(d if isinstance(d, int) else None for d in n.shape), types.get(n.type, n.type)) for n in nodes}


def choose(network: Path, int8: Path) -> Path:
    """Always the float network: the reference."""
    return network


class Engine:
    """One network in float32, any batch.

    ``engine(picture=array)`` takes arrays and gives arrays. In a chain, :meth:`upload`, :meth:`run` and :meth:`download` are called on
    their own, and what one network gives stays where the next one needs it: on the card, with ``cuda``.
    """

    runtime = "onnxruntime"
    batch = 1

    def __init__(self, path: Path, contract: Contract, threads: int | None = None, cuda: bool = False, device: Any = None) -> None:
        """Load ``path``; ``threads`` 0 or None takes every core; ``cuda`` takes the first NVIDIA card.

        Raises what ONNX Runtime raises, UserError for a wrong file, CardError where it has no CUDA.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.log_severity_level = 3
        # Threads that spin after a run take the cores from whatever is compared with the reference next.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.device = device or nullcontext()
        self._place = "cuda" if cuda else "cpu"
        self._session = onnxruntime.InferenceSession(str(path), options, providers=_providers(cuda))
        if cuda and CUDA not in self._session.get_providers():
            raise CardError(
                "ONNX Runtime found no CUDA and cuDNN libraries that it can use; see its installation page, or take --runtime openvino."
            )
        check(contract, path, _found(self._session.get_inputs()), _found(self._session.get_outputs()))
        self.runtime = "onnxruntime-cuda" if cuda else "onnxruntime"
        on = "on the NVIDIA card, for no TensorRT can be used" if cuda else "on the CPU, the reference"
        self.reason = f"ONNX Runtime {onnxruntime.__version__} {on}"
        self._outputs = [tensor.name for tensor in contract.outputs]

    def __call__(self, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Arrays by name in, arrays by name out."""
        if self._place == "cpu":
            return dict(zip(self._outputs, self._session.run(self._outputs, inputs), strict=True))
        return self.download(self.run({name: self.upload(name, array) for name, array in inputs.items()}))

    def upload(self, name: str, array: np.ndarray) -> onnxruntime.OrtValue:
        """An input, where the network runs."""
        return onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array), self._place, 0)

    def run(self, inputs: dict[str, onnxruntime.OrtValue]) -> dict[str, onnxruntime.OrtValue]:
        """Outputs by name, left where the network runs."""
        binding = self._session.io_binding()
        for name, value in inputs.items():
            binding.bind_ortvalue_input(name, value)
        for name in self._outputs:
            binding.bind_output(name, self._place, 0)
        self._session.run_with_iobinding(binding)
        return dict(zip(self._outputs, binding.get_outputs(), strict=True))

    def download(self, outputs: dict[str, onnxruntime.OrtValue]) -> dict[str, np.ndarray]:
        """Arrays of outputs."""
        return {name: value.numpy() for name, value in outputs.items()}

    def close(self) -> None:
        """Let the network go."""
        del self._session


def _providers(cuda: bool) -> list[str]:
    if not cuda:
        return ["CPUExecutionProvider"]
    if CUDA not in onnxruntime.get_available_providers():
        raise CardError("This ONNX Runtime has no CUDA in it: 'pip uninstall onnxruntime' and 'pip install onnxruntime-gpu'.")
    if hasattr(onnxruntime, "preload_dlls"):
        onnxruntime.preload_dlls()  # CUDA and cuDNN from their pip packages, where they are not the system's
    return [CUDA, "CPUExecutionProvider"]
