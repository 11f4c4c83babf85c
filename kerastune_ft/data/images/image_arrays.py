"""Checks of arrays of images: shape, type and range of values."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerastune_ft.data.files.npz import ArrayFile
from kerastune_ft.data.images.intensity import Intensity
from kerastune_ft.errors import DataError
from kerastune_ft.wording import counted

_CHUNK = 1 << 26


def check_images(images: np.ndarray, name: str, file: ArrayFile, intensity: Intensity) -> None:
    """Raise DataError unless the array holds images of values 0 to 255, or of any where a range is mapped."""
    place = f"data.x: {name!r} in {file.path}"
    shape = images.shape
    if images.ndim not in (3, 4) or (images.ndim == 4 and shape[-1] not in (1, 2, 3, 4)) or 0 in shape:
        raise DataError(
            f"{place} has shape {list(shape)}; images are [N, height, width] or [N, height, width, channels] with 1 "
            "(grey), 2 (grey, alpha), 3 (RGB) or 4 (RGB, alpha) channels."
        )
    if images.dtype.kind not in "uif":
        raise DataError(f"{place} has dtype {images.dtype}; images are uint8, or other numbers from 0 to 255.")
    if images.dtype == np.uint8:
        return
    known = file.recall(f"range of {name}", lambda: _find_range(images))
    low, high, bad = known["low"], known["high"], known["bad"]
    if bad:
        raise DataError(
            f"{place} has NaN or infinity in {counted(bad['count'], 'row')}, the first at {name}[{bad['first']}].\n"
            "Take those examples out or repair them."
        )
    if intensity is not None:
        return
    if low < 0 or high > 255:
        raise DataError(
            f"{place} has values from {low:g} to {high:g}; images are 0 to 255.\n"
            f'Say which range becomes 0 to 255: write  "intensity": [{low:g}, {high:g}]  in data.'
        )
    if high <= 1:
        raise DataError(
            f"{place} has values from {low:g} to {high:g}; images are 0 to 255, so these would all be black.\n"
            'Write  "intensity": [0, 1]  in data.'
        )


def _find_range(images: np.ndarray) -> dict[str, Any]:
    """Return the smallest and largest value, and how many rows hold NaN or infinity."""
    rows = max(1, _CHUNK // max(1, images[0].nbytes))
    lows, highs, bad = [], [], []
    for start in range(0, len(images), rows):
        chunk = np.asarray(images[start : start + rows]).reshape(min(rows, len(images) - start), -1)
        finite = np.isfinite(chunk).all(axis=1)
        bad += (start + np.flatnonzero(~finite)).tolist()
        if finite.any():
            lows.append(float(chunk[finite].min()))
            highs.append(float(chunk[finite].max()))
    problem = {"count": len(bad), "first": bad[0]} if bad else None
    return {"low": min(lows, default=0.0), "high": max(highs, default=0.0), "bad": problem}
