"""Predicted masks laid over the pictures they are of, as JPEG files for people to look at."""

from __future__ import annotations

import io

import numpy as np

from kerastune_ft.data.annotations.overlays import lay_mask

_LARGEST = 1024
_QUALITY = 90


def draw_overlay(pixels: np.ndarray, mask: np.ndarray, colours: np.ndarray) -> bytes:
    """Return a JPEG of a picture, uint8 [height, width, 3], with its mask laid over it in the colours of the classes.

    It is at most 1,024 pixels wide and high; the mask, uint8 [height, width], is laid over the picture before.
    """
    from PIL import Image

    shown, written = Image.fromarray(lay_mask(pixels, mask, colours)), io.BytesIO()
    shown.thumbnail((_LARGEST, _LARGEST))
    shown.save(written, "JPEG", quality=_QUALITY)
    return written.getvalue()
