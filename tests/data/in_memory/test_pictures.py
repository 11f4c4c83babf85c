"""Pictures as PNG files."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kerastune_ft.data.in_memory.pictures import encode_picture, is_picture
from kerastune_ft.errors import DataError

RANDOM = np.random.default_rng(0)


def decode(content: bytes) -> Image.Image:
    found = Image.open(io.BytesIO(content))
    assert found.format == "PNG"
    return found


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 1), (5, 4, 2), (5, 4, 3), (5, 4, 4)])
def test_arrays_of_bytes_keep_every_pixel(shape: tuple[int, ...]) -> None:
    values = RANDOM.integers(0, 256, shape, dtype=np.uint8)
    assert np.array_equal(np.asarray(decode(encode_picture(values, "it"))), values.squeeze())


def test_sixteen_bits_are_kept() -> None:
    values = RANDOM.integers(0, 65536, (5, 4), dtype=np.uint16)
    assert np.array_equal(np.asarray(decode(encode_picture(values, "it"))).astype(int), values)


def test_true_is_white() -> None:
    assert np.asarray(decode(encode_picture(np.eye(3, dtype=bool), "it"))).max() == 255


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_pictures_keep_mode_and_pixels(mode: str) -> None:
    picture = Image.fromarray(RANDOM.integers(0, 256, (5, 4, 3), dtype=np.uint8)).convert(mode)
    found = decode(encode_picture(picture, "it"))
    assert (found.mode, found.tobytes()) == (mode, picture.tobytes())
    assert is_picture(picture) and not is_picture(np.zeros((2, 2)))


def test_a_photo_keeps_its_orientation_and_nothing_else_of_exif() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "the maker"
    stream = io.BytesIO()
    Image.new("RGB", (6, 4), "red").save(stream, "JPEG", exif=exif)
    found = decode(encode_picture(Image.open(stream), "it"))
    assert dict(found.getexif()) == {0x0112: 6}


def test_inks_become_colours() -> None:
    assert decode(encode_picture(Image.new("CMYK", (3, 3)), "it")).mode == "RGB"


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (np.zeros((4, 4, 3), np.float32), r"it is an array of shape \[4, 4, 3\] and dtype float32.*image \* 255"),
        (np.zeros((3, 40, 40), np.uint8), "channels come last"),
        (np.zeros((0, 4), np.uint8), r"shape \[0, 4\]"),
        (Image.new("F", (3, 3), 0.5), "it has values that are no bytes"),
        (Image.new("I", (3, 3), -1), "it has values that are no bytes"),
    ],
)
def test_what_png_cannot_hold_is_refused(picture: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        encode_picture(picture, "it")


def test_a_damaged_file_is_named() -> None:
    stream = io.BytesIO()
    Image.fromarray(RANDOM.integers(0, 256, (90, 90, 3), dtype=np.uint8)).save(stream, "PNG")
    with pytest.raises(DataError, match=r"data\[3\] cannot be read as a picture"):
        encode_picture(Image.open(io.BytesIO(stream.getvalue()[:5000])), "data[3]")
