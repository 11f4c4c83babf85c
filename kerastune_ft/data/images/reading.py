"""How a run reads image files, and what stands for a file where it cannot be decoded as it is.

TensorFlow's decoders are the fastest and belong to its graphs, so a file that they decode as Pillow does is left as it
is. An 8-bit picture takes the place of any other: palette or 32-bit BMP, GIF, TIFF, WebP, a PNG with a transparent
colour or without its end mark, and every image whose intensities are to be mapped.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from PIL import Image

from kerastune_ft.data.images.dicom import read_picture
from kerastune_ft.data.images.intensity import (
    Intensity,
    UnusableImageError,
    deep_values,
    is_deep,
    map_intensity,
    to_eight_bits,
    to_png,
    value_range,
)
from kerastune_ft.data.images.orientation import UPRIGHT, find_orientation, turn, turn_back, turn_size
from kerastune_ft.data.images.value_range import Values, Verdict, explain_problem, judge, measure, without_alpha
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
    is_checked: bool = True
    """Whether values must be of the range: always, but in the own data of runs whose rules did not ask for it."""

    window: tuple[float, float] | None = None
    """Of DICOM files: centre and width of the window that becomes 0 to 255; None for each file's own."""

    @classmethod
    def of(cls, options: Any, rules: Rules, is_own: bool = False) -> ImageReading:
        """Return what the options of data say, under the rules of a run, for its own data or for other images."""
        intensity = None if options.intensity == "auto" else options.intensity
        return cls(intensity, options.exif, rules, rules.checks_range or not is_own, options.window)

    @property
    def key(self) -> tuple[Any, ...]:
        """What is known of a file beside the range of values; nothing under the rules that had no such choice."""
        own: tuple[Any, ...] = (self.rules.version, self.exif) if self.rules.accurate_decoding else ()
        own += () if self.window is None else ("window", *self.window)
        return (*own, "checked") if self.is_checked else own

    @property
    def turns(self) -> bool:
        """Whether photos are turned as EXIF says."""
        return self.rules.turns_photos and self.exif == "apply"

    def choose_turn(self, orientation: int) -> int:
        """Return by which orientation a stored picture is turned."""
        return orientation if self.turns else UPRIGHT

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
    values: Values | None = None
    """The values that occur, where these were looked at."""
    verdict: Verdict = field(default_factory=Verdict)
    """Whether they are of the range."""
    frames: int = 0
    """Of a DICOM file, the number of its frames; 0 for others."""
    has_window: bool = True
    """Whether anything but the values of a DICOM file's frame says what becomes 0 to 255."""

    @property
    def orientation(self) -> int:
        """The EXIF orientation by which what is read has yet to be turned."""
        return self.turned if self.picture is None else UPRIGHT

    @property
    def problem(self) -> str | None:
        """Why the values cannot be those that a run takes, with what to do."""
        return None if self.values is None else explain_problem(self.values, self.verdict)


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
    if reading.intensity is None and is_deep(content, image):
        return PreparedImage(size, is_rotated=is_rotated, deep_range=value_range(content, image))
    values, is_native = _decode(content, image, reading, is_decodable)
    given, verdict = None, Verdict(reading.intensity)
    if reading.is_checked and values is not None:
        given = measure(without_alpha(values), reading.intensity)
        verdict = judge(given, reading.intensity)
    if is_native or values is None:
        return PreparedImage(turn_size(size, wanted), None, wanted, is_rotated, values=given, verdict=verdict)
    mapped = values if verdict.mapped is None else map_intensity(values, verdict.mapped)
    picture = Image.fromarray(reading.place(mapped, found, is_tiff))
    size = (picture.height, picture.width) if reading.rules.turns_photos else size
    return PreparedImage(size, picture, wanted, is_rotated, values=given, verdict=verdict)


def _decode(
    content: bytes, image: Image.Image, reading: ImageReading, is_decodable: bool | None
) -> tuple[np.ndarray | None, bool]:
    """Return the values of a file, None where they are not needed, and whether TensorFlow decodes it as it should be.

    Where a range is mapped, a picture takes the file's place in any case.
    """
    rules = reading.rules
    if is_deep(content, image):
        values = deep_values(content, image)
        return (_clear_key(values, image.info.get("transparency")) if rules.white_behind_all else values), False
    if reading.intensity is None and is_decodable is not False and _is_native(image, rules):
        if is_decodable:
            return None, True
        found = decode_or_none(content, rules.accurate_decoding)
        if found is not None:
            return found, True
    if rules.white_behind_all:
        _scale_key(content, image)
    return np.asarray(to_eight_bits(image, rules.white_behind_all)), False


def _scale_key(content: bytes, image: Image.Image) -> None:
    """Bring the transparent grey of a PNG of 2 or 4 bits to the 8 bits that Pillow makes of its pixels alone."""
    bits, key = content[24] if image.format == "PNG" else 8, image.info.get("transparency")
    if bits in (2, 4) and image.mode == "L" and isinstance(key, int):
        image.info["transparency"] = key * 255 // (2**bits - 1)


def prepare_dicom(content: bytes, reading: ImageReading) -> PreparedImage:
    """Return what a DICOM file gives; raise UnusableImageError where it cannot be read."""
    found = read_picture(content, reading.window, reading.intensity)
    size = (found.picture.height, found.picture.width)
    return PreparedImage(size, found.picture, frames=found.frames, has_window=found.has_window)


def _clear_key(values: np.ndarray, key: Any) -> np.ndarray:
    """Return a 16-bit PNG's values with alpha where they are the one grey or colour that is transparent, if any is."""
    channels = values[..., np.newaxis] if values.ndim == 2 else values
    if key is None or channels.shape[-1] not in (1, 3):
        return values
    alpha = np.where((channels == np.array(key)).all(axis=-1, keepdims=True), 0, 65535).astype(np.uint16)
    return np.concatenate([channels, alpha], axis=-1)


def encode_upright(content: bytes, reading: ImageReading) -> tuple[bytes, tuple[int, int]]:
    """Return an image file, or the PNG of what stands for it, that needs no turning; and its height and width."""
    with Image.open(io.BytesIO(content)) as image:
        prepared = prepare(content, image, reading)
        if prepared.problem and prepared.verdict.is_of_kind:
            raise UnusableImageError(prepared.problem)
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


def decode_or_none(content: bytes, is_accurate: bool = True) -> np.ndarray | None:
    """Return the pixels of an encoded image by TensorFlow; None where it does not decode these bytes."""
    import tensorflow as tf

    try:
        return decode_natively(content, is_accurate).numpy()
    except tf.errors.InvalidArgumentError:
        return None


def _is_native(image: Image.Image, rules: Rules) -> bool:
    """Tell whether TensorFlow gives the pixels that are wanted of a file of 8 bits in this format."""
    # It shows a transparent colour or grey as that colour, and makes alpha of a transparent place in a palette.
    has_key = "transparency" in image.info and image.mode != "P"
    formats = _FORMATS if rules.accurate_decoding else _FAST_FORMATS
    return image.format in formats and not (has_key and rules.white_behind_all)
