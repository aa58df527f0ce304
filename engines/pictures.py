"""Reading picture files and folders of them, with errors a user can act on."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image, ImageOps, UnidentifiedImageError

from engines.errors import UserError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".heif", ".jp2", ".ppm"})
MAX_PIXELS = 64_000_000
"""A picture that claims more pixels is not decoded: it would take the memory of all sessions."""

pillow_heif.register_heif_opener()


def read_rgb(path: Path, alpha: bool = False) -> np.ndarray:
    """The picture of a file, see :func:`decode_rgb`. Raises UserError where the file cannot be read or is no picture."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"The picture {path} cannot be read: {error.strerror}. Check the path and its permissions.") from error
    return decode_rgb(data, f"The file {path}", alpha)


def decode_rgb(data: bytes, source: str = "The file", alpha: bool = False) -> np.ndarray:
    """uint8 (H,W,3) RGB of a picture file's bytes, whatever its format, bits and colour model, turned upright as its EXIF says.

    With ``alpha`` it is (H,W,4), straight alpha, where the file has transparency. Raises UserError, which names ``source``, for what is no
    picture, is damaged, or claims more than :data:`MAX_PIXELS`.
    """
    # Pillow reads the size before the pixels. Its own, lower limit only warns; ours decides.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image: Image.Image = Image.open(io.BytesIO(data))
            if image.width * image.height > MAX_PIXELS:
                raise UserError(f"{source} is {image.width} x {image.height} pixels; at most {MAX_PIXELS // 10**6} megapixels are read.")
            clear = alpha and image.has_transparency_data
            if image.mode.startswith("I;16"):
                image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
            upright = ImageOps.exif_transpose(image)
            return np.array(upright.convert("RGBA" if clear else "RGB"))
        except UserError:
            raise
        except Image.DecompressionBombError as error:
            raise UserError(f"{source} claims far more pixels than the {MAX_PIXELS // 10**6} megapixels that are read.") from error
        except UnidentifiedImageError as error:
            raise UserError(f"{source} is not a picture that can be read; use JPEG, PNG, WebP or HEIC.") from error
        except Exception as error:
            # Every decoder has its own errors for a damaged file.
            raise UserError(f"{source} is damaged and cannot be read as a picture ({error}); save or send it again.") from error


def list_pictures(folder: Path) -> list[Path]:
    """The picture files of a folder, sorted by name. Raises UserError where there is no folder or no picture in it."""
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder; give a folder of pictures.")
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
    if not paths:
        raise UserError(f"The folder {folder} has no pictures ({', '.join(sorted(SUFFIXES))}).")
    return paths
