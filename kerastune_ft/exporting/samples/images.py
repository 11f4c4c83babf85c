"""Images of a run as files: the run's own where they are any, else files of its pixels."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image

from kerastune_ft.data.images.intensity import Intensity
from kerastune_ft.data.images.value_range import FULL, Kind, Values, judge
from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import ConfigError
from kerastune_ft.exporting.samples.base import find_folder
from kerastune_ft.input.decode import read_pixels
from kerastune_ft.storage import is_remote


def give(source: DataSource, indices: Sequence[int], data: Any, folder: Path) -> list[str]:
    """Return the path of an image file for each example.

    Files that Pillow cannot open, such as DICOM, and examples without files are written into `folder`: as PNG, or as
    TIFF of floats where `data.intensity` is a range of other values than those of 8 bits. Raises ConfigError for
    colours of such values, which no file holds that a predict.py reads.
    """
    base, intensity = find_folder(data), None if data.intensity == "auto" else data.intensity
    own = None if intensity is None or _are_bytes_of(intensity) else intensity
    return [_find_file(source, index, base) or _write_file(source, index, own, folder) for index in indices]


def ask(inputs: Sequence[str], folder: Path) -> list[str]:
    """Return the paths as they are."""
    return list(inputs)


def pass_on(inputs: Sequence[str], folder: Path) -> list[str]:
    """Return the paths as they are."""
    return list(inputs)


def measure_sizes(inputs: Sequence[str]) -> list[list[Any]]:
    """Return height, width and Pillow's mode of image files."""
    sizes = []
    for path in inputs:
        with Image.open(path) as image:
            sizes.append([image.height, image.width, image.mode])
    return sizes


def imitate(sizes: Sequence[Sequence[Any]], folder: Path) -> list[str]:
    """Return image files of these heights and widths, of noise: of floats where the mode is of more than 8 bits."""
    random, paths = np.random.default_rng(0), []
    for number, (height, width, mode) in enumerate(sizes):
        noise = random.integers(0, 256, (height, width, 3), np.uint8)
        is_deep = mode[0] in "IF"
        paths.append(str(folder / f"{number}.{'tiff' if is_deep else 'png'}"))
        image = Image.fromarray(noise[..., 0].astype(np.float32) if is_deep else noise)
        image.save(paths[-1], compress_level=0)
    return paths


def _are_bytes_of(intensity: Intensity) -> bool:
    """Tell whether pictures of 8 bits, 0 to 255, stand for a range of values."""
    verdict = judge(Values(Kind.BYTES, *FULL), intensity)
    return verdict.problem is None and verdict.mapped in (None, FULL)


def _find_file(source: DataSource, index: int, base: Path) -> str | None:
    for path in (source.find_file(index), os.path.join(base, source.keys[index])):
        if path is not None and not is_remote(path) and _can_be_opened(path):
            return os.path.abspath(path)
    return None


def _can_be_opened(path: str) -> bool:
    try:
        with Image.open(path):
            return True
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return False


def _write_file(source: DataSource, index: int, intensity: Intensity, folder: Path) -> str:
    pixels = read_pixels(source, source.element(tf.constant(index, tf.int64)))
    values = np.asarray(tf.saturate_cast(tf.round(tf.cast(pixels, tf.float32)), tf.uint8))
    path = folder / f"{index}.{'png' if intensity is None else 'tiff'}"
    if intensity is None:
        Image.fromarray(values).save(path)
        return str(path)
    low, high = intensity
    if (values != values[..., :1]).any():
        raise ConfigError(
            f"--format: the run's images have colours of values from {low:g} to {high:g} (data.intensity), and Pillow, "
            "by which predict.py reads, knows no file of such; use `predict`"
        )
    # Sources give what was mapped already.
    Image.fromarray((low + values[..., 0] / 255 * (high - low)).astype(np.float32)).save(path)
    return str(path)
