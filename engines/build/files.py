"""Where engines lie and what they are called: a name that says what an engine was made of and for, so that no other is taken for it.

``body-1f2e3d4c5b6a-rtx1.7.1.116-sm86-fp16.engine``: the network, its file, the TensorRT, the card, the precision. Beside it lies
``.json``, written when the engine has been compared with the reference; an engine without it is never loaded.
"""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engines.errors import UserError
from engines.hardware import Card

FOLDER = Path(__file__).resolve().parent.parent.parent / "var" / "engines"
"""Git-ignored."""
PRECISIONS = ("fp32", "fp16", "int8")
RECIPE = "1"
"""Part of an engine's hash: counts up when networks are prepared or built in another way."""


@dataclass(frozen=True)
class EngineFile:
    """One engine on disk."""

    path: Path

    @property
    def proof(self) -> Path:
        """What was measured when it was compared."""
        return self.path.with_suffix(".json")

    def trouble(self) -> str:
        """Why it cannot be loaded; empty where it can."""
        if not self.path.is_file():
            return "there is none for this network, TensorRT, card and precision"
        if not self.proof.is_file():
            return "it was built, but not compared with the reference"
        if self.figures().get("sha256") != digest(self.path.read_bytes()):
            return "its file is damaged"
        return ""

    def figures(self) -> dict[str, Any]:
        """The proof's content; nothing where it cannot be read."""
        try:
            content = json.loads(self.proof.read_text())
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def delete(self) -> None:
        """The engine, and what was kept with it."""
        for suffix in (".json", ".engine", ".jit"):
            self.path.with_suffix(suffix).unlink(missing_ok=True)


def engine_file(network: str, source: Path, tag: str, card: str, precision: str, folder: Path | None = None) -> EngineFile:
    """The file of one engine. ``source``: the .onnx it is made of; ``card``: see :func:`card_name`; ``tag``: of the TensorRT."""
    made_of = digest(source.read_bytes() + RECIPE.encode())[:12]
    return EngineFile((folder or FOLDER) / f"{network}-{made_of}-{tag}-{card}-{precision}.engine")


def card_name(card: Card, is_rtx: bool) -> str:
    """What an engine is bound to: the architecture (TensorRT for RTX), or the very model of the card (the full TensorRT)."""
    return card.target if is_rtx else f"{re.sub(r'[^a-z0-9]+', '_', card.name.lower()).strip('_')}_{card.target}"


def digest(content: bytes) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def write(path: Path, content: bytes) -> None:
    """The whole file or none. Raises UserError for a full disk or a folder that cannot be written."""
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise UserError(
            f"{path} cannot be written: {error.strerror} ({len(content) / 2**20:.1f} MiB are needed). Make room, or choose another place."
        ) from error


def source_of(network: str, float_file: Path, precision: str) -> Path:
    """The .onnx that an engine of this precision is made of: for INT8 the one with Q/DQ nodes. Raises UserError where there is none."""
    if precision != "int8":
        return float_file
    source = float_file.with_suffix(".int8.onnx")
    if not source.is_file():
        raise UserError(
            f"There is no INT8 version of '{network}' ({source} is missing): make it with 'python -m calibration quantize --network "
            f"{network} --out {source}', or take --precision fp16."
        )
    return source
