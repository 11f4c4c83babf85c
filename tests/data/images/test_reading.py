"""Every kind of file gives the pixels of Pillow, upright and on white; under the first rules those that it gave."""

from __future__ import annotations

import io
import zlib
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import ExifTags, Image, ImageOps

from kerastune_ft.config.options.data import FolderData
from kerastune_ft.data.images.reading import ImageReading, encode_upright, prepare
from kerastune_ft.input.decode import decode_pixels
from kerastune_ft.rules import FIRST
from tests.support.image_files import encode_image, pixels

NEW = ImageReading()
SMALL = Image.fromarray(pixels(5, 5, 7))
PHOTO = SMALL.resize((61, 43), Image.Resampling.BICUBIC)


def _jpeg(image: Image.Image = PHOTO, **options: Any) -> bytes:
    return encode_image(image, "JPEG", **options)


def _square(colour: Any, hole: Any, mode: str) -> Image.Image:
    image = Image.new(mode, (12, 12), hole)
    image.paste(colour, (3, 3, 9, 9))
    return image


def _exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return exif


def read(content: bytes, reading: ImageReading = NEW) -> np.ndarray:
    """Return the pixels that training sees of a file."""
    with Image.open(io.BytesIO(content)) as image:
        prepared = prepare(content, image, reading)
    if prepared.picture is None:
        encoded, orientation = tf.constant(content), tf.constant(prepared.orientation)
        values = decode_pixels(encoded, orientation, reading.rules.accurate_decoding).numpy()
    else:
        values = decode_pixels(tf.constant(np.asarray(prepared.picture))).numpy()
    assert values.shape[:2] == prepared.size
    return values


JPEGS = {
    "whole colours": _jpeg(subsampling=0),
    "halved colours": _jpeg(subsampling=1),
    "quartered colours": _jpeg(subsampling=2),
    "4:1:1": _jpeg(subsampling="4:1:1"),
    "progressive": _jpeg(progressive=True),
    "few bits": _jpeg(quality=20),
    "most bits": _jpeg(quality=100, subsampling=0),
    "restarts": _jpeg(restart_marker_rows=1),
    "without YCbCr": _jpeg(keep_rgb=True),
    "grey": _jpeg(PHOTO.convert("L")),
    "grey, progressive": _jpeg(PHOTO.convert("L"), progressive=True),
    "CMYK": _jpeg(PHOTO.convert("CMYK")),
    "MPO": encode_image(PHOTO, "MPO", save_all=True, append_images=[SMALL]),
}


@pytest.mark.parametrize("name", JPEGS)
def test_jpeg_gives_the_pixels_of_load_img(name: str) -> None:
    content = JPEGS[name]
    found = read(content)
    assert np.array_equal(found, np.asarray(Image.open(io.BytesIO(content)).convert("RGB")))
    assert np.array_equal(found, np.asarray(keras.utils.load_img(io.BytesIO(content))))
    with Image.open(io.BytesIO(content)) as image:
        assert prepare(content, image, NEW).picture is None, "it need not be rewritten"


def test_the_first_rules_decode_fast() -> None:
    content = _jpeg(quality=90)
    fast = read(content, ImageReading(rules=FIRST)).astype(int)
    assert np.array_equal(fast, tf.io.decode_image(content, channels=3).numpy())
    assert 0 < np.abs(fast - read(content)).max() <= 16


def _palette() -> Image.Image:
    image = _square(1, 0, "P")
    image.putpalette([1, 2, 3, 200, 30, 30])
    return image


CLEAR = Image.merge("RGBA", (*_square((200, 30, 30), (1, 2, 3), "RGB").split(), _square(255, 0, "L")))
HOLES = {
    "RGBA": encode_image(CLEAR),
    "WebP": encode_image(CLEAR, "WEBP", lossless=True),
    "TIFF": encode_image(CLEAR, "TIFF"),
    "colour key": encode_image(_square((200, 30, 30), (1, 2, 3), "RGB"), transparency=(1, 2, 3)),
    "palette": encode_image(_palette(), transparency=0),
    "GIF": encode_image(_palette(), "GIF", transparency=0),
}
GREY_HOLES = {
    "grey key": encode_image(_square(200, 7, "L"), transparency=7),
    "one bit": encode_image(_square(1, 0, "1"), transparency=0),
    "LA": encode_image(Image.merge("LA", (_square(200, 7, "L"), _square(255, 0, "L")))),
}


@pytest.mark.parametrize("name", [*HOLES, *GREY_HOLES])
def test_transparent_places_are_white(name: str) -> None:
    found = read({**HOLES, **GREY_HOLES}[name])
    corners = found.copy()
    corners[3:9, 3:9] = 255
    assert (corners == 255).all()
    expected = [200, 30, 30] if name in HOLES else [255] * 3 if name == "one bit" else [200] * 3
    assert (found[3:9, 3:9] == expected).all()


def _grey_png(bits: int, values: list[int], key: int) -> bytes:
    """A PNG of one row of grey values of 1, 2 or 4 bits, which Pillow does not write, and its transparent one."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    packed = int("".join(f"{value:0{bits}b}" for value in values).ljust(8, "0"), 2)
    head = len(values).to_bytes(4, "big") + (1).to_bytes(4, "big") + bytes([bits, 0, 0, 0, 0])
    body = chunk(b"IHDR", head) + chunk(b"tRNS", key.to_bytes(2, "big"))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IDAT", zlib.compress(bytes([0, packed]))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("bits", "values", "expected"), [(2, [0, 2, 1], [0, 255, 85]), (4, [1, 2], [17, 255])])
def test_a_transparent_grey_of_few_bits_is_white(bits: int, values: list[int], expected: list[int]) -> None:
    assert read(_grey_png(bits, values, 2))[0, :, 0].tolist() == expected


def test_a_transparent_grey_of_16_bits_is_white() -> None:
    values = np.array([[300, 1000], [300, 2000]], np.uint16)
    content = encode_image(Image.fromarray(values), transparency=300)
    assert read(content, ImageReading((0.0, 2550.0)))[..., 0].tolist() == [[255, 100], [255, 200]]
    old = read(content, ImageReading((0.0, 2550.0), rules=FIRST, is_checked=False))
    assert old[..., 0].tolist() == [[30, 100], [30, 200]]


def test_the_first_rules_show_what_lies_behind_a_key_and_a_gif() -> None:
    old = ImageReading(rules=FIRST)
    assert read(HOLES["colour key"], old)[0, 0].tolist() == [1, 2, 3]
    assert read(HOLES["GIF"], old)[0, 0].tolist() != [255, 255, 255]
    assert read(HOLES["RGBA"], old)[0, 0].tolist() == [255, 255, 255]


@pytest.mark.parametrize("format", ["JPEG", "MPO", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_photos_as_viewers_do(orientation: int, format: str) -> None:
    options = {"lossless": True} if format == "WEBP" else {}
    content = encode_image(PHOTO, format, exif=_exif(orientation), **options)
    with Image.open(io.BytesIO(content)) as image:
        prepared = prepare(content, image, NEW)
    shown = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))))
    stored = np.asarray(Image.open(io.BytesIO(encode_image(PHOTO, format, **options))))
    assert np.array_equal(read(content), shown)
    assert prepared.is_rotated == (orientation != 1)
    assert np.array_equal(read(content, ImageReading(exif="ignore")), stored)
    upright, size = encode_upright(content, ImageReading())
    assert np.array_equal(tf.io.decode_jpeg(upright, dct_method="INTEGER_ACCURATE"), shown)
    assert size == shown.shape[:2]


def test_the_first_rules_turn_tiff_alone_and_do_not_count_it() -> None:
    old = ImageReading(rules=FIRST)
    for format, is_turned in (("PNG", False), ("TIFF", True)):
        content = encode_image(PHOTO, format, exif=_exif(3))
        with Image.open(io.BytesIO(content)) as image:
            assert prepare(content, image, old).is_rotated != is_turned
        expected = np.asarray(PHOTO)[::-1, ::-1] if is_turned else np.asarray(PHOTO)
        assert np.array_equal(read(content, old), expected)


@pytest.mark.parametrize("exif", ["apply", "ignore"])
def test_deep_images_are_turned_after_mapping(exif: Any) -> None:
    values = np.arange(24, dtype=np.uint16).reshape(4, 6) * 100
    for format in ("PNG", "TIFF"):
        content = encode_image(Image.fromarray(values), format, exif=_exif(6))
        found = read(content, ImageReading((0.0, 2550.0), exif))[..., 0]
        expected = np.round(values / 10)
        assert np.array_equal(found, np.rot90(expected, -1) if exif == "apply" else expected), format


def test_a_key_is_that_of_the_choice_and_older_rules_have_none() -> None:
    own = ImageReading.of(FolderData(path="x"), FIRST, is_own=True)
    assert own.key == ()
    assert not own.is_checked
    assert ImageReading.of(FolderData(path="x"), FIRST).is_checked, "other images are always looked at"
    assert ImageReading().key != ImageReading(exif="ignore").key
