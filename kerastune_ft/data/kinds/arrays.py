"""The arrays of an .npz file, unpacked once and memory-mapped: inputs, labels and groups."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kerastune_ft.config.options.data import ArraysData, Named
from kerastune_ft.config.options.tasks import Classification
from kerastune_ft.data.files.npz import ArrayFile, open_array_file
from kerastune_ft.data.inputs import Inputs
from kerastune_ft.data.labels.raw import SEPARATOR, LabelColumns, SingleLabels
from kerastune_ft.data.modality import Modality, ReadContext
from kerastune_ft.data.records import Records
from kerastune_ft.errors import DataError
from kerastune_ft.wording import counted


def read_records(options: ArraysData, modality: Modality, context: ReadContext) -> Records:
    """Return the rows of the arrays of inputs and labels."""
    file = open_array_file(options, context.cache_directory, context.report)
    inputs = modality.read_array(file, options, context)
    labels = _read_labels(file.array(options.y, "y"), options)
    if isinstance(context.task, Classification):
        _check_classes(labels, context.task.multi_label, f"data.y: {options.y!r} in {file.path}")
    texts = list(labels.texts) if isinstance(labels, SingleLabels) else [SEPARATOR.join(row) for row in labels.rows]
    _check_length(file.path, options.x, inputs, options.y, len(texts))
    keys = [f"{options.x}[{row}]" for row in range(len(texts))]
    if isinstance(options.splits, Named):
        raise DataError(
            f'data.splits: an .npz file has no named splits; give fractions, as {{"train": 0.7, "validation": '
            f'0.15, "test": 0.15}}, instead of "{options.splits.train}".'
        )
    return Records(
        kind="arrays",
        name=Path(options.path).stem,
        place=str(file.path),
        keys=keys,
        names=keys,
        inputs={context.facts.modality: inputs},
        labels=labels,
        label_texts=texts,
        groups=_read_groups(file, options, inputs),
        notes=inputs.notes,
    )


def _read_groups(file: ArrayFile, options: ArraysData, inputs: Inputs) -> list[str] | None:
    if options.group is None:
        return None
    groups = [str(value) for value in file.array(options.group, "group").tolist()]
    _check_length(file.path, options.x, inputs, options.group, len(groups))
    return groups


def _check_classes(raw: SingleLabels | LabelColumns, multi_label: bool, place: str) -> None:
    if isinstance(raw, LabelColumns) and not multi_label:
        raise DataError(
            f"{place} has {len(raw.names)} labels per example; for one-hot rows save y.argmax(axis=1) instead, "
            'for several labels write "multi_label": true in task.'
        )
    if isinstance(raw, SingleLabels) and any("." in text and text.strip("-.e0123456789") == "" for text in raw.texts):
        raise DataError(f"{place} has fractions, and class labels are integers or strings. Save y.astype(int).")


def _check_length(path: Path, x: str, inputs: Inputs, other: str, length: int) -> None:
    """Raise DataError where two arrays do not have a row per example each."""
    if len(inputs.contents) != length:
        raise DataError(
            f"data.path: {path} has {counted(len(inputs.contents), 'input')} in {x!r} and {counted(length, 'label')} "
            f"in {other!r}.\nBoth need one row per example."
        )


def _read_labels(array: np.ndarray, options: ArraysData) -> SingleLabels | LabelColumns:
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
