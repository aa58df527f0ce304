"""What this machine has for running networks, as lines for people. Asks the driver and the packages' metadata; imports none of them."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterator
from pathlib import Path

from engines.build.files import FOLDER, EngineFile
from engines.errors import CardError
from engines.hardware import Driver
from engines.runtimes.tensorrt import find_library, pycuda_trouble

PACKAGES = ("openvino", "onnxruntime", "onnxruntime-gpu", "tensorrt", "tensorrt-rtx", "pycuda", "onnx", "numpy")


def describe(driver: Driver, folder: Path = FOLDER) -> Iterator[str]:
    """Lines: system and processor, driver and cards, packages, which TensorRT would be taken, engines."""
    yield f"system: {platform.system()} {platform.machine()}, Python {platform.python_version()}; {_processor()}"
    cuda = f"driver for CUDA {driver.cuda[0]}.{driver.cuda[1]}" if driver.cuda else "no driver that answers"
    yield f"NVIDIA: {cuda}" + (f"; {driver.problem}" if driver.problem else "")
    for card in driver.cards:
        yield f"  card {card.index}: {card.name}, {card.target}, {card.memory / 2**30:.1f} GiB"
    yield "packages: " + ", ".join(f"{name} {version}" for name in PACKAGES if (version := _version(name)))
    if driver.cards:
        try:
            yield f"TensorRT: {find_library(driver.cards[0].target).reason}"
        except CardError as error:
            yield f"TensorRT: {error}"
        yield f"PyCUDA: {pycuda_trouble() or 'works'}"
    found = sorted(folder.glob("*.engine"))
    yield f"engines in {folder}: {len(found) or 'none'}"
    for path in found:
        yield f"  {path.name}: {EngineFile(path).trouble() or 'compared with the reference'}"


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    """The processor's model and what of it matters here, where the system says so."""
    try:
        lines = dict(line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().splitlines() if ":" in line)
    except OSError:
        return platform.processor() or "processor unknown"
    fields = {key.strip(): value.strip() for key, value in lines.items()}
    flags = set(fields.get("flags", "").split())
    names = {"avx2": "AVX2", "avx512f": "AVX-512", "avx512_vnni": "VNNI", "avx_vnni": "VNNI", "avx512_bf16": "bfloat16", "amx_tile": "AMX"}
    known = dict.fromkeys(name for flag, name in names.items() if flag in flags)
    return f"{fields.get('model name', 'processor unknown')} ({', '.join(known) or 'no vector units that count here'})"
