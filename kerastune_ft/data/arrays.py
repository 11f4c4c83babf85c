"""Images and labels in an .npz file, unpacked once and memory-mapped."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Sized
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf
from filelock import FileLock

from kerastune_ft.config.data import ArraysData, Named
from kerastune_ft.config.tasks import Classification, Task
from kerastune_ft.data.fetched import fetched
from kerastune_ft.data.fingerprint import combined_fingerprint, content_identity, file_sha256
from kerastune_ft.data.intensity import Intensity, mapped
from kerastune_ft.data.labels import SEPARATOR, Columns, Labels, OneEach, number_labels
from kerastune_ft.data.source import Catalogue, DataSource, Report, counted, describe
from kerastune_ft.data.splits import Chosen, Examples, absent_notes, choose_splits
from kerastune_ft.errors import DataError
from kerastune_ft.storage import path_of

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
    refuse_named_splits(options)
    return _source(options, found, choose_splits(options.splits, {}, found.examples))


def refuse_named_splits(options: ArraysData) -> None:
    """Raise DataError for splits by name, which arrays do not have."""
    if isinstance(options.splits, Named):
        raise DataError(
            f'data.splits: an .npz file has no named splits; give fractions, as {{"train": 0.7, "validation": 0.15, '
            f'"test": 0.15}}, instead of "{options.splits.train}".'
        )


def open_unsplit(options: ArraysData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open an .npz file whole, all of it as the test split: other data to evaluate on."""
    found = _found(options, task_options, cache_directory, report)
    splits = {"test": np.arange(len(found.examples.keys), dtype=np.int64)}
    return _source(options, found, Chosen(splits, absent_notes(splits, found.examples), {}))


@dataclass(frozen=True)
class _Found:
    """The arrays of a file, its labels read, and what identifies it."""

    images: np.ndarray
    labels: Labels
    examples: Examples
    digest: str
    """SHA-256 of the file."""
    fingerprint: str


def _found(options: ArraysData, task_options: Task, cache_directory: Path, report: Report) -> _Found:
    path = fetched(path_of(options.path), cache_directory, report)
    digest = file_sha256(path, cache_directory)
    unpacked = cache_directory / "arrays" / digest[:32]
    images = member(path, options.x, "x", unpacked, report)
    raw, texts = array_labels(member(path, options.y, "y", unpacked, report), options, task_options, path)
    _check_images(images, options.x, path, unpacked, None if options.intensity == "auto" else options.intensity)
    check_length(path, options.x, images, options.y, len(texts))
    keys = [f"{options.x}[{row}]" for row in range(len(texts))]
    labels = number_labels(raw, keys, task_options, str(path))
    groups = None
    if options.group is not None:
        groups = [str(value) for value in member(path, options.group, "group", unpacked, report).tolist()]
        check_length(path, options.x, images, options.group, len(groups))
    rows = [(key, text, "") for key, text in zip(keys, texts, strict=True)]
    examples = Examples.labelled(keys, labels, groups)
    return _Found(images, labels, examples, digest, combined_fingerprint([*rows, ("", digest, options.x)]))


def _source(options: ArraysData, found: _Found, chosen: Chosen) -> ArraySource:
    name, examples = Path(options.path).stem, found.examples
    intensity = None if options.intensity == "auto" else options.intensity
    # The file's hash stands for its rows: hashing them one by one would mean to read all of it once more.
    contents = [content_identity(found.digest, options.x, row, intensity) for row in range(len(found.images))]
    catalogue = describe(
        "arrays",
        name,
        found.labels,
        chosen,
        found.fingerprint,
        examples.keys,
        contents,
        examples.groups,
        notes=chosen.notes,
    )
    return ArraySource(catalogue, found.images, intensity)


def array_labels(array: np.ndarray, options: ArraysData, task: Task, path: Path) -> tuple[OneEach | Columns, list[str]]:
    """Return the labels of an array, and each as one text; raise DataError where the task cannot take them."""
    raw = _labels(array, options)
    if isinstance(task, Classification):
        _check_classes(raw, task.multi_label, f"data.y: {options.y!r} in {path}")
    return raw, list(raw.texts) if isinstance(raw, OneEach) else [SEPARATOR.join(row) for row in raw.rows]


def _check_classes(raw: OneEach | Columns, multi_label: bool, place: str) -> None:
    if isinstance(raw, Columns) and not multi_label:
        raise DataError(
            f"{place} has {len(raw.names)} labels per example; for one-hot rows save y.argmax(axis=1) instead, "
            'for several labels write "multi_label": true in task.'
        )
    if isinstance(raw, OneEach) and any("." in text and text.strip("-.e0123456789") == "" for text in raw.texts):
        raise DataError(f"{place} has fractions, and class labels are integers or strings. Save y.astype(int).")


def check_length(path: Path, x: str, inputs: Sized, other: str, length: int) -> None:
    """Raise DataError where two arrays do not have a row per example each."""
    if len(inputs) != length:
        raise DataError(
            f"data.path: {path} has {counted(len(inputs), 'input')} in {x!r} and {counted(length, 'label')} in "
            f"{other!r}.\nBoth need one row per example."
        )


def one_array(path: Path, name: str, cache_directory: Path, report: Report) -> np.ndarray:
    """Return one array of an .npz file, memory-mapped from the cache directory."""
    return member(path, name, "x", cache_directory / "arrays" / file_sha256(path, cache_directory)[:32], report)


def names_in(path: Path) -> list[str]:
    """Return the names of the arrays in an .npz file that was read before."""
    with zipfile.ZipFile(path) as archive:
        return [entry.removesuffix(".npy") for entry in archive.namelist()]


def member(path: Path, name: str, option: str, unpacked: Path, report: Report) -> np.ndarray:
    """Return one array of the file, memory-mapped from the cache directory."""
    target = unpacked / f"{name}.npy"
    unpacked.mkdir(parents=True, exist_ok=True)
    with FileLock(unpacked / "lock"):
        if not target.exists():
            _unpack(path, name, option, target, report)
    try:
        return np.load(target, mmap_mode="r", allow_pickle=False)
    except ValueError as problem:
        target.unlink()
        raise DataError(
            f"data.{option}: {name!r} in {path} cannot be read as plain numbers or text ({problem}).\n"
            "Pickled objects are not loaded. Save an array with a number or string dtype."
        ) from problem


def _unpack(path: Path, name: str, option: str, target: Path, report: Report) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            found = [entry.removesuffix(".npy") for entry in archive.namelist()]
            if name not in found:
                raise DataError(
                    f"data.{option}: {path} has no array {name!r}; it has {', '.join(found) or 'none'}.\n"
                    f'Write "{option}": "..." with one of them in data.'
                )
            report(f"unpacking {name!r} of {path.name} into the cache, once")
            partial = target.with_suffix(".partial")
            with archive.open(f"{name}.npy") as packed, partial.open("wb") as file:
                shutil.copyfileobj(packed, file, 1 << 20)
            os.replace(partial, target)
    except (zipfile.BadZipFile, OSError, KeyError) as problem:
        raise DataError(
            f"data.path: {path} is no readable .npz file ({problem}). Write it with numpy.savez(path, x=..., y=...)."
        ) from problem


def _check_images(images: np.ndarray, name: str, path: Path, unpacked: Path, intensity: Intensity) -> None:
    """Raise DataError unless the array holds images of values 0 to 255, or of any where a range is mapped."""
    place = f"data.x: {name!r} in {path}"
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
    low, high, bad = _value_range(images, unpacked / f"{name}.range.json")
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


def _labels(array: np.ndarray, options: ArraysData) -> OneEach | Columns:
    """Return the labels as text, a column for each of several, or raise DataError where they are none."""
    place = f"data.y: {options.y!r} in {options.path}"
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim not in (1, 2):
        raise DataError(f"{place} has shape {list(array.shape)}; labels are [N], or [N, classes] for several labels.")
    if array.dtype.kind == "S":
        array = np.char.decode(np.asarray(array), "utf-8")
    if array.dtype.kind not in "iubUf":
        raise DataError(f"{place} has dtype {array.dtype}; labels are numbers or strings.")
    if not len(array):
        raise DataError(f"{place} is empty; there are no examples.")
    if array.ndim == 2:
        names = tuple(f"{options.y}[{column}]" for column in range(array.shape[1]))
        return Columns(names, [[str(value) for value in row] for row in array.tolist()])
    # Whole numbers are the same labels whatever their dtype.
    if array.dtype.kind == "f" and (np.mod(array, 1) == 0).all():
        array = array.astype(np.int64)
    return OneEach([str(label) for label in array.tolist()])
