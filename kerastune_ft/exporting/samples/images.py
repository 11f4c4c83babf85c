"""Images of a run as files: the run's own where they are any, else files of its pixels."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from kerastune_ft.data.source import DataSource
from kerastune_ft.input.decode import read_pixels
from kerastune_ft.storage import is_remote


def give(source: DataSource, indices: Sequence[int], root: Path, folder: Path) -> list[str]:
    """Return the path of an image file for each example.

    Files that Pillow cannot open, such as DICOM, and examples without files are written as PNG into `folder`.
    """
    return [_find_file(source, index, root) or _write_file(source, index, folder) for index in indices]


def ask(inputs: Sequence[str]) -> list[str]:
    """Return the paths as they are."""
    return list(inputs)


def measure_sizes(inputs: Sequence[str]) -> list[list[int]]:
    """Return height and width of image files."""
    sizes = []
    for path in inputs:
        with Image.open(path) as image:
            sizes.append([image.height, image.width])
    return sizes


def imitate(sizes: Sequence[Sequence[int]], folder: Path) -> list[str]:
    """Return image files of these heights and widths, of noise."""
    random, paths = np.random.default_rng(0), []
    for number, size in enumerate(sizes):
        paths.append(str(folder / f"{number}.png"))
        Image.fromarray(random.integers(0, 256, (*size, 3), np.uint8)).save(paths[-1], compress_level=0)
    return paths


def _find_file(source: DataSource, index: int, root: Path) -> str | None:
    base = root if root.is_dir() else root.parent
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


def _write_file(source: DataSource, index: int, folder: Path) -> str:
    pixels = read_pixels(source, source.element(tf.constant(index, tf.int64)))
    path = folder / f"{index}.png"
    Image.fromarray(np.asarray(tf.saturate_cast(tf.round(tf.cast(pixels, tf.float32)), tf.uint8))).save(path)
    return str(path)
