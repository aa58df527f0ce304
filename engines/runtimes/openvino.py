"""OpenVINO: the networks on a CPU, the default. The only file that imports openvino."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np
import openvino

from engines.contract import Contract, Found, check, check_inputs
from engines.origin import is_made_of

os.environ.setdefault("OPENVINO_TELEMETRY_OPT_OUT", "1")


@cache
def _core() -> openvino.Core:
    """The process's only one, kept to the end.

    Each core's CPU plugin gives the thread that makes it another stack for signals and, when it goes, puts back the one before. Of two that
    do not go in reverse order the second puts back the first one's, which is gone: the next signal ends the process (OpenVINO 2026.4,
    sigstack_manager.cpp).
    """
    return openvino.Core()


def _found(ports: list[openvino.Output]) -> Found:
    types = {"u8": "uint8", "f32": "float32"}
    return {
        port.get_any_name(): (
            tuple(None if d.is_dynamic else d.get_length() for d in port.get_partial_shape()),
            types.get(port.get_element_type().get_type_name(), port.get_element_type().get_type_name()),
        )
        for port in ports
    }


def choose(network: Path, int8: Path) -> Path:
    """The file that is faster on this processor: INT8, where there is one made of this very network.

    It is 1.3 times as fast as bfloat16 with AVX-512 and 1.5 times as float32 with AVX2; with AMX it was not measured.
    """
    return int8 if not _has_amx() and int8.is_file() and is_made_of(int8, network) else network


def _has_amx() -> bool:
    """Whether the processor multiplies whole tiles of bfloat16, which no measurement here covers."""
    try:
        return " amx_bf16 " in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


class Engine:
    """One network compiled for this CPU, one picture at a time."""

    runtime = "openvino"
    batch = 1

    def __init__(self, path: Path, contract: Contract, threads: int | None = None) -> None:
        """Compile ``path``; ``threads`` 0 or None takes every core. Raises what OpenVINO raises, or UserError for a wrong file."""
        core = _core()
        model = core.read_model(path)
        check(contract, path, _found(model.inputs), _found(model.outputs))
        # A fixed batch lets the compiler plan memory once.
        model.reshape({tensor.name: [1, *(d or 1 for d in tensor.shape[1:])] for tensor in contract.inputs})
        options = {"PERFORMANCE_HINT": "LATENCY"} | ({"INFERENCE_NUM_THREADS": str(threads)} if threads else {})
        compiled = core.compile_model(model, "CPU", options)
        precision = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        quantised = path.suffixes == [".int8", ".onnx"]
        how = "INT8, faster than float where there is no AMX" if quantised else f"{precision}, its own choice for this processor"
        self.reason = f"OpenVINO {openvino.__version__.split('-')[0]} on the CPU in {how}"
        self._request = compiled.create_infer_request()
        self._contract = contract
        self._outputs = [tensor.name for tensor in contract.outputs]

    def __call__(self, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Arrays by name in, copies of the outputs out."""
        check_inputs(self._contract, inputs)
        self._request.infer(inputs, share_inputs=True)
        return {name: self._request.get_tensor(name).data.copy() for name in self._outputs}
