"""Pictures and sounds of examples in a run directory."""

from __future__ import annotations

import io
from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np

from kerastune_ft.rundir import RunDirectory

# The longer side of a picture beyond which it is shrunk, and the one up to which no pixel is changed: a page of
# two dozen photos stays below a megabyte.
_LARGEST, _EXACT = 256, 96
_QUALITY = 88


class MediaFile(NamedTuple):
    """A file that shows an example: its suffix without a dot, and its content."""

    suffix: str
    content: bytes


Shown = tuple[dict[str, Any], list[MediaFile]]
"""What shows an example: entries of its row in the list of mistakes, and files; `panels` names several pictures."""


def encode_png(pixels: np.ndarray) -> bytes:
    """Return a PNG file of an image, uint8 [height, width, 3]."""
    from PIL import Image

    picture = io.BytesIO()
    Image.fromarray(pixels).save(picture, "PNG")
    return picture.getvalue()


def encode_thumbnail(pixels: np.ndarray, largest: int = _LARGEST) -> MediaFile:
    """Return a small file of an image, uint8 [height, width, 3]: PNG where it is small, else JPEG.

    `largest` is the most pixels of its longer side.
    """
    from PIL import Image

    if max(pixels.shape[:2]) <= _EXACT:
        return MediaFile("png", encode_png(pixels))
    image, picture = Image.fromarray(pixels), io.BytesIO()
    image.thumbnail((largest, largest), Image.Resampling.BOX)
    image.save(picture, "JPEG", quality=_QUALITY, optimize=True)
    return MediaFile("jpg", picture.getvalue())


def remove_files(run: RunDirectory, folder: str, kept: Collection[str] = (), place: str = "evaluation") -> None:
    """Delete the files that an earlier evaluation of the run left in evaluation/<folder>, but for those `kept`."""
    for name in run.list_files(f"{place}/{folder}"):
        if name not in kept:
            run.remove(f"{place}/{folder}/{name}")
