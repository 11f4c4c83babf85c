"""What the sources of .npz files share: arrays unpacked once and memory-mapped, labels, groups and splits."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kerastune_ft.config.options.data import ArraysData, Named
from kerastune_ft.config.options.tasks import Classification, Task
from kerastune_ft.data.files.fingerprint import combined_fingerprint
from kerastune_ft.data.files.npz import ArrayFile
from kerastune_ft.data.labels.labels import SEPARATOR, LabelColumns, Labels, SingleLabels, number_labels
from kerastune_ft.data.records import describe
from kerastune_ft.data.source import Catalogue
from kerastune_ft.data.splits.choose import ChosenSplits, choose_splits, notes_on_absent_classes
from kerastune_ft.data.splits.examples import SplitExamples
from kerastune_ft.errors import DataError
from kerastune_ft.wording import counted


@dataclass(frozen=True)
class Labelled:
    """What an .npz file says of its examples beside their inputs."""

    options: ArraysData
    labels: Labels
    label_texts: list[str]
    """The label of each example, or its labels, as one text."""
    examples: SplitExamples

    def by_request(self) -> ChosenSplits:
        """Return the splits of data.splits."""
        if isinstance(self.options.splits, Named):
            raise DataError(
                f'data.splits: an .npz file has no named splits; give fractions, as {{"train": 0.7, "validation": '
                f'0.15, "test": 0.15}}, instead of "{self.options.splits.train}".'
            )
        return choose_splits(self.options.splits, {}, self.examples)

    def all_test(self) -> ChosenSplits:
        """Return all examples as the test split: other data to evaluate on."""
        splits = {"test": np.arange(len(self.examples.keys), dtype=np.int64)}
        return ChosenSplits(splits, notes_on_absent_classes(splits, self.examples), {})

    def catalogue(
        self,
        chosen: ChosenSplits,
        contents: Sequence[str],
        notes: Sequence[str] = (),
        fingerprint: str | None = None,
    ) -> Catalogue:
        """Return what a source tells of its examples; `contents` identify their inputs."""
        keys = self.examples.keys
        return describe(
            "arrays",
            Path(self.options.path).stem,
            self.labels,
            chosen,
            fingerprint or combined_fingerprint(zip(keys, self.label_texts, contents, strict=True)),
            keys,
            contents,
            self.examples.groups,
            notes=notes,
        )


def labelled(file: ArrayFile, inputs: Sized, options: ArraysData, task: Task, noun: str) -> Labelled:
    """Read labels and groups of the examples that have these inputs; raise DataError where they do not fit."""
    raw = _labels(file.array(options.y, "y"), options)
    if isinstance(task, Classification):
        _check_classes(raw, task.multi_label, f"data.y: {options.y!r} in {file.path}")
    texts = list(raw.texts) if isinstance(raw, SingleLabels) else [SEPARATOR.join(row) for row in raw.rows]
    _check_length(file.path, options.x, inputs, options.y, len(texts))
    keys = [f"{options.x}[{row}]" for row in range(len(texts))]
    labels = number_labels(raw, keys, task, str(file.path))
    groups = None
    if options.group is not None:
        groups = [str(value) for value in file.array(options.group, "group").tolist()]
        _check_length(file.path, options.x, inputs, options.group, len(groups))
    return Labelled(options, labels, texts, replace(SplitExamples.labelled(keys, labels, groups), noun=noun))


def _check_classes(raw: SingleLabels | LabelColumns, multi_label: bool, place: str) -> None:
    if isinstance(raw, LabelColumns) and not multi_label:
        raise DataError(
            f"{place} has {len(raw.names)} labels per example; for one-hot rows save y.argmax(axis=1) instead, "
            'for several labels write "multi_label": true in task.'
        )
    if isinstance(raw, SingleLabels) and any("." in text and text.strip("-.e0123456789") == "" for text in raw.texts):
        raise DataError(f"{place} has fractions, and class labels are integers or strings. Save y.astype(int).")


def _check_length(path: Path, x: str, inputs: Sized, other: str, length: int) -> None:
    """Raise DataError where two arrays do not have a row per example each."""
    if len(inputs) != length:
        raise DataError(
            f"data.path: {path} has {counted(len(inputs), 'input')} in {x!r} and {counted(length, 'label')} in "
            f"{other!r}.\nBoth need one row per example."
        )


def _labels(array: np.ndarray, options: ArraysData) -> SingleLabels | LabelColumns:
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
        return LabelColumns(names, [[str(value) for value in row] for row in array.tolist()])
    # Whole numbers are the same labels whatever their dtype.
    if array.dtype.kind == "f" and (np.mod(array, 1) == 0).all():
        array = array.astype(np.int64)
    return SingleLabels([str(label) for label in array.tolist()])
