"""The catalogue's files: garment pictures and their thumbnails, in a folder or in an object store that several machines share.

A file is whole or not there. Knows nothing of the database.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Collection
from pathlib import Path
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.errors import UserError

THUMBNAIL = (160, 200)
"""Width and height of a thumbnail; the garment fills it but for a small margin."""
_MARGIN = 5


def place(url: str) -> Path:
    """A folder by its path, or an object store's by its URL: fsspec's, with the methods of a path.

    Raises:
        UserError: there is no such store, or its driver is not installed.
    """
    if "://" not in url:
        return Path(url)
    if url.partition("://")[2].startswith("/") or url.endswith("://"):
        raise UserError(f"The store {url!r} names no bucket: write it as s3://BUCKET/FOLDER.")
    try:
        from upath import UPath

        folder = UPath(url, use_listings_cache=False)  # other machines write there, too
        folder.exists()
    except ImportError as error:
        raise UserError(f"Pictures at {url} need {error.name or error}: pip install -r requirements-cluster.txt.") from None
    except Exception as error:  # each store's driver has its own: no such bucket, no permission, not reached
        raise UserError(f"Pictures cannot be kept at {url}: {error}") from None
    return cast(Path, folder)  # it has a path's methods, but is none to isinstance


def write_whole(path: Path, data: bytes) -> None:
    """Write a file such that a kill at any point leaves either all of it under its name, or nothing."""
    if not isinstance(path, Path):  # an object store's: there a file appears when all of it has arrived
        path.write_bytes(data)
        return
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105 (the tests let this very call fail)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class PictureStore:
    """Pictures in ``folder``/pictures, their thumbnails and photos beside; a file is never changed, only replaced by another name."""

    def __init__(self, folder: Path) -> None:
        self._pictures, self._thumbnails, self._photos = (folder / name for name in ("pictures", "thumbnails", "photos"))
        for each in self._folders():
            each.mkdir(parents=True, exist_ok=True)

    def add(self, stem: str, png: bytes) -> str:
        """Keep a picture and return the name of its file, which no file had before."""
        return _write_new(self._pictures, stem, ".png", png)

    def add_photo(self, stem: str, jpeg: bytes) -> str:
        """Keep the photo a picture was cut out of, likewise."""
        return _write_new(self._photos, stem, ".jpg", jpeg)

    def path(self, name: str) -> Path:
        """Where a picture lies."""
        return self._pictures / name

    def photo(self, name: str) -> Path:
        """Where a photo lies."""
        return self._photos / name

    def remove(self, name: str | None) -> None:
        """Remove a picture and its thumbnail, or a photo; it may be gone already."""
        for folder in self._folders() if name else ():
            (folder / str(name)).unlink(missing_ok=True)

    def sweep(self, kept: Collection[str]) -> list[str]:
        """Remove what a kill left behind: every file that is not in ``kept``. Returns their names."""
        left = [path for folder in self._folders() for path in _inside(folder) if path.name not in kept]
        for path in left:
            path.unlink(missing_ok=True)
        return [path.name for path in left]

    def _folders(self) -> tuple[Path, ...]:
        return self._pictures, self._thumbnails, self._photos

    def thumbnail(self, name: str) -> bytes:
        """The PNG of a picture's thumbnail, made at the first call."""
        path = self._thumbnails / name
        with contextlib.suppress(FileNotFoundError):
            return path.read_bytes()
        picture = cv2.imdecode(np.frombuffer((self._pictures / name).read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
        png = cv2.imencode(".png", shrink(np.asarray(picture, np.uint8)), [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes()
        write_whole(path, png)
        return png


def _inside(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):  # an object store has no empty folders
        return []


def _write_new(folder: Path, stem: str, suffix: str, data: bytes) -> str:
    name = f"{stem}.{secrets.token_hex(6)}{suffix}"
    write_whole(folder / name, data)
    return name


def shrink(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 4) with straight alpha, any order of colours, trimmed and fitted into a thumbnail."""
    rows, columns = (np.flatnonzero(picture[..., 3].any(axis=axis)) for axis in (1, 0))
    trimmed = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32)
    alpha = trimmed[..., 3:] / 255
    width, height = THUMBNAIL[0] - 2 * _MARGIN, THUMBNAIL[1] - 2 * _MARGIN
    factor = min(width / trimmed.shape[1], height / trimmed.shape[0])
    size = max(1, round(trimmed.shape[1] * factor)), max(1, round(trimmed.shape[0] * factor))
    shape = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    small = cv2.resize(np.dstack([trimmed[..., :3] * alpha, alpha]), size, interpolation=shape)
    colours = small[..., :3] / np.maximum(small[..., 3:], 1e-3)
    fitted = np.dstack([colours, small[..., 3:] * 255])
    thumbnail = np.zeros((THUMBNAIL[1], THUMBNAIL[0], 4), np.uint8)
    left, top = (THUMBNAIL[0] - size[0]) // 2, (THUMBNAIL[1] - size[1]) // 2
    thumbnail[top : top + size[1], left : left + size[0]] = np.round(fitted).clip(0, 255)
    return thumbnail
