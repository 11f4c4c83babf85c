"""Sounds of a run as files: the run's own where they are any, else WAV files of their samples."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from scipy.io import wavfile

from kerastune_ft.data.source import DataSource
from kerastune_ft.exporting.samples.base import find_folder
from kerastune_ft.storage import is_remote

_HUMS = 220.0


def give(source: DataSource, indices: Sequence[int], data: Any, folder: Path) -> list[str]:
    """Return the path of a sound file for each example; those without a file are written into `folder` as floats."""
    base = find_folder(data)
    return [_find_file(source, index, base) or _write_file(source, index, folder) for index in indices]


def ask(inputs: Sequence[str], folder: Path) -> list[str]:
    """Return the paths as they are."""
    return list(inputs)


def pass_on(inputs: Sequence[str], folder: Path) -> list[str]:
    """Return the paths as they are."""
    return list(inputs)


def measure_sizes(inputs: Sequence[str]) -> list[list[int]]:
    """Return the bytes of each file, which decide how long it takes to read it."""
    return [[os.path.getsize(path)] for path in inputs]


def imitate(sizes: Sequence[Sequence[int]], folder: Path) -> list[str]:
    """Return files of hums of so many bytes, 16,000 samples of 16 bits a second."""
    paths = []
    for number, (size,) in enumerate(sizes):
        hum = np.sin(np.arange(max(size // 2, 1)) * (2 * np.pi * _HUMS / 16_000))
        paths.append(folder / f"hum_{number}.wav")
        wavfile.write(paths[-1], 16_000, (0.3 * 32767 * hum).astype(np.int16))
    return [str(path) for path in paths]


def _find_file(source: DataSource, index: int, base: Path) -> str | None:
    for path in (source.find_file(index), os.path.join(base, source.keys[index])):
        if path is not None and not is_remote(path) and os.path.isfile(path):
            return os.path.abspath(path)
    return None


def _write_file(source: DataSource, index: int, folder: Path) -> str:
    element = source.element(tf.constant(index, tf.int64))
    path = folder / f"{index}.wav"
    wavfile.write(path, int(element["rate"]), np.asarray(element["samples"], np.float32))
    return str(path)
