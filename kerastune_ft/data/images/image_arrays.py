"""Checks of arrays of images: shape, type and range of values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from kerastune_ft.data.files.npz import ArrayFile
from kerastune_ft.data.images.intensity import Intensity
from kerastune_ft.data.images.reading import ImageReading
from kerastune_ft.data.images.set_range import check_set
from kerastune_ft.data.images.value_range import Values, join, judge, measure
from kerastune_ft.errors import DataError
from kerastune_ft.wording import counted

_CHUNK = 1 << 26


def check_array(
    images: np.ndarray, name: str, file: ArrayFile, reading: ImageReading, is_own: bool
) -> tuple[Intensity, tuple[str, ...]]:
    """Return which range of an array becomes 0 to 255, None for 0 to 255 as it is, and what the user should read.

    Raises DataError unless the array holds images, of values that fit. `is_own` tells the run's own data from images
    that it is evaluated on.
    """
    place = f"{name!r} in {file.path}"
    shape = images.shape
    if images.ndim not in (3, 4) or (images.ndim == 4 and shape[-1] not in (1, 2, 3, 4)) or 0 in shape:
        raise DataError(
            f"data.x: {place} has shape {list(shape)}; images are [N, height, width] or [N, height, width, channels] "
            "with 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGB, alpha) channels."
        )
    if images.dtype.kind not in ("buif" if reading.is_checked else "uif"):
        raise DataError(f"data.x: {place} has dtype {images.dtype}; images are uint8, or other real numbers.")
    if images.dtype != np.uint8:
        bad = file.recall(f"NaN of {name}", lambda: {"bad": _find_bad(images)})["bad"]
        if bad:
            raise DataError(
                f"data.x: {place} has NaN or infinity in {counted(bad['count'], 'row')}, the first at "
                f"{name}[{bad['first']}].\nTake those examples out or repair them."
            )
    if not reading.is_checked:
        return reading.intensity, ()
    given = _recall_values(images, name, file, reading.intensity)
    notes = check_set(given, reading.intensity, is_own, f"{place} has", "data.x")
    return judge(given, reading.intensity).mapped, notes


def measure_array(images: np.ndarray, trained: Intensity) -> Values:
    """Return what occurs in an array [N, height, width(, channels)] of images; NaN and infinity do not count."""
    has_alpha = images.ndim == 4 and images.shape[-1] in (2, 4)
    return join([measure(chunk[..., :-1] if has_alpha else chunk, trained) for chunk in _chunks(images)])


def _recall_values(images: np.ndarray, name: str, file: ArrayFile, trained: Intensity) -> Values:
    def learn() -> dict[str, Any]:
        return {"values": measure_array(images, trained).to_json()}

    return Values.from_json(file.recall(f"values of {name} beside {trained}", learn)["values"])


def _chunks(images: np.ndarray) -> Iterator[np.ndarray]:
    rows = max(1, _CHUNK // max(1, images[0].nbytes))
    for start in range(0, len(images), rows):
        yield np.asarray(images[start : start + rows])


def _find_bad(images: np.ndarray) -> dict[str, int] | None:
    """Return how many rows hold NaN or infinity, and the first; None where none does."""
    bad: list[int] = []
    start = 0
    for chunk in _chunks(images):
        finite = np.isfinite(chunk).reshape(len(chunk), -1).all(axis=1)
        bad += (start + np.flatnonzero(~finite)).tolist()
        start += len(chunk)
    return {"count": len(bad), "first": bad[0]} if bad else None
