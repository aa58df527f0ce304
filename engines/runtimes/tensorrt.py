"""TensorRT, and TensorRT for RTX: the networks on an NVIDIA card. The only file that imports tensorrt, tensorrt_rtx and pycuda.

Both have one API. Engines are files built by ``python -m engines build`` for one card, one version and one precision; what is built,
named and compared is the matter of :mod:`engines.build`.
"""

from __future__ import annotations

import importlib
import importlib.util
from contextlib import suppress
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from engines.build.files import EngineFile, write
from engines.contract import Contract, Found, Tensor, check, check_input
from engines.errors import CardError, UserError
from engines.hardware import Card, find_driver
from engines.runtimes.device import Device, Memory

RTX_TARGETS = ("sm75", "sm80", "sm86", "sm89", "sm120")
"""Cards that TensorRT for RTX builds for."""
_DESKTOP = ("sm75", "sm86", "sm89", "sm120")
_INSTALL = "pip install -r requirements-gpu.txt"
_TYPES = {"UINT8": "uint8", "FLOAT": "float32", "HALF": "float16", "INT32": "int32", "INT64": "int64", "INT8": "int8", "BOOL": "bool"}


@dataclass(frozen=True)
class Library:
    """The module taken, its short name for file names (``rtx1.7.1.116``), and why it was taken."""

    module: Any
    tag: str
    reason: str

    @property
    def is_rtx(self) -> bool:
        return self.tag.startswith("rtx")


def find_library(target: str) -> Library:
    """The installed TensorRT that supports a card (``sm86``): for desktop cards TensorRT for RTX first, for all others the full one.

    Raises CardError where none does.
    """
    names = ("tensorrt_rtx", "tensorrt") if target in _DESKTOP else ("tensorrt", "tensorrt_rtx")
    problems = []
    for name in names:
        called = "TensorRT for RTX" if name == "tensorrt_rtx" else "TensorRT"
        if name == "tensorrt_rtx" and target not in RTX_TARGETS:
            problems.append(f"{called} does not support {target}")
            continue
        if importlib.util.find_spec(name) is None:
            problems.append(f"{called} is not installed")
            continue
        try:
            module = importlib.import_module(name)
        except (ImportError, OSError) as error:  # the placeholder without its library, or a library without its own
            problems.append(f"{called} cannot be imported ({error})")
            continue
        why = f"it is made for desktop cards such as {target}" if target in _DESKTOP else f"it supports every card, {target} too"
        if problems or (name == "tensorrt_rtx" and target not in _DESKTOP):
            why = f"it supports {target}, and {'; '.join(problems)}"
        return Library(module, ("rtx" if name == "tensorrt_rtx" else "trt") + module.__version__, f"{called} {module.__version__}: {why}")
    raise CardError(f"There is no TensorRT for {target}: {'; '.join(problems)}. Install one with '{_INSTALL}'.")


def find_card() -> Card:
    """The first card. Raises CardError, saying why, where there is none that can be used."""
    driver = find_driver()
    if driver.problem:
        raise CardError(f"TensorRT cannot be used here: {driver.problem}.")
    return driver.cards[0]


def open_device(card: Card) -> Device:
    """The card's memory and stream. Raises CardError without PyCUDA."""
    if trouble := pycuda_trouble():
        raise CardError(trouble)
    from pycuda import driver

    return Device(driver, card.index)


def pycuda_trouble() -> str:
    """Why PyCUDA cannot be used; empty where it can."""
    try:
        importlib.import_module("pycuda.driver")
    except ImportError as error:
        return f"PyCUDA cannot be imported ({error}); install it with '{_INSTALL}', which compiles it and needs CUDA's headers and nvcc."
    return ""


def make_logger(module: Any) -> Any:
    """A logger for ``module`` that says nothing and keeps the last errors in ``errors``."""

    class Logger(module.ILogger):
        def __init__(self) -> None:
            module.ILogger.__init__(self)
            self.errors: list[str] = []

        def log(self, severity: Any, message: str) -> None:
            if severity in (module.ILogger.Severity.ERROR, module.ILogger.Severity.INTERNAL_ERROR):
                self.errors = [*self.errors[-9:], " ".join(message.split())]

        @property
        def last(self) -> str:
            """The last errors as one sentence's end."""
            return "; ".join(dict.fromkeys(self.errors[-3:])) or "TensorRT does not say why"

    return Logger()


def found(tensors: list[tuple[str, Any, Any]]) -> Found:
    """What a contract is checked against, of TensorRT's (name, shape, type)."""
    return {name: (tuple(None if d < 0 else d for d in shape), _TYPES.get(dtype.name, dtype.name)) for name, shape, dtype in tensors}


def choose(network: Path, int8: Path) -> Path:
    """The network an engine is made of; which precision is taken is decided when the engine is opened."""
    return network


@dataclass(frozen=True)
class OnCard:
    """An array on the card: what one engine leaves there for the next."""

    memory: Memory | int
    """Taken on the card, or an address within."""
    shape: tuple[int, ...]
    dtype: str

    @property
    def nbytes(self) -> int:
        return prod(self.shape) * np.dtype(self.dtype).itemsize


class Engine:
    """One engine with its buffers, taken once for its largest batch.

    ``engine(picture=array)`` goes to the card and back; ``batch`` is how many pictures at a time were fastest when it was
    compared. Where networks follow each other, :meth:`upload`, :meth:`run` and :meth:`download` are called on
    their own, within ``with engine.device``, and engines on one device hand their results on in its memory.
    """

    runtime = "tensorrt"

    def __init__(
        self, path: Path, contract: Contract, precision: str | None = None, device: Device | None = None, slots: int = 1, **_: Any
    ) -> None:
        """``path``: an .engine file, or the .onnx whose engine is taken, and built first where there is none that fits.

        ``device`` is shared with the engines before and after it; without it the engine opens its own. With ``slots`` above 1, that many
        inputs are kept, and that many results lie one after the other, to be taken as a batch (see :meth:`gathered`). Raises CardError
        where the card, a package or memory is missing, UserError for a file that breaks the contract.
        """
        card = find_card()
        library = find_library(card.target)
        if path.suffix == ".onnx":
            from engines.build import take  # builds at need, which the rest of this file does not

            path = take(contract, path, precision, library, card)
        self._own = device is None
        self.device = device or open_device(card)
        self._contract = contract
        self._slots = slots
        self._inputs: dict[tuple[str, int], tuple[Memory, np.ndarray]] = {}
        self._outputs: dict[str, tuple[Memory, np.ndarray]] = {}
        self._ms = 0.0
        self._runtime: Any = None
        self._engine: Any = None
        self._context: Any = None
        self._cache: Any = None
        self.batch = int(EngineFile(path).figures().get("batch", 1))
        try:
            with self.device:
                self._open(path, library)
        except self.device.failures as error:
            self.close()
            raise CardError(f"The NVIDIA card failed while the engine {path.name} was loaded ({error}).") from error
        except BaseException:
            self.close()
            raise
        self.reason = f"{library.reason}; {card.name}, {path.stem.rsplit('-', 1)[-1]}"

    def _open(self, path: Path, library: Library) -> None:
        trt = library.module
        kernels = path.with_suffix(".jit")
        self.device.release_with(lambda: self._release(kernels))
        self._logger = make_logger(trt)
        self._runtime = trt.Runtime(self._logger)
        self._engine = self._runtime.deserialize_cuda_engine(path.read_bytes())
        if self._engine is None:
            raise CardError(f"TensorRT does not take the engine {path} ({self._logger.last}); delete it, and it is built anew.")
        tensors = {
            name: self._engine.get_tensor_mode(name) for name in map(self._engine.get_tensor_name, range(self._engine.num_io_tensors))
        }
        inputs = [name for name, mode in tensors.items() if mode == trt.TensorIOMode.INPUT]
        seen = found([(name, self._engine.get_tensor_shape(name), self._engine.get_tensor_dtype(name)) for name in tensors])
        check(self._contract, path, {n: seen[n] for n in inputs}, {n: seen[n] for n in tensors if n not in inputs})
        self._context, self._cache = _make_context(self._engine, kernels)
        if self._context is None:
            raise CardError(f"TensorRT cannot run the engine {path} ({self._logger.last}); end what else uses the card.")
        for name in inputs:
            largest = tuple(self._engine.get_tensor_profile_shape(name, 0)[2])
            self._context.set_input_shape(name, largest)
            for slot in range(self._slots):
                self._inputs[name, slot] = self._take(self._tensor(name), largest)
        for tensor in self._contract.outputs:
            shape = tuple(self._context.get_tensor_shape(tensor.name))
            self._outputs[tensor.name] = self._take(tensor, (self._slots, *shape))

    def _release(self, kernels: Path) -> None:
        """The context before its engine, the engine before its runtime; their buffers are given back after them."""
        if self._cache is not None:
            with suppress(UserError):  # without it the next start takes longer; a full disk is no reason to fail
                write(kernels, bytes(self._cache.serialize()))
        self._cache = self._context = None
        self._engine = None
        self._runtime = None

    def _tensor(self, name: str) -> Tensor:
        return next(tensor for tensor in (*self._contract.inputs, *self._contract.outputs) if tensor.name == name)

    def _take(self, tensor: Tensor, shape: tuple[int, ...]) -> tuple[Memory, np.ndarray]:
        count = prod(shape) * np.dtype(tensor.dtype).itemsize
        return self.device.allocate(count), self.device.pinned(count)

    def __call__(self, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Arrays by name in, arrays by name out."""
        with self.device as device:
            device.mark_start()
            outputs = self.run({name: self.upload(name, array) for name, array in inputs.items()})
            return self.download(outputs)

    @property
    def ms(self) -> float:
        """What the last call took on the card, copies included, by its own clock."""
        return self._ms

    def upload(self, name: str, array: np.ndarray, slot: int = 0) -> OnCard:
        """Start copying an input to the card; it stays there until the same ``slot`` is given another."""
        check_input(self._contract, name, array)
        memory, pinned = self._inputs[name, slot]
        if array.nbytes > pinned.nbytes:
            raise UserError(f"The input '{name}' {list(array.shape)} is larger than the engine was built for.")
        staged = pinned[: array.nbytes]
        staged.view(array.dtype).reshape(array.shape)[...] = array
        self.device.to_card(memory, staged)
        return OnCard(memory, array.shape, str(array.dtype))

    def run(self, inputs: dict[str, OnCard], slot: int = 0) -> dict[str, OnCard]:
        """Start the engine on what lies, or will lie, on the card; its outputs by name, in their ``slot`` of a batch. Raises UserError."""
        for tensor in self._contract.inputs:
            given = inputs[tensor.name]
            if given.dtype != tensor.dtype or not self._context.set_input_shape(tensor.name, given.shape):
                raise UserError(f"The input '{tensor.name}' is {given.dtype} {list(given.shape)}: {self._logger.last}.")
            self._context.set_tensor_address(tensor.name, int(given.memory))
        outputs = {}
        for tensor in self._contract.outputs:
            output = self._part(tensor.name, slot, tuple(self._context.get_tensor_shape(tensor.name)))
            self._context.set_tensor_address(tensor.name, int(output.memory))
            outputs[tensor.name] = output
        if not self._context.execute_async_v3(self.device.stream.handle):
            raise CardError(f"The engine '{self._contract.network}' failed on the card ({self._logger.last}).")
        return outputs

    def gathered(self, name: str, count: int) -> OnCard:
        """The first ``count`` slots of an output as one batch."""
        _, *shape = self._tensor(name).shape
        return self._part(name, 0, (count, *(size or 1 for size in shape)))

    def _part(self, name: str, slot: int, shape: tuple[int, ...]) -> OnCard:
        memory, dtype = self._outputs[name][0], self._tensor(name).dtype
        return OnCard(int(memory) + slot * prod(shape) * np.dtype(dtype).itemsize if slot else memory, shape, dtype)

    def download(self, outputs: dict[str, OnCard]) -> dict[str, np.ndarray]:
        """Copy outputs of this engine to the host, wait for the stream, and return copies of them."""
        staged = {}
        for name, output in outputs.items():
            pinned = self._outputs[name][1][: output.nbytes]
            staged[name] = pinned.view(output.dtype).reshape(output.shape)
            self.device.to_host(pinned, output.memory)
        self._ms = self.device.wait()
        return {name: array.copy() for name, array in staged.items()}

    def close(self) -> None:
        """Give the device back with all that was taken from it, if it is this engine's own."""
        if self._own:
            self.device.close()


def _make_context(engine: Any, cache_file: Path) -> tuple[Any, Any]:
    """An execution context, and the cache of kernels that TensorRT for RTX compiles on their first run (None: the full TensorRT)."""
    config = engine.create_runtime_config()
    if not hasattr(config, "create_runtime_cache"):
        return engine.create_execution_context(config), None
    cache = config.create_runtime_cache()
    if cache_file.is_file():
        cache.deserialize(cache_file.read_bytes())  # one of another driver or card is taken for empty
    config.set_runtime_cache(cache)
    return engine.create_execution_context(config), cache
