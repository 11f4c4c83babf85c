"""Pictures of examples in a run directory."""

from __future__ import annotations

import io

import numpy as np

from kerastune_ft.rundir import RunDirectory


def encode_png(pixels: np.ndarray) -> bytes:
    """Return a PNG file of an image, uint8 [height, width, 3]."""
    from PIL import Image

    picture = io.BytesIO()
    Image.fromarray(pixels).save(picture, "PNG")
    return picture.getvalue()


def remove_pictures(run: RunDirectory, folder: str, first: int) -> None:
    """Delete the pictures from this number on that an earlier evaluation of the run left in evaluation/<folder>."""
    for name in run.list_files(f"evaluation/{folder}")[first:]:
        run.remove(f"evaluation/{folder}/{name}")
