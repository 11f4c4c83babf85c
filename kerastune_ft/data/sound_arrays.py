"""Sounds and labels in an .npz file: samples [N, samples] or [N, samples, channels], and their `sample_rate`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kerastune_ft.config.data import ArraysData
from kerastune_ft.config.tasks import Task
from kerastune_ft.data.arrays import array_labels, check_length, member, names_in, refuse_named_splits
from kerastune_ft.data.fetched import fetched
from kerastune_ft.data.fingerprint import combined_fingerprint, content_identity, file_sha256
from kerastune_ft.data.labels import Labels, number_labels
from kerastune_ft.data.samples import SampleSource, own_rate
from kerastune_ft.data.source import DataSource, Report, describe
from kerastune_ft.data.splits import Chosen, Examples, absent_notes, choose_splits
from kerastune_ft.errors import DataError
from kerastune_ft.storage import path_of

_MOST_CHANNELS = 8
_RATE = "sample_rate"
_ROWS = 1024


def open_source(options: ArraysData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open an .npz file of sounds and labels."""
    found = _found(options, task_options, cache_directory, report)
    refuse_named_splits(options)
    return _source(options, found, choose_splits(options.splits, {}, found.examples))


def open_unsplit(options: ArraysData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open an .npz file whole, all of it as the test split: other data to evaluate on."""
    found = _found(options, task_options, cache_directory, report)
    splits = {"test": np.arange(len(found.sounds), dtype=np.int64)}
    return _source(options, found, Chosen(splits, absent_notes(splits, found.examples), {}))


@dataclass(frozen=True)
class _Found:
    sounds: np.ndarray
    rate: int
    labels: Labels
    label_texts: list[str]
    examples: Examples
    digest: str
    """SHA-256 of the file."""
    notes: tuple[str, ...]


def _found(options: ArraysData, task: Task, cache_directory: Path, report: Report) -> _Found:
    path = fetched(path_of(options.path), cache_directory, report)
    digest = file_sha256(path, cache_directory)
    unpacked = cache_directory / "arrays" / digest[:32]
    sounds = member(path, options.x, "x", unpacked, report)
    raw, label_texts = array_labels(member(path, options.y, "y", unpacked, report), options, task, path)
    _check_sounds(sounds, f"data.x: {options.x!r} in {path}")
    check_length(path, options.x, sounds, options.y, len(label_texts))
    said = member(path, _RATE, "x", unpacked, report) if _RATE in names_in(path) else None
    rate, notes = own_rate(None if said is None else _rate(said, path), options.sample_rate, path.name)
    keys = [f"{options.x}[{row}]" for row in range(len(sounds))]
    labels = number_labels(raw, keys, task, str(path))
    groups = None
    if options.group is not None:
        groups = [str(value) for value in member(path, options.group, "group", unpacked, report).tolist()]
        check_length(path, options.x, sounds, options.group, len(groups))
    examples = replace(Examples.labelled(keys, labels, groups), noun="sound")
    return _Found(sounds, rate, labels, label_texts, examples, digest, notes)


def _rate(said: np.ndarray, path: Path) -> int:
    values = set(np.asarray(said).reshape(-1).tolist())
    value = values.pop() if len(values) == 1 else None
    if not isinstance(value, int | float) or isinstance(value, bool) or value != int(value) or value < 1:
        raise DataError(f"data.path: {_RATE!r} in {path} is not one whole number; save it as sample_rate=16000")
    return int(value)


def _check_sounds(sounds: np.ndarray, place: str) -> None:
    """Raise DataError unless the array holds sounds of values -1 to 1, or of whole numbers."""
    shape = sounds.shape
    if sounds.ndim not in (2, 3) or 0 in shape or (sounds.ndim == 3 and shape[2] > _MOST_CHANNELS):
        raise DataError(
            f"{place} has shape {list(shape)}; sounds are [N, samples], or [N, samples, channels] with up to "
            f"{_MOST_CHANNELS} channels."
        )
    if sounds.dtype.kind == "i" and sounds.dtype.itemsize in (2, 4):
        return
    if sounds.dtype.kind != "f":
        raise DataError(f"{place} has dtype {sounds.dtype}; sounds are int16, or float32 from -1 to 1.")
    for start in range(0, len(sounds), _ROWS):
        part = np.asarray(sounds[start : start + _ROWS])
        bad = np.flatnonzero(~np.isfinite(part).reshape(len(part), -1).all(axis=1))
        if len(bad):
            raise DataError(f"{place} has NaN or infinity in row {start + bad[0]}. Take such examples out.")
        largest = float(np.abs(part).max())
        if largest > 1.5:
            raise DataError(
                f"{place} has values up to {largest:g}; sounds are -1 to 1. Divide them by the largest there can be, "
                "as 32768 for 16 bits, or save them as int16."
            )


def _source(options: ArraysData, found: _Found, chosen: Chosen) -> SampleSource:
    keys, sounds = found.examples.keys, found.sounds
    # The file's hash stands for its rows: hashing them one by one would mean to read all of it once more.
    contents = [content_identity(found.digest, options.x, row, found.rate) for row in range(len(sounds))]
    catalogue = describe(
        "arrays",
        Path(options.path).stem,
        found.labels,
        chosen,
        combined_fingerprint(zip(keys, found.label_texts, contents, strict=True)),
        keys,
        contents,
        found.examples.groups,
        notes=(*found.notes, *chosen.notes),
    )
    return SampleSource(catalogue, sounds.__getitem__, np.full(len(sounds), sounds.shape[1]), found.rate)
