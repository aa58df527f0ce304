"""The NVIDIA cards of this machine, asked of the driver itself through ``ctypes``: no CUDA package is needed to say that there is none."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

OLDEST_DRIVER = (13, 0)
"""CUDA version that the driver must know: TensorRT 11, TensorRT for RTX and ONNX Runtime are built for CUDA 13."""
_LIBRARIES = ("libcuda.so.1", "nvcuda.dll")
_MAJOR, _MINOR = 75, 76  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR
_REASONS = {
    35: "the driver is older than what it is asked to run",
    100: "it sees no NVIDIA card",
    101: "the card is not valid",
    803: "the driver's parts are of different versions; restart the machine after a driver update",
    999: "the driver reports an unknown fault; 'nvidia-smi' may say more",
}


@dataclass(frozen=True)
class Card:
    """One NVIDIA card. ``capability`` is its compute capability (8, 6), ``memory`` its bytes."""

    index: int
    name: str
    capability: tuple[int, int]
    memory: int

    @property
    def target(self) -> str:
        """What engines are built for, as NVIDIA writes it: ``sm86``."""
        return f"sm{self.capability[0]}{self.capability[1]}"


@dataclass(frozen=True)
class Driver:
    """What the NVIDIA driver says. ``problem`` says why no card can be used; empty where ``cards`` can be."""

    cards: tuple[Card, ...] = ()
    cuda: tuple[int, int] | None = None
    problem: str = ""


def find_driver(library: Any = None) -> Driver:
    """Ask the driver. ``library`` is the loaded libcuda (default: the system's)."""
    if library is None:
        library = _load()
        if library is None:
            return Driver(problem="there is no NVIDIA driver on this machine (libcuda.so.1 is not found)")
    if code := library.cuInit(0):
        return Driver(problem=f"the NVIDIA driver does not start: {_REASONS.get(code, f'error {code}')}")
    version, count = ctypes.c_int(), ctypes.c_int()
    library.cuDriverGetVersion(ctypes.byref(version))
    cuda = version.value // 1000, version.value % 1000 // 10
    if code := library.cuDeviceGetCount(ctypes.byref(count)):
        return Driver(cuda=cuda, problem=f"the NVIDIA driver cannot list its cards: {_REASONS.get(code, f'error {code}')}")
    if not count.value:
        return Driver(cuda=cuda, problem="the NVIDIA driver sees no card")
    cards = tuple(_card(library, index) for index in range(count.value))
    if cuda < OLDEST_DRIVER:
        needed = ".".join(map(str, OLDEST_DRIVER))
        return Driver(cards, cuda, f"the NVIDIA driver is for CUDA {cuda[0]}.{cuda[1]}, and {needed} is needed: install a newer driver")
    return Driver(cards, cuda)


def _load() -> Any:
    for name in _LIBRARIES:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None


def _card(library: Any, index: int) -> Card:
    device, number, memory = ctypes.c_int(), ctypes.c_int(), ctypes.c_size_t()
    library.cuDeviceGet(ctypes.byref(device), index)
    name = ctypes.create_string_buffer(128)
    library.cuDeviceGetName(name, len(name), device)
    capability = []
    for attribute in (_MAJOR, _MINOR):
        library.cuDeviceGetAttribute(ctypes.byref(number), attribute, device)
        capability.append(number.value)
    library.cuDeviceTotalMem_v2(ctypes.byref(memory), device)
    return Card(index, name.value.decode(errors="replace"), (capability[0], capability[1]), memory.value)
