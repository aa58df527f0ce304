"""Which float network an INT8 file was made of: a mark in its metadata, found without a package that reads .onnx."""

from __future__ import annotations

import hashlib
from pathlib import Path

KEY = "quantized_from"


def mark(network: Path) -> str:
    """The mark of a float network: the start of its SHA-256."""
    return f"sha256:{hashlib.sha256(network.read_bytes()).hexdigest()[:16]}"


def is_made_of(file: Path, network: Path) -> bool:
    """Whether ``file`` carries the mark of ``network``."""
    return mark(network).encode() in file.read_bytes()
