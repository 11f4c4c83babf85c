from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageOps

from kerastune_ft.data.images.orientation import find_orientation, turn, turn_back, turn_size
from tests.support.image_files import encode_image, pixels

PIXELS = pixels(3, 4, 6)


def _exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return exif


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("values", [PIXELS, PIXELS[..., 0]], ids=["colours", "grey"])
def test_turning_is_that_of_viewers_and_can_be_undone(orientation: int, values: np.ndarray) -> None:
    content = encode_image(values, exif=_exif(orientation))
    with Image.open(io.BytesIO(content)) as image:
        assert find_orientation(content, image) == orientation
        expected = np.asarray(ImageOps.exif_transpose(image))
    assert np.array_equal(turn(values, orientation), expected)
    assert turn_size(values.shape[:2], orientation) == expected.shape[:2]
    assert np.array_equal(turn_back(expected, orientation), values)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_every_format_that_carries_exif_is_asked(format: str) -> None:
    for orientation, found in ((6, 6), (1, 1), (9, 1), (0, 1)):
        content = encode_image(PIXELS, format, exif=_exif(orientation))
        with Image.open(io.BytesIO(content)) as image:
            assert find_orientation(content, image) == found
    content = encode_image(PIXELS, format)
    with Image.open(io.BytesIO(content)) as image:
        assert find_orientation(content, image) == 1


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_exif_behind_the_pixels_of_a_png_is_found_and_noise_is_none() -> None:
    content = encode_image(PIXELS, exif=_exif(8))
    start = content.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(content[start : start + 4], "big")
    behind = content[:start] + content[end:-12] + content[start:end] + content[-12:]
    with Image.open(io.BytesIO(behind)) as image:
        assert find_orientation(behind, image) == 8
    noise = encode_image(PIXELS, "JPEG", exif=_exif(8).tobytes()[:20])
    with Image.open(io.BytesIO(noise)) as image:
        assert find_orientation(noise, image) == 1
