"""ONNX Runtime: on a CPU the reference that others are compared with, on an NVIDIA card the way in without TensorRT.

The only file that imports onnxruntime.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from engines.contract import Contract, Found, check, check_input, check_inputs
from engines.errors import CardError

CUDA = "CUDAExecutionProvider"


def _found(nodes: list[Any]) -> Found:
    types = {"tensor(uint8)": "uint8", "tensor(float)": "float32"}
    return {n.name: (tuple(d if isinstance(d, int) else None for d in n.shape), types.get(n.type, n.type)) for n in nodes}


def choose(network: Path, int8: Path) -> Path:
    """Always the float network: the reference."""
    return network


@dataclass(frozen=True)
class Part:
    """Some pictures of a batch that was taken once."""

    whole: onnxruntime.OrtValue
    address: int
    shape: tuple[int, ...]
    dtype: str


Value = Any  # an OrtValue or a Part


class Engine:
    """One network in float32, any batch.

    ``engine(picture=array)`` takes arrays and gives arrays. Where networks follow each other, :meth:`upload`, :meth:`run` and
    :meth:`download` are called on their own, and what one gives stays where the next one needs it: on the card, with ``cuda``.
    """

    runtime = "onnxruntime"
    batch = 1

    def __init__(
        self, path: Path, contract: Contract, threads: int | None = None, cuda: bool = False, device: Any = None, slots: int = 1
    ) -> None:
        """Load ``path``; ``threads`` 0 or None takes every core; ``cuda`` takes the first NVIDIA card.

        With ``slots`` above 1, that many results lie one after the other, to be taken as a batch (see :meth:`gathered`).

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
        self._contract = contract
        self._outputs = [tensor.name for tensor in contract.outputs]
        self._batches: dict[str, Any] = {}
        if slots > 1:
            for tensor in contract.outputs:
                shape = (slots, *(size or 1 for size in tensor.shape[1:]))
                self._batches[tensor.name] = onnxruntime.OrtValue.ortvalue_from_shape_and_type(
                    shape, np.dtype(tensor.dtype), self._place, 0
                )

    def __call__(self, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Arrays by name in, arrays by name out."""
        if self._place == "cpu":
            check_inputs(self._contract, inputs)
            return dict(zip(self._outputs, self._session.run(self._outputs, inputs), strict=True))
        return self.download(self.run({name: self.upload(name, array) for name, array in inputs.items()}))

    def upload(self, name: str, array: np.ndarray, slot: int = 0) -> Value:
        """An input, where the network runs; one that is given stays as it is until the same ``slot`` is given another."""
        check_input(self._contract, name, array)
        return onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array), self._place, 0)

    def run(self, inputs: dict[str, Value], slot: int = 0) -> dict[str, Value]:
        """Outputs by name, left where the network runs, in their ``slot`` of a batch."""
        binding = self._session.io_binding()
        for name, value in inputs.items():
            if isinstance(value, Part):
                binding.bind_input(name, self._place, 0, np.dtype(value.dtype), list(value.shape), value.address)
            else:
                binding.bind_ortvalue_input(name, value)
        parts: dict[str, Value] = {name: self._part(name, slot, 1) for name in self._batches}
        for name in self._outputs:
            if isinstance(part := parts.get(name), Part):
                binding.bind_output(name, self._place, 0, np.dtype(part.dtype), list(part.shape), part.address)
            else:
                binding.bind_output(name, self._place, 0)
        self._session.run_with_iobinding(binding)
        return dict(zip(self._outputs, binding.get_outputs(), strict=True)) | parts

    def gathered(self, name: str, count: int) -> Value:
        """The first ``count`` slots of an output as one batch."""
        return self._part(name, 0, count)

    def _part(self, name: str, slot: int, count: int) -> Part:
        whole, tensor = self._batches[name], next(t for t in self._contract.outputs if t.name == name)
        shape = tuple(whole.shape()[1:])
        return Part(whole, whole.data_ptr() + slot * prod(shape) * np.dtype(tensor.dtype).itemsize, (count, *shape), tensor.dtype)

    def download(self, outputs: dict[str, Value]) -> dict[str, np.ndarray]:
        """Arrays of outputs; of a batch its first pictures."""
        arrays = {}
        for name, value in outputs.items():
            arrays[name] = value.whole.numpy()[: value.shape[0]].copy() if isinstance(value, Part) else value.numpy()
        return arrays

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
