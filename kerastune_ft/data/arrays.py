"""Images and labels in an .npz file, unpacked once and memory-mapped."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from filelock import FileLock

from kerastune_ft.config.data import ArraysData, Named
from kerastune_ft.config.tasks import Task
from kerastune_ft.data.classes import number_classes
from kerastune_ft.data.fingerprint import combined_fingerprint, file_sha256
from kerastune_ft.data.source import DataInfo, DataSource, Report, counted, split_counts
from kerastune_ft.data.splits import choose_splits, dividable
from kerastune_ft.errors import DataError

_CHUNK = 1 << 26


class ArraySource(DataSource):
    """Examples that lie in one array [examples, height, width(, channels)], read by index without copying it."""

    def __init__(
        self,
        info: DataInfo,
        splits: dict[str, np.ndarray],
        labels: np.ndarray,
        keys: Sequence[str],
        images: np.ndarray,
    ):
        self.info, self.splits, self.labels, self.keys = info, splits, labels, keys
        self._images = images
        kept = images.dtype in (np.uint8, np.float32)
        self._dtype = images.dtype if kept else np.dtype(np.float32 if images.dtype.kind == "f" else np.uint8)

    def element(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return `image`: the array's row as uint8 or float32."""
        row = tf.numpy_function(self._row, [index], tf.as_dtype(self._dtype), stateful=False)
        return {"image": tf.ensure_shape(row, self._images.shape[1:])}

    def _row(self, index: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(self._images[int(index)], self._dtype)


def open_source(options: ArraysData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open an .npz file of images and labels."""
    path = Path(options.path)
    digest = file_sha256(path, cache_directory)
    unpacked = cache_directory / "arrays" / digest[:32]
    images = _member(path, options.x, "x", unpacked, report)
    raw = _labels(_member(path, options.y, "y", unpacked, report), options)
    _check_images(images, options.x, path, unpacked)
    if len(images) != len(raw):
        raise DataError(
            f"data.path: {path} has {counted(len(images), 'image')} in {options.x!r} and "
            f"{counted(len(raw), 'label')} in {options.y!r}.\n"
            "Both need one row per example."
        )
    keys = [f"{options.x}[{row}]" for row in range(len(raw))]
    classes, labels = number_classes(raw, keys, task_options.classes, str(path))
    requested = dividable(options.splits, options.kind)
    if isinstance(requested, Named):
        raise DataError(
            f'data.splits: an .npz file has no named splits; give fractions, as {{"train": 0.7, "validation": 0.15, '
            f'"test": 0.15}}, instead of "{requested.train}".'
        )
    splits, notes = choose_splits(requested, {}, labels, keys, classes)
    rows = [(key, label, "") for key, label in zip(keys, raw, strict=True)]
    info = DataInfo(
        kind="arrays",
        name=path.stem,
        examples=len(raw),
        classes=classes,
        counts=split_counts(splits, labels, classes),
        fingerprint=combined_fingerprint([*rows, ("", digest, options.x)]),
        notes=notes,
    )
    return ArraySource(info, splits, labels, keys, images)


def _member(path: Path, name: str, option: str, unpacked: Path, report: Report) -> np.ndarray:
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


def _check_images(images: np.ndarray, name: str, path: Path, unpacked: Path) -> None:
    """Raise DataError unless the array holds images of values 0 to 255."""
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
    if low < 0 or high > 255:
        raise DataError(
            f"{place} has values from {low:g} to {high:g}; images are 0 to 255.\n"
            "Scale them before saving, for instance ((x - low) * 255 / (high - low)).astype('uint8')."
        )
    if high <= 1:
        raise DataError(
            f"{place} has values from {low:g} to {high:g}; images are 0 to 255, so these would all be black.\n"
            "Multiply by 255 or store uint8: numpy.savez(path, x=(x * 255).astype('uint8'), y=y)."
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


def _labels(array: np.ndarray, options: ArraysData) -> list[str]:
    """Return the labels as text, or raise DataError where they are no class labels."""
    place = f"data.y: {options.y!r} in {options.path}"
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise DataError(
            f"{place} has shape {list(array.shape)}; labels are [N].\nFor one-hot rows save y.argmax(axis=1) instead."
        )
    if array.dtype.kind == "S":
        array = np.char.decode(np.asarray(array), "utf-8")
    if array.dtype.kind not in "iubU":
        raise DataError(f"{place} has dtype {array.dtype}; class labels are integers or strings. Save y.astype(int).")
    if not len(array):
        raise DataError(f"{place} is empty; there are no examples.")
    return [str(label) for label in array.tolist()]
