"""An NVIDIA card that is none: PyCUDA's driver and TensorRT's runtime with their contracts kept, in this machine's memory.

The stream does nothing until somebody waits for it, memory may be used only while the context is current, and what was given back must
not be used again: mistakes with any of these fail here, too. An engine's bytes are an .onnx, which ONNX Runtime runs.
"""

from __future__ import annotations

import enum
import itertools
import threading
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime


class Owner:
    """Memory that is given back once, and used only before."""

    def __init__(self, card: FakeCard, kind: str, count: int) -> None:
        self.card, self.kind, self.array, self.freed = card, kind, np.zeros(count, np.uint8), False
        self.address = next(card.addresses) << 32
        card.memory[self.address] = self

    @property
    def __array_interface__(self) -> dict[str, Any]:
        return self.array.__array_interface__

    def __int__(self) -> int:
        assert not self.freed
        return self.address

    def free(self) -> None:
        assert self.card.current, "memory is given back while its context is current"
        assert not self.freed, "memory is given back once"
        self.freed = True
        self.card.log.append(f"free {self.kind}")


class FakeCard:
    """``driver`` stands for pycuda.driver, ``tensorrt`` for TensorRT; ``log`` says what was given back, in order."""

    def __init__(self, room: int = 1 << 30) -> None:
        self.room, self.log, self.queue = room, [], []
        self.addresses = itertools.count(1)
        self.memory: dict[int, Owner] = {}
        self._threads = threading.local()
        self.driver = self._driver()
        self.tensorrt = self._tensorrt()
        self.fail_run = False

    @property
    def current(self) -> bool:
        return bool(getattr(self._threads, "depth", 0))

    def bytes_at(self, place: Any) -> np.ndarray:
        """The bytes from an address on, within what was taken."""
        offset = int(place) % (1 << 32)
        owner = self.memory[int(place) - offset]
        assert not owner.freed
        return owner.array[offset:]

    @property
    def held(self) -> int:
        return sum(not owner.freed for owner in self.memory.values())

    def _shift(self, by: int) -> None:
        self._threads.depth = getattr(self._threads, "depth", 0) + by
        assert self._threads.depth >= 0, "a context is left as often as it was entered"

    def wait(self) -> None:
        assert self.current
        while self.queue:
            self.queue.pop(0)()

    def start(self, work: Any) -> None:
        assert self.current, "work is started while the context is current"
        self.queue.append(work)

    def _driver(self) -> Any:
        card = self

        class Error(Exception):
            pass

        class OutOfMemory(Error):
            pass

        class Context:
            push = staticmethod(lambda: card._shift(1))
            pop = staticmethod(lambda: card._shift(-1))
            detach = staticmethod(lambda: card.log.append("detach"))

        class Stream:
            handle = 7

            def synchronize(self) -> None:
                card.wait()

        class Event:
            def record(self, stream: Any) -> None:
                assert isinstance(stream, Stream), "the default stream is not used"

            def synchronize(self) -> None:
                card.wait()

            def time_till(self, other: Any) -> float:
                return 1.5

        def take(kind: str, count: int) -> Owner:
            assert card.current
            if card.room < count:
                raise OutOfMemory("cuMemAlloc failed: out of memory")
            card.room -= count
            return Owner(card, kind, count)

        def check(array: np.ndarray, memory: Owner | int, stream: Any) -> None:
            assert isinstance(stream, Stream)
            assert array.nbytes <= card.bytes_at(memory).nbytes
            assert isinstance(_owner(array), Owner), "copies go from and to pinned memory"

        def to_card(memory: Owner, array: np.ndarray, stream: Any) -> None:
            check(array, memory, stream)
            card.start(lambda: card.bytes_at(memory).__setitem__(slice(array.nbytes), array.reshape(-1).view(np.uint8)))

        def to_host(array: np.ndarray, memory: Owner | int, stream: Any) -> None:
            check(array, memory, stream)
            card.start(lambda: array.__setitem__(slice(None), card.bytes_at(memory)[: array.nbytes]))

        return SimpleNamespace(
            Error=Error, MemoryError=OutOfMemory, Context=Context, Stream=Stream, Event=Event, init=lambda: None,
            Device=lambda index: SimpleNamespace(retain_primary_context=Context), mem_get_info=lambda: (card.room, 1 << 30),
            mem_alloc=lambda count: take("device", count), pagelocked_empty=lambda count, dtype: np.asarray(take("pinned", count)),
            memcpy_htod_async=to_card, memcpy_dtoh_async=to_host,
        )  # fmt: skip

    def _tensorrt(self) -> Any:
        card = self

        class ILogger:
            Severity = enum.IntEnum("Severity", {"INTERNAL_ERROR": 0, "ERROR": 1})

        mode = enum.Enum("TensorIOMode", ["INPUT", "OUTPUT"])
        types = {"tensor(uint8)": "UINT8", "tensor(float)": "FLOAT", "tensor(float16)": "HALF"}

        class Engine:
            def __init__(self, session: Any) -> None:
                self.session = session
                self.inputs = {t.name: t for t in session.get_inputs()}
                self.all = self.inputs | {t.name: t for t in session.get_outputs()}
                self.num_io_tensors = len(self.all)

            def get_tensor_name(self, index: int) -> str:
                return list(self.all)[index]

            def get_tensor_mode(self, name: str) -> Any:
                return mode.INPUT if name in self.inputs else mode.OUTPUT

            def get_tensor_shape(self, name: str) -> tuple[int, ...]:
                return tuple(d if isinstance(d, int) else -1 for d in self.all[name].shape)

            def get_tensor_dtype(self, name: str) -> Any:
                return SimpleNamespace(name=types[self.all[name].type])

            def get_tensor_profile_shape(self, name: str, index: int) -> list[tuple[int, ...]]:
                sizes = ((1, 16), (1, 64), (8, 800))
                shape = self.get_tensor_shape(name)
                return [tuple(d if d >= 0 else side if axis else batch for axis, d in enumerate(shape)) for batch, side in sizes]

            def create_runtime_config(self) -> Any:
                return SimpleNamespace(
                    create_runtime_cache=lambda: SimpleNamespace(deserialize=lambda b: None, serialize=lambda: b"kernels"),
                    set_runtime_cache=lambda cache: None,
                )

            def create_execution_context(self, config: Any) -> Any:
                return Execution(self)

            def __del__(self) -> None:
                card.log.append("engine")

        class Execution:
            def __init__(self, engine: Engine) -> None:
                self.engine, self.shapes, self.addresses = engine, {}, {}

            def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
                largest = self.engine.get_tensor_profile_shape(name, 0)[2]
                if len(shape) != len(largest) or any(a > b for a, b in zip(shape, largest, strict=True)):
                    return False
                self.shapes[name] = shape
                return True

            def get_tensor_shape(self, name: str) -> tuple[int, ...]:
                given = next(iter(self.shapes.values()))
                return tuple(given[axis] if d < 0 else d for axis, d in enumerate(self.engine.get_tensor_shape(name)))

            def set_tensor_address(self, name: str, address: int) -> None:
                self.addresses[name] = address

            def execute_async_v3(self, stream: int) -> bool:
                assert stream == 7, "the stream is the device's own"
                shapes, addresses = dict(self.shapes), dict(self.addresses)
                outputs = {n: self.get_tensor_shape(n) for n in self.engine.all if n not in shapes}
                card.start(lambda: self.work(shapes, addresses, outputs))
                return not card.fail_run

            def work(self, shapes: Any, addresses: Any, outputs: Any) -> None:
                feeds = {}
                for name, shape in shapes.items():
                    dtype = {"UINT8": np.uint8, "FLOAT": np.float32}[self.engine.get_tensor_dtype(name).name]
                    count = int(np.prod(shape)) * np.dtype(dtype).itemsize
                    feeds[name] = card.bytes_at(addresses[name])[:count].view(dtype).reshape(shape)
                for name, value in zip(outputs, self.engine.session.run(list(outputs), feeds), strict=True):
                    assert value.shape == outputs[name]
                    card.bytes_at(addresses[name])[: value.nbytes] = value.reshape(-1).view(np.uint8)

            def __del__(self) -> None:
                card.log.append("context")

        class Runtime:
            def __init__(self, logger: Any) -> None:
                self.logger = logger

            def deserialize_cuda_engine(self, content: bytes) -> Any:
                try:
                    options = onnxruntime.SessionOptions()
                    options.log_severity_level = 4
                    return Engine(onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"]))
                except Exception:
                    self.logger.log(ILogger.Severity.ERROR, "the engine's magic tag does not match")
                    return None

            def __del__(self) -> None:
                card.log.append("runtime")

        return SimpleNamespace(__version__="11.0.0", ILogger=ILogger, TensorIOMode=mode, Runtime=Runtime)


def _owner(array: Any) -> Any:
    while isinstance(array, np.ndarray) and array.base is not None:
        array = array.base
    return array
