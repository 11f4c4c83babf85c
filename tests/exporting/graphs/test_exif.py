from __future__ import annotations

import io

import pytest
import tensorflow as tf
from PIL import Image

from kerastune_ft.exporting.graphs.exif import find_orientation
from tests.support.tiny_servings import encode, photo

PHOTO = Image.fromarray(photo(8, 8))


def turned(orientation: int, is_big: bool = False, more: bytes = b"") -> bytes:
    exif = Image.Exif()
    exif.endian = ">" if is_big else "<"
    # An entry before it and one behind.
    exif[0x010F], exif[0x0112], exif[0x0132] = "maker of cameras", orientation, "2026:11:29 10:00:00"
    content = encode(PHOTO, "JPEG", exif=exif)
    return content[:2] + more + content[2:]


@pytest.mark.parametrize("is_big", [False, True])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_that_of_pillow(orientation: int, is_big: bool) -> None:
    content = turned(orientation, is_big)
    with Image.open(io.BytesIO(content)) as image:
        assert image.getexif()[0x0112] == orientation
    assert int(find_orientation(tf.constant(content))) == orientation


def test_segments_before_it_are_skipped() -> None:
    # Another application's segment that looks alike, and a comment.
    xmp, comment = b"\xff\xe1\x00\x0chttp://x\x00\x00", b"\xff\xfe\x00\x06Exif"
    assert int(find_orientation(tf.constant(turned(6, more=xmp + comment)))) == 6


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff", b"no image at all", encode(PHOTO), encode(PHOTO, "JPEG"), turned(0), turned(9), turned(6)[:40],
     turned(6)[:30] + b"\xff" * 90, b"\xff\xd8" + b"\xff\xe0\x00\x00" * 50],
)  # fmt: skip
def test_what_has_none_or_is_damaged_is_upright(content: bytes) -> None:
    assert int(find_orientation(tf.constant(content))) == 1
