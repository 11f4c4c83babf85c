"""Pictures in memory as PNG files, which keep every pixel."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

from kerastune_ft.errors import DataError

# What PNG files hold; pictures of other modes, such as CMYK, are converted as viewers show them.
_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
_ORIENTATION = 0x0112
_LARGEST = 65535
_CHANNELS = {2: "LA", 3: "RGB", 4: "RGBA"}


def is_picture(value: Any) -> bool:
    """Return whether a value is a picture of Pillow."""
    return isinstance(value, Image.Image)


def encode_picture(picture: Any, place: str) -> bytes:
    """Return a picture of Pillow, or an array of one, as a PNG file with the same pixels.

    An array is [height, width] or [height, width, channels] of bytes, or [height, width] of uint16. `place` begins
    messages. Raises DataError for a picture that PNG cannot hold exactly, and one that cannot be read.
    """
    if not isinstance(picture, Image.Image):
        picture = _from_array(np.asarray(picture), place)
    try:
        turned = picture.getexif().get(_ORIENTATION)
        picture = _as_mode(picture, place)
        exif = Image.Exif()
        if turned:
            # Nothing else of it: a photo may say where and when it was taken.
            exif[_ORIENTATION] = turned
        stream = io.BytesIO()
        picture.save(stream, "PNG", compress_level=1, **({"exif": exif} if turned else {}))
    except (OSError, ValueError, SyntaxError) as problem:
        raise DataError(f"{place} cannot be read as a picture: {problem}") from problem
    return stream.getvalue()


def _as_mode(picture: Image.Image, place: str) -> Image.Image:
    if picture.mode in _MODES:
        return picture
    if picture.mode == "I":
        low, high = picture.getextrema()
        if int(low) >= 0 and int(high) <= _LARGEST:  # type: ignore[arg-type]
            return picture
    if picture.mode in ("I", "F"):
        raise DataError(
            f"{place} has values that are no bytes (mode {picture.mode}); give all pictures as one array of one size, "
            "which keeps them, or bring them to 0 to 255 of uint8"
        )
    return picture.convert("RGBA" if picture.mode in ("PA", "La", "RGBa") else "RGB")


def _from_array(values: np.ndarray, place: str) -> Image.Image:
    if values.dtype == np.bool_:
        values = values.astype(np.uint8) * 255
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[:, :, 0]
    if values.dtype == np.uint16 and values.ndim == 2 and values.size:
        return Image.fromarray(values)
    if values.dtype != np.uint8 or values.ndim not in (2, 3) or not values.size:
        raise DataError(
            f"{place} is an array of shape {list(values.shape)} and dtype {values.dtype}; pictures of different sizes "
            "are uint8, [height, width] or [height, width, 3], with values 0 to 255 (uint16 where they are grey). Of "
            "floats from 0 to 1 that is  (image * 255).round().astype('uint8')"
        )
    if values.ndim == 3 and values.shape[2] not in _CHANNELS:
        first = " The channels come last: image.transpose(1, 2, 0)" if values.shape[0] in (1, 3, 4) else ""
        raise DataError(f"{place} is an array of shape {list(values.shape)}, which is no picture.{first}")
    return Image.fromarray(np.ascontiguousarray(values), _CHANNELS[values.shape[2]] if values.ndim == 3 else "L")
