"""The folder of collected crops: PNG files named by their content, so that none is kept twice. Only crops, never whole pictures.

In its folder ``live`` lie those that shoppers left with their consent, a folder for each: written by the server, and theirs to delete.
They are read where they are, so that what a shopper deletes is gone.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import cv2
import numpy as np

from engines.contract import CROP_HEIGHT, CROP_WIDTH, Contract
from engines.errors import UserError
from engines.pictures import list_pictures, read_rgb
from engines.samples import fitted

_NAME = re.compile(r"[0-9a-f]{16}\.png")


def store(crop: np.ndarray, folder: Path) -> bool:
    """Keep a crop, uint8 (256,192,3) RGB; False if the folder has it already. Raises UserError where it cannot be written."""
    path = folder / f"{hashlib.sha256(crop.tobytes()).hexdigest()[:16]}.png"
    if path.exists():
        return False
    coded = cv2.imencode(".png", cv2.cvtColor(crop, cv2.COLOR_RGB2BGR))[1].tobytes()
    temporary = path.with_suffix(".part")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary.write_bytes(coded)
        temporary.replace(path)
    except OSError as error:
        raise UserError(f"The crop {path} cannot be written: {error.strerror}. Choose another folder or make room.") from error
    return True


def read(folder: Path) -> np.ndarray:
    """All crops of a folder, the live ones too, uint8 (N,256,192,3) RGB. Raises UserError for other sizes and no crops."""
    left = live(folder)
    paths = [*(list_pictures(folder) if not left or any(folder.glob("*.png")) else []), *left]
    crops = [read_rgb(path) for path in paths]
    for path, crop in zip(paths, crops, strict=True):
        if crop.shape != (CROP_HEIGHT, CROP_WIDTH, 3):
            raise UserError(
                f"The picture {path} is {crop.shape[1]}x{crop.shape[0]}, but crops are {CROP_WIDTH}x{CROP_HEIGHT}; "
                f"take a folder made by 'python -m calibration collect'."
            )
    return np.stack(crops)


def read_for(contract: Contract, folder: Path) -> np.ndarray:
    """What a network is calibrated with, as a batch of its input: crops for one that sees crops, else a folder's pictures in its size.

    Cut-outs keep their alpha. Raises UserError, see :func:`read`.
    """
    tensor = contract.inputs[0]
    if tensor.shape[1:] == (CROP_HEIGHT, CROP_WIDTH, 3):
        return read(folder)
    return np.stack([fitted(tensor, read_rgb(path, alpha=True)) for path in list_pictures(folder)])


def live(folder: Path) -> list[Path]:
    """The crops that shoppers left, by name."""
    return sorted(path for path in folder.glob("live/*/*.png") if _NAME.fullmatch(path.name))


def clear(folder: Path) -> int:
    """Delete the collected crops of a folder and the live ones (no other file), and folders left empty; returns how many there were."""
    if not folder.is_dir():
        return 0
    paths = [*(path for path in folder.iterdir() if _NAME.fullmatch(path.name)), *live(folder)]
    try:
        for path in paths:
            path.unlink(missing_ok=True)
        for empty in (*folder.glob("live/*"), folder / "live", folder):
            if empty.is_dir() and not any(empty.iterdir()):
                empty.rmdir()
    except OSError as error:
        raise UserError(f"The crops in {folder} cannot be deleted: {error.strerror}. Check the folder's permissions.") from error
    return len(paths)
