"""Picture files of every kind, and what is none."""

import io
import struct
import zlib

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from engines.errors import UserError
from engines.pictures import decode_rgb, read_rgb


def coded(picture: Image.Image, form: str, **options) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


@pytest.fixture
def halves():
    """Red above, blue below; 40 wide, 60 high."""
    pixels = np.zeros((60, 40, 3), np.uint8)
    pixels[:30, :, 0] = pixels[30:, :, 2] = 250
    return Image.fromarray(pixels)


def is_upright(picture):
    assert picture.shape == (60, 40, 3)
    assert picture[10, 20, 0] > 200
    assert picture[10, 20, 2] < 60
    assert picture[50, 20, 2] > 150
    assert picture[50, 20, 0] < 60


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "AVIF"])
def test_formats(halves, form):
    is_upright(decode_rgb(coded(halves, form)))


def test_a_phones_heic_is_read(halves):
    out = io.BytesIO()
    pillow_heif.from_pillow(halves).save(out)
    is_upright(decode_rgb(out.getvalue()))


def test_cmyk(halves):
    is_upright(decode_rgb(coded(halves.convert("CMYK"), "JPEG")))


def test_it_is_turned_as_exif_says(halves):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn it right by a quarter
    is_upright(decode_rgb(coded(halves.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif)))


def test_sixteen_bits():
    grey = decode_rgb(coded(Image.fromarray(np.full((8, 8), 0x8000, np.uint16)), "PNG"))
    assert grey.shape == (8, 8, 3)
    assert (grey == 128).all()


def test_alpha_is_given_where_it_is_asked_for_and_there(halves):
    clear = halves.convert("RGBA")
    clear.putalpha(100)
    assert decode_rgb(coded(clear, "PNG")).shape == (60, 40, 3)
    assert decode_rgb(coded(halves, "PNG"), alpha=True).shape == (60, 40, 3)
    rgba = decode_rgb(coded(clear, "PNG"), alpha=True)
    assert rgba.shape == (60, 40, 4)
    assert (rgba[..., 3] == 100).all()


def bomb(width: int, height: int) -> bytes:
    """A PNG's start that claims a size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    data = b"IDAT" + zlib.compress(bytes(1000))
    parts = [struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (chunk, data, b"IEND")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("size", [(10_000, 10_000), (60_000, 60_000)])
def test_a_bomb_is_refused_by_its_size_before_it_is_decoded(size):
    with pytest.raises(UserError, match="64 megapixels"):
        decode_rgb(bomb(*size))


def test_what_is_no_picture_and_what_is_damaged(halves, tmp_path):
    with pytest.raises(UserError, match="not a picture that can be read"):
        decode_rgb(b"%PDF-1.4 no picture")
    with pytest.raises(UserError, match="not a picture"):
        decode_rgb(b"")
    with pytest.raises(UserError, match="damaged"):
        decode_rgb(coded(halves, "PNG")[:90])
    with pytest.raises(UserError, match="cannot be read"):
        read_rgb(tmp_path / "none.jpg")
