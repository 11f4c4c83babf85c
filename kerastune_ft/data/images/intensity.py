"""Pixel values of any depth brought to 8 bits: a range of values becomes 0 to 255, transparency stays what it is."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

_DEEP_MODES = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")
_BITS_PER_SAMPLE = 258

Intensity = tuple[float, float] | None
"""The range of values mapped to 0-255, or None to take 8-bit images as they are."""


class UnusableImageError(Exception):
    """An image that is whole and that no reader here can take; the message says why, as `is ...` or `has ...`."""


def map_intensity(values: np.ndarray, intensity: tuple[float, float]) -> np.ndarray:
    """Return an image [height, width(, channels)] with the range `intensity` mapped to 0-255, rounded to uint8.

    What lies beyond the range is cut off. The last of 2 or 4 channels is transparency, which for 8- and 16-bit values
    is a share of the largest there are, and for others is mapped like the rest.
    """
    low, high = intensity
    scaled = np.clip((values.astype(np.float64) - low) * (255.0 / (high - low)), 0.0, 255.0)
    if values.ndim == 3 and values.shape[-1] in (2, 4) and values.dtype in (np.uint8, np.uint16):
        scaled[..., -1] = values[..., -1] * (255.0 / np.iinfo(values.dtype).max)
    return np.round(scaled).astype(np.uint8)


def to_png(image: Image.Image) -> bytes:
    """Return an 8-bit image encoded as PNG."""
    written = io.BytesIO()
    image.save(written, "PNG", compress_level=1)
    return written.getvalue()


def encoded_range(content: bytes) -> tuple[float, float]:
    """Return the smallest and largest value of an encoded image of more than 8 bits, its transparency aside."""
    with Image.open(io.BytesIO(content)) as image:
        return value_range(content, image)


def to_eight_bits(image: Image.Image, keeps_key: bool) -> Image.Image:
    """Return an opened image of 8 bits, grey or RGB, with its transparency as alpha.

    Without `keeps_key` the one transparent grey or colour of a PNG is opaque.
    """
    image.load()
    if image.mode in ("L", "LA", "RGB", "RGBA") and not (keeps_key and "transparency" in image.info):
        return image
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def is_deep(content: bytes, image: Image.Image) -> bool:
    """Tell whether a channel has more than 8 bits; Pillow hides it where there are colours."""
    if image.format == "PNG":
        return content[24] == 16
    return image.mode in _DEEP_MODES or _has_deep_colours(image)


def deep_values(content: bytes, image: Image.Image) -> np.ndarray:
    """Return the values of an image of more than 8 bits: [height, width], or [height, width, 2 to 4 channels]."""
    if image.format == "PNG":
        import tensorflow as tf

        values = tf.io.decode_png(content, dtype=tf.uint16).numpy()
        return values[..., 0] if values.shape[-1] == 1 else values
    if image.mode not in _DEEP_MODES:
        raise UnusableImageError("is TIFF with colours of more than 8 bits, which is not read; write it as 16-bit PNG")
    values = np.asarray(image)
    if not np.isfinite(values).all():
        raise UnusableImageError("has NaN or infinite values")
    return values


def value_range(content: bytes, image: Image.Image) -> tuple[float, float]:
    """Return the smallest and largest value of an image of more than 8 bits, its transparency aside."""
    values = deep_values(content, image)
    if values.ndim == 3 and values.shape[-1] in (2, 4):
        values = values[..., :-1]
    return float(values.min()), float(values.max())


def _has_deep_colours(image: Image.Image) -> bool:
    bits = getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE, ())
    return any(count > 8 for count in (bits if isinstance(bits, tuple) else (bits,)))
