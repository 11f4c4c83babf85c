"""Images in arrays: those of an .npz file, or those a program has in memory."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from kerastune_ft.config.options.spectrograms import RATE_ARRAY
from kerastune_ft.data.files.npz import ArrayFile
from kerastune_ft.data.images.intensity import Intensity
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.inference.items import Item, Listing

_CHANNELS = (1, 2, 3, 4)


def open_array(
    path: Path, name: str | None, cache_directory: Path, report: Callable[[str], None]
) -> tuple[ArrayFile, np.ndarray]:
    """Return an .npz file and an array of it, memory-mapped.

    Without a name it is that called `x`, or the only one there is beside the sample rate of sounds.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [entry.removesuffix(".npy") for entry in archive.namelist()]
        names = [each for each in names if each != RATE_ARRAY]
    except FileNotFoundError:
        raise DataError("is not there") from None
    except (OSError, zipfile.BadZipFile) as problem:
        raise DataError(f"is no .npz file that can be read: {problem}") from problem
    chosen = name or ("x" if "x" in names else names[0] if len(names) == 1 else None)
    if chosen not in names:
        absent = f"has no array {name!r}" if name else "has several arrays"
        raise ConfigError(
            f"{path} {absent}; name the one of the inputs with --input, one of {', '.join(names) or 'none'}"
        )
    file = ArrayFile(path, cache_directory, report)
    return file, file.array(str(chosen), "x")


def list_images(images: np.ndarray, name: str, intensity: Intensity) -> Listing:
    """Return the images of an array, named by its rows; raise DataError where it cannot be images.

    One image is [height, width] or [height, width, channels], several have a dimension before. Values are 0 to 255, or
    any where the run has a range `intensity` for them.
    """
    if images.dtype.kind not in "uif" or images.ndim not in (2, 3, 4) or 0 in images.shape:
        raise DataError(
            f"{name} has shape {list(images.shape)} and dtype {images.dtype}; images are numbers, "
            "[N, height, width, channels] or [height, width, channels]"
        )
    if images.ndim == 4 and images.shape[-1] not in _CHANNELS:
        raise DataError(
            f"{name} has shape {list(images.shape)}; the last dimension of [N, height, width, channels] is 1 (grey), "
            "2 (grey, alpha), 3 (RGB) or 4 (RGB, alpha)"
        )
    _check_range(images, name, intensity)
    if images.ndim == 2 or (images.ndim == 3 and images.shape[-1] in _CHANNELS):
        return Listing([_make_item(name, images)], 1)
    return Listing((_make_item(f"{name}[{row}]", image) for row, image in enumerate(images)), len(images))


def _make_item(name: str, values: np.ndarray) -> Item:
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        return Item(name, problem="has NaN or infinite values")
    return Item(name, values=values)


def _check_range(images: np.ndarray, name: str, intensity: Intensity) -> None:
    if images.dtype == np.uint8 or intensity is not None:
        return
    # Of all the array: a single dark image has small values too. NaN is for the row that has it to tell.
    flat = images.reshape(-1)
    low, high = float(np.fmin.reduce(flat)), float(np.fmax.reduce(flat))
    if low < 0 or high > 255:
        raise DataError(f"{name} has values from {low:g} to {high:g}; images are 0 to 255")
    if images.dtype.kind == "f" and 0 < high <= 1:
        raise DataError(
            f"{name} has values from {low:g} to {high:g}; images are 0 to 255, so these would all be black: "
            "multiply them by 255"
        )
