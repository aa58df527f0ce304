"""Reading picture files and folders of them, with errors a user can act on."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from engines.errors import UserError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".avif", ".jp2", ".ppm"})


def read_rgb(path: Path) -> np.ndarray:
    """uint8 (H,W,3) RGB, turned upright as its EXIF says. Raises UserError where the file cannot be read or is no picture."""
    try:
        coded = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise UserError(f"The picture {path} cannot be read: {error.strerror}. Check the path and its permissions.") from error
    try:
        picture = cv2.imdecode(coded, cv2.IMREAD_COLOR) if coded.size else None
    except cv2.error:  # larger than OpenCV decodes (2^30 pixels)
        picture = None
    if picture is None:
        raise UserError(f"The file {path} is not a picture that can be read, or it is damaged; use JPEG, PNG or WebP.")
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def list_pictures(folder: Path) -> list[Path]:
    """The picture files of a folder, sorted by name. Raises UserError where there is no folder or no picture in it."""
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder; give a folder of pictures.")
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
    if not paths:
        raise UserError(f"The folder {folder} has no pictures ({', '.join(sorted(SUFFIXES))}).")
    return paths
