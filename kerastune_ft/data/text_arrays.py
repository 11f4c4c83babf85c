"""Texts and labels in an .npz file: strings [N], or [N, 2] for pairs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kerastune_ft.config.data import ArraysData
from kerastune_ft.config.tasks import Task
from kerastune_ft.data.arrays import array_labels, check_length, member, refuse_named_splits
from kerastune_ft.data.cells import cell_text
from kerastune_ft.data.fetched import fetched
from kerastune_ft.data.fingerprint import combined_fingerprint, file_sha256
from kerastune_ft.data.labels import Labels, number_labels
from kerastune_ft.data.source import DataSource, Report, describe
from kerastune_ft.data.splits import Chosen, Examples, absent_notes, choose_splits
from kerastune_ft.data.texts import Texts, TextSource, identity, notes_on, present, shortened
from kerastune_ft.errors import DataError
from kerastune_ft.storage import path_of


def open_source(options: ArraysData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open an .npz file of texts and labels."""
    found = _found(options, task_options, cache_directory, report)
    refuse_named_splits(options)
    return _source(options, found, choose_splits(options.splits, {}, found.examples))


def open_unsplit(options: ArraysData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open an .npz file whole, all of it as the test split: other data to evaluate on."""
    found = _found(options, task_options, cache_directory, report)
    splits = {"test": np.arange(len(found.texts), dtype=np.int64)}
    return _source(options, found, Chosen(splits, absent_notes(splits, found.examples), {}))


@dataclass(frozen=True)
class _Found:
    texts: list[Texts]
    labels: Labels
    label_texts: list[str]
    examples: Examples


def _found(options: ArraysData, task: Task, cache_directory: Path, report: Report) -> _Found:
    path = fetched(path_of(options.path), cache_directory, report)
    unpacked = cache_directory / "arrays" / file_sha256(path, cache_directory)[:32]
    texts = array_texts(member(path, options.x, "x", unpacked, report), f"data.x: {options.x!r} in {path}")
    raw, label_texts = array_labels(member(path, options.y, "y", unpacked, report), options, task, path)
    check_length(path, options.x, texts, options.y, len(label_texts))
    keys = [f"{options.x}[{row}]" for row in range(len(texts))]
    names = [f"{key}: {shortened(each)}" for key, each in zip(keys, texts, strict=True)]
    # Every example is read; an .npz file is written by a program, which can leave empty ones out.
    present(texts, names, "error", str(path))
    labels = number_labels(raw, keys, task, str(path))
    groups = None
    if options.group is not None:
        groups = [str(value) for value in member(path, options.group, "group", unpacked, report).tolist()]
        check_length(path, options.x, texts, options.group, len(groups))
    return _Found(texts, labels, label_texts, replace(Examples.labelled(keys, labels, groups), noun="text"))


def array_texts(array: np.ndarray, place: str) -> list[Texts]:
    """Return the texts of an array, or raise DataError where it holds none."""
    if array.dtype.kind not in "US" or array.ndim not in (1, 2) or (array.ndim == 2 and array.shape[1] not in (1, 2)):
        raise DataError(
            f"{place} has shape {list(array.shape)} and dtype {array.dtype}; texts are strings, [N], or [N, 2] for "
            "pairs"
        )
    rows = array.reshape(len(array), -1).tolist()
    texts = [tuple(cell_text(cell) for cell in row) for row in rows]
    bad = next((row for row, each in enumerate(texts) if None in each), None)
    if bad is not None:
        raise DataError(f"{place} has bytes in row {bad} that are no UTF-8; save it as an array of strings")
    return [tuple(str(text) for text in each) for each in texts]


def _source(options: ArraysData, found: _Found, chosen: Chosen) -> TextSource:
    contents = [identity(texts) for texts in found.texts]
    keys, groups = found.examples.keys, found.examples.groups
    catalogue = describe(
        "arrays",
        Path(options.path).stem,
        found.labels,
        chosen,
        combined_fingerprint(zip(keys, found.label_texts, contents, strict=True)),
        keys,
        contents,
        groups,
        notes=(*chosen.notes, *notes_on(found.texts, (), found.labels, chosen.splits)),
    )
    return TextSource(catalogue, found.texts)
