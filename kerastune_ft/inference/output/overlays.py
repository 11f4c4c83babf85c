"""Predicted masks laid over the pictures they are of, as JPEG files for people to look at."""

from __future__ import annotations

import io
import os

import numpy as np

from kerastune_ft import storage
from kerastune_ft.data.annotations.overlays import lay_mask
from kerastune_ft.data.images.intensity import UnusableImageError
from kerastune_ft.data.images.reading import ImageReading, encode_upright

_LARGEST = 1024
_QUALITY = 90


def draw_overlay(path: str, mask: np.ndarray, colours: np.ndarray, reading: ImageReading) -> bytes | None:
    """Return a JPEG of a picture file with its mask, uint8 [height, width], laid over it in the colours of the classes.

    It is at most 1,024 pixels wide and high. None for an input that is no file on this machine or cannot be shown in 8
    bits, and where the mask has another size.
    """
    from PIL import Image

    try:
        if not os.path.isfile(path):
            return None
        content, size = encode_upright(storage.read(path), reading)
    except (OSError, ValueError, SyntaxError, UnusableImageError):
        return None
    with Image.open(io.BytesIO(content)) as image:
        pixels = np.asarray(image.convert("RGB"))
    if size != mask.shape or pixels.shape[:2] != mask.shape:
        return None
    shown, written = Image.fromarray(lay_mask(pixels, mask, colours)), io.BytesIO()
    shown.thumbnail((_LARGEST, _LARGEST))
    shown.save(written, "JPEG", quality=_QUALITY)
    return written.getvalue()
