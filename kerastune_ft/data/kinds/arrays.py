"""The arrays of an .npz file, unpacked once and memory-mapped: inputs, labels and groups."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from kerastune_ft.config.options.data import ArraysData, Named
from kerastune_ft.config.options.task_facts import LabelKind
from kerastune_ft.data.files.array_values import as_text, list_values
from kerastune_ft.data.files.npz import ArrayFile, open_array_file
from kerastune_ft.data.inputs import Inputs, select
from kerastune_ft.data.labels.raw import LabelColumns, SingleLabels
from kerastune_ft.data.modality import Modality, ReadContext
from kerastune_ft.data.records import Records
from kerastune_ft.data.texts.blank import is_blank
from kerastune_ft.errors import DataError
from kerastune_ft.wording import counted, first_names

_SHOWN = 5


def read_records(options: ArraysData, modality: Modality, context: ReadContext) -> Records:
    """Return the rows of the arrays of inputs and labels."""
    file = open_array_file(options, context.cache_directory, context.report)
    inputs = modality.read_array(file, options, context)
    labels = _read_labels(file.array(options.y, "y"), options)
    _CHECKS[context.facts.labels](labels, f"data.y: {options.y!r} in {file.path}")
    texts = labels.as_texts
    _check_length(file.path, options.x, inputs, options.y, len(texts))
    keys = [f"{options.x}[{row}]" for row in range(len(texts))]
    if context.facts.learns_tokens:
        _refuse_unwritten(texts, f"data.y: {options.y!r} in {file.path}", options.y, context)
    if isinstance(options.splits, Named):
        raise DataError(
            f'data.splits: an .npz file has no named splits; give fractions, as {{"train": 0.7, "validation": '
            f'0.15, "test": 0.15}}, instead of "{options.splits.train}".'
        )
    groups = _read_groups(file, options, inputs)
    return Records(
        kind="arrays",
        name=Path(options.path).stem,
        place=str(file.path),
        keys=select(keys, inputs.kept),
        names=select(keys, inputs.kept),
        inputs={context.facts.modality: inputs},
        labels=labels.keep(inputs.kept),
        label_texts=select(texts, inputs.kept),
        groups=None if groups is None else select(groups, inputs.kept),
        skipped=inputs.skipped,
        notes=inputs.notes,
    )


def _read_groups(file: ArrayFile, options: ArraysData, inputs: Inputs) -> list[str] | None:
    if options.group is None:
        return None
    array, place = file.array(options.group, "group"), f"data.group: {options.group!r} in {file.path}"
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or array.dtype.kind not in "iubUSf":
        raise DataError(
            f"{place} has shape {list(array.shape)} and dtype {array.dtype}; groups are numbers or strings, [N]."
        )
    groups = [as_text(value) for value in list_values(array, options.group, place)]
    _check_length(file.path, options.x, inputs, options.group, len(groups))
    without = [row for row, group in enumerate(groups) if group.strip() in ("", "nan")]
    if without:
        raise DataError(
            f"{place} has no group for {counted(len(without), 'example')}, the first at {options.group}[{without[0]}]; "
            "write what each belongs to; an example of its own gets a group of its own."
        )
    return groups


def _refuse_unwritten(texts: Sequence[str], place: str, name: str, context: ReadContext) -> None:
    """Raise DataError for texts to be written that are empty: without them examples would be learnt whole."""
    if empty := [f"{name}[{row}]" for row, text in enumerate(texts) if is_blank(text, context.rules)]:
        one, several = context.facts.label_words
        raise DataError(
            f"{place} has no {one} for {counted(len(empty), 'example')} of {len(texts):,}: {first_names(empty)}.\n"
            f"Write the {several}, or take these rows out of all arrays."
        )


def _check_one(labels: SingleLabels | LabelColumns, place: str) -> None:
    labels.refuse_several(place)
    labels.refuse_fractions(place)


def _check_several(labels: SingleLabels | LabelColumns, place: str) -> None:
    labels.refuse_fractions(place)


def _check_values(labels: SingleLabels | LabelColumns, place: str) -> None:
    """Accept them: whether they are numbers is checked where they are read as such."""


def _check_written(labels: SingleLabels | LabelColumns, place: str) -> None:
    labels.refuse_several(place)


_CHECKS: Mapping[LabelKind, Callable[[SingleLabels | LabelColumns, str], None]] = {
    "one": _check_one,
    "several": _check_several,
    "values": _check_values,
    "text": _check_written,
}
"""By kind of labels, the check that an array holds such. Masks are read from folders and tables alone."""


def _check_length(path: Path, x: str, inputs: Inputs, other: str, length: int) -> None:
    """Raise DataError where two arrays do not have a row per example each."""
    found = len(inputs.contents) + len(inputs.skipped)
    if found != length:
        raise DataError(
            f"data.path: {path} has {counted(found, 'input')} in {x!r} and {counted(length, 'label')} "
            f"in {other!r}.\nBoth need one row per example."
        )


def _read_labels(array: np.ndarray, options: ArraysData) -> SingleLabels | LabelColumns:
    """Return the labels as text, a column for each of several, or raise DataError where they are none."""
    place = f"data.y: {options.y!r} in {options.path}"
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim not in (1, 2):
        raise DataError(f"{place} has shape {list(array.shape)}; labels are [N], or [N, classes] for several labels.")
    if array.dtype.kind not in "iubUSf":
        raise DataError(f"{place} has dtype {array.dtype}; labels are numbers or strings.")
    if not len(array):
        raise DataError(f"{place} is empty; there are no examples.")
    values = list_values(array, options.y, place)
    if (
        array.dtype.kind == "f"
        and (missing := np.flatnonzero(np.isnan(array).reshape(len(array), -1).any(axis=1))).size
    ):
        shown = first_names([f"{options.y}[{row}]" for row in missing[: _SHOWN + 1]], _SHOWN)
        raise DataError(
            f"{place} has NaN, which is no label, in {len(missing)} of {counted(len(array), 'row')}: {shown}.\n"
            "Write the labels, or take these rows out of all arrays."
        )
    if array.ndim == 2:
        names = tuple(f"{options.y}[{column}]" for column in range(array.shape[1]))
        return LabelColumns(names, [[str(value) for value in row] for row in values])
    if array.dtype.kind != "f":
        return SingleLabels([str(label) for label in values])
    # Whole numbers are the same labels whatever their dtype.
    is_whole = all(math.isfinite(label) and label == int(label) for label in values)
    return SingleLabels([str(int(label) if is_whole else label) for label in values])
