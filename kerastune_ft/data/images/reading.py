"""How a run reads image files, and what stands for a file where it cannot be decoded as it is.

TensorFlow's decoders are the fastest and belong to its graphs, so a file that they decode as Pillow does is left as it
is. An 8-bit picture takes the place of any other: palette or 32-bit BMP, GIF, TIFF, WebP, a PNG with a transparent
colour or without its end mark, and every image whose intensities are to be mapped.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from PIL import Image

from kerastune_ft.data.images.intensity import (
    Intensity,
    deep_values,
    is_deep,
    map_intensity,
    to_eight_bits,
    to_png,
    value_range,
)
from kerastune_ft.data.images.orientation import UPRIGHT, find_orientation, turn, turn_back, turn_size
from kerastune_ft.rules import NEWEST, Rules

ACCURATE = "INTEGER_ACCURATE"
"""The way of decoding JPEG, of `tf.io.decode_jpeg`, that gives exactly the pixels of Pillow."""

_FAST_FORMATS = ("JPEG", "PNG", "GIF")
# MPO, which many phones write, is JPEG with more pictures behind the first.
_FORMATS = ("JPEG", "MPO", "PNG")


@dataclass(frozen=True)
class ImageReading:
    """The options of a run that decide which pixels an image file gives."""

    intensity: Intensity = None
    exif: Literal["apply", "ignore"] = "apply"
    rules: Rules = NEWEST

    @classmethod
    def of(cls, options: Any, rules: Rules) -> ImageReading:
        """Return what the options of data say, under the rules of a run."""
        return cls(None if options.intensity == "auto" else options.intensity, options.exif, rules)

    @property
    def key(self) -> tuple[Any, ...]:
        """What pixels depend on beside the range of values; nothing under the rules that had no such choice."""
        return (self.rules.version, self.exif) if self.rules.accurate_decoding else ()

    def choose_turn(self, orientation: int) -> int:
        """Return by which orientation a stored picture is turned."""
        return orientation if self.rules.turns_photos and self.exif == "apply" else UPRIGHT

    def place(self, values: np.ndarray, orientation: int, is_tiff: bool) -> np.ndarray:
        """Return the pixels that Pillow gives of a file with this EXIF orientation, turned or as they are stored.

        Pillow turns TIFF by itself.
        """
        if not is_tiff:
            return turn(values, self.choose_turn(orientation))
        return turn_back(values, orientation) if self.rules.turns_photos and self.exif == "ignore" else values


@dataclass(frozen=True)
class PreparedImage:
    """An image file that was opened and decoded once."""

    size: tuple[int, int]
    """Height and width, as the model sees them."""
    picture: Image.Image | None = None
    """The 8-bit picture that stands for the file, turned; None where the file is decoded as it is."""
    turned: int = UPRIGHT
    """The EXIF orientation by which the picture was turned, or the decoded file has yet to be."""
    is_rotated: bool = False
    """Whether EXIF asks viewers to turn or mirror the picture."""
    deep_range: tuple[float, float] | None = None
    """Smallest and largest value of a file with more than 8 bits, where no range to map was given."""

    @property
    def orientation(self) -> int:
        """The EXIF orientation by which what is read has yet to be turned."""
        return self.turned if self.picture is None else UPRIGHT


def prepare(
    content: bytes, image: Image.Image, reading: ImageReading, is_decodable: bool | None = None
) -> PreparedImage:
    """Return what an opened image file gives; raise what Pillow and TensorFlow raise, or UnusableImageError.

    `is_decodable` says whether TensorFlow decodes a file of a format that it knows; None to try.
    """
    size, found = (image.height, image.width), find_orientation(content, image)
    wanted, is_tiff = reading.choose_turn(found), image.format == "TIFF"
    # Earlier rules did not count TIFF, which Pillow turns by itself.
    is_rotated = found != UPRIGHT and (reading.rules.turns_photos or not is_tiff)
    picture: Image.Image | None = None
    if reading.intensity is not None:
        picture = _map_image(content, image, reading)
    elif is_deep(content, image):
        return PreparedImage(size, is_rotated=is_rotated, deep_range=value_range(content, image))
    elif not _decodes_alike(content, image, reading.rules, is_decodable):
        picture = to_eight_bits(image, reading.rules.white_behind_all)
    if picture is None:
        return PreparedImage(turn_size(size, wanted), turned=wanted, is_rotated=is_rotated)
    picture = Image.fromarray(reading.place(np.asarray(picture), found, is_tiff))
    size = (picture.height, picture.width) if reading.rules.turns_photos else size
    return PreparedImage(size, picture, wanted, is_rotated)


def encode_upright(content: bytes, reading: ImageReading) -> tuple[bytes, tuple[int, int]]:
    """Return an image file, or the PNG of what stands for it, that needs no turning; and its height and width."""
    with Image.open(io.BytesIO(content)) as image:
        prepared = prepare(content, image, reading)
        if prepared.picture is not None:
            return to_png(prepared.picture), prepared.size
        if prepared.orientation == UPRIGHT:
            return content, prepared.size
        values = np.asarray(to_eight_bits(image, reading.rules.white_behind_all))
        return to_png(Image.fromarray(turn(values, prepared.orientation))), prepared.size


def decode_natively(content: Any, is_accurate: bool = True) -> Any:
    """Return the pixels [height, width, channels] of an encoded image by TensorFlow; a graph function.

    `is_accurate` gives those of Pillow; otherwise JPEG is decoded fast and differs by a few of 255, and a GIF is read.
    """
    import tensorflow as tf

    if is_accurate:
        # In spite of its name it reads PNG as well.
        return tf.io.decode_jpeg(content, channels=0, dct_method=ACCURATE)
    # The first frame of an animated GIF.
    return tf.io.decode_image(content, channels=0, expand_animations=False)


def can_decode(content: bytes, is_accurate: bool = True) -> bool:
    """Tell whether TensorFlow decodes these bytes."""
    import tensorflow as tf

    try:
        decode_natively(content, is_accurate)
    except tf.errors.InvalidArgumentError:
        return False
    return True


def _decodes_alike(content: bytes, image: Image.Image, rules: Rules, is_decodable: bool | None) -> bool:
    """Tell whether TensorFlow gives the pixels that are wanted of a file of 8 bits."""
    # It shows a transparent colour or grey as that colour, and makes alpha of a transparent place in a palette.
    has_key = "transparency" in image.info and image.mode != "P"
    formats = _FORMATS if rules.accurate_decoding else _FAST_FORMATS
    if image.format not in formats or (has_key and rules.white_behind_all):
        return False
    return can_decode(content, rules.accurate_decoding) if is_decodable is None else is_decodable


def _map_image(content: bytes, image: Image.Image, reading: ImageReading) -> Image.Image:
    assert reading.intensity is not None
    if is_deep(content, image):
        values = deep_values(content, image)
    else:
        values = np.asarray(to_eight_bits(image, reading.rules.white_behind_all))
    return Image.fromarray(map_intensity(values, reading.intensity))
