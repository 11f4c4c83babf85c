"""Images and labels in an .npz file, unpacked once and memory-mapped."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from kerastune_ft.config.options.data import ArraysData
from kerastune_ft.config.options.tasks import Task
from kerastune_ft.data.files.fingerprint import combined_fingerprint, content_identity
from kerastune_ft.data.images.intensity import Intensity, mapped
from kerastune_ft.data.kinds.array_file import ArrayFile, Labelled, array_file, labelled
from kerastune_ft.data.source import Catalogue, DataSource, Report, counted
from kerastune_ft.data.splits.choose import Chosen
from kerastune_ft.errors import DataError

_CHUNK = 1 << 26


class ArraySource(DataSource):
    """Examples that lie in one array [examples, height, width(, channels)], read by index without copying it."""

    def __init__(self, catalogue: Catalogue, images: np.ndarray, intensity: Intensity = None) -> None:
        """`intensity` is the range of values that becomes 0 to 255."""
        super().__init__(catalogue)
        self._images, self._intensity = images, intensity
        self.image_sizes = np.broadcast_to(np.array(images.shape[1:3], np.int32), (len(images), 2))
        kept = images.dtype in (np.uint8, np.float32) and intensity is None
        is_whole = images.dtype.kind != "f" or intensity is not None
        self._dtype = images.dtype if kept else np.dtype(np.uint8 if is_whole else np.float32)

    def element(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return `image`: the array's row as uint8 or float32, 0 to 255."""
        row = tf.numpy_function(self._row, [index], tf.as_dtype(self._dtype), stateful=False)
        return {"image": tf.ensure_shape(row, self._images.shape[1:])}

    def _row(self, index: np.ndarray) -> np.ndarray:
        row = self._images[int(index)]
        if self._intensity is not None:
            row = mapped(row, self._intensity)
        return np.ascontiguousarray(row, self._dtype)


def open_source(options: ArraysData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open an .npz file of images and labels."""
    found = _found(options, task_options, cache_directory, report)
    return found.source(found.labelled.by_request())


def open_unsplit(options: ArraysData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open an .npz file whole, all of it as the test split: other data to evaluate on."""
    found = _found(options, task_options, cache_directory, report)
    return found.source(found.labelled.all_test())


@dataclass(frozen=True)
class _Found:
    """The images of a file, and what is said of them."""

    images: np.ndarray
    digest: str
    """SHA-256 of the file."""
    intensity: Intensity
    labelled: Labelled

    def source(self, chosen: Chosen) -> ArraySource:
        x, said = self.labelled.options.x, self.labelled
        # The file's hash stands for its rows: hashing them one by one would mean to read all of it once more.
        contents = [content_identity(self.digest, x, row, self.intensity) for row in range(len(self.images))]
        rows = [(key, text, "") for key, text in zip(said.examples.keys, said.label_texts, strict=True)]
        fingerprint = combined_fingerprint([*rows, ("", self.digest, x)])
        catalogue = said.catalogue(chosen, contents, chosen.notes, fingerprint)
        return ArraySource(catalogue, self.images, self.intensity)


def _found(options: ArraysData, task_options: Task, cache_directory: Path, report: Report) -> _Found:
    file = array_file(options, cache_directory, report)
    images = file.array(options.x, "x")
    intensity = None if options.intensity == "auto" else options.intensity
    _check_images(images, options.x, file, intensity)
    return _Found(images, file.digest, intensity, labelled(file, images, options, task_options, "image"))


def _check_images(images: np.ndarray, name: str, file: ArrayFile, intensity: Intensity) -> None:
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
    low, high, bad = _value_range(images, file.unpacked / f"{name}.range.json")
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


def _value_range(images: np.ndarray, remembered: Path) -> tuple[float, float, dict[str, int] | None]:
    """Return the smallest and largest value, and how many rows hold NaN or infinity, remembered beside the array."""
    if not remembered.exists():
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
        document = {"low": min(lows, default=0.0), "high": max(highs, default=0.0), "bad": problem}
        partial = remembered.with_suffix(f".{os.getpid()}.partial")
        partial.write_text(json.dumps(document))
        os.replace(partial, remembered)
    known = json.loads(remembered.read_text())
    return known["low"], known["high"], known["bad"]
