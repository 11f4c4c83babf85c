"""EXIF orientation: how a stored photo is turned and mirrored to look as viewers show it."""

from __future__ import annotations

import numpy as np
from PIL import ExifTags, Image

UPRIGHT = 1
"""The orientation of pictures that are shown as they are stored."""

_LAST = 8
# A quarter to the right and one to the left undo each other; every other step undoes itself.
_INVERSE = {6: 8, 8: 6}


def find_orientation(content: bytes, image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8, of an opened image; 1 where it has none or its EXIF is damaged."""
    if image.format == "PNG" and "exif" not in image.info and b"eXIf" in content:
        # Behind the pixels, where Pillow only comes to it after decoding them.
        image.load()
    # Without the entry, Pillow would decode a whole PNG to look for it.
    if image.format != "TIFF" and "exif" not in image.info:
        return UPRIGHT
    try:
        found = image.getexif().get(ExifTags.Base.Orientation, UPRIGHT)
    except Exception:  # Pillow raises almost anything on a hostile file.
        return UPRIGHT
    return found if found in range(UPRIGHT, _LAST + 1) else UPRIGHT


def turn(values: np.ndarray, orientation: int) -> np.ndarray:
    """Return pixels [height, width(, channels)] stored with this orientation as viewers show them."""
    if orientation >= 5:
        values = values.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    return values


def turn_back(values: np.ndarray, orientation: int) -> np.ndarray:
    """Return pixels as they are stored with this orientation, from those that viewers show."""
    return turn(values, _INVERSE.get(orientation, orientation))


def turn_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Return height and width as viewers show a picture that is stored with `size` and this orientation."""
    return size[::-1] if orientation >= 5 else size
