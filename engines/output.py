"""Writing results: a folder that can be made or a sentence why not, whole files or none."""

from __future__ import annotations

from pathlib import Path

from engines.errors import UserError


def make_folder(folder: Path) -> None:
    """Raises UserError where it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"The folder {folder} cannot be made: {error.strerror}. Choose another one.") from error


def write_whole(path: Path, content: bytes) -> None:
    """The whole file or none. Raises UserError where it cannot be written."""
    temporary = path.with_name(path.name + ".part")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise UserError(f"{path} cannot be written: {error.strerror}. Choose another folder or make room.") from error
