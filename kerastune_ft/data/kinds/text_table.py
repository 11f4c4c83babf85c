"""A table with a row per text, or pair of texts: the texts themselves, their label, and what stays together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kerastune_ft.config.options.data import Column, TableData
from kerastune_ft.config.options.task_facts import facts
from kerastune_ft.config.options.tasks import Task
from kerastune_ft.data.files.fingerprint import combined_fingerprint
from kerastune_ft.data.kinds.table import check_splits, group_texts, labelled_rows, numbered
from kerastune_ft.data.labels.labels import Labels
from kerastune_ft.data.records import describe
from kerastune_ft.data.source import DataSource, Report, SkippedFile
from kerastune_ft.data.splits.choose import ChosenSplits, choose_splits, notes_on_absent_classes
from kerastune_ft.data.splits.examples import SplitExamples
from kerastune_ft.data.tables.frame import TextTable
from kerastune_ft.data.tables.label_columns import check_several, label_cells
from kerastune_ft.data.tables.read import read_table
from kerastune_ft.data.texts import Texts, TextSource, column_texts, find_complete, notes_on, shorten, text_identity
from kerastune_ft.errors import DataError
from kerastune_ft.storage import path_of


def open_source(options: TableData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open the texts of a table, in the order of its rows."""
    frame = read_table(path_of(options.path))
    check_splits(frame, options)
    check_several(frame, options.label)
    found = _found(frame, options, task_options)
    return _source(options, found, choose_splits(options.splits, {}, found.examples))


def open_unsplit(options: TableData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open the texts of a table whole, all of them as the test split: other data to evaluate on."""
    whole = options.model_copy(update={"splits": None, "group": None})
    found = _found(read_table(path_of(options.path)), whole, task_options)
    splits = {"test": np.arange(len(found.rows), dtype=np.int64)}
    return _source(whole, found, ChosenSplits(splits, notes_on_absent_classes(splits, found.examples), {}))


@dataclass(frozen=True)
class _Found:
    """The rows of a table that can be used, and what to say about the rest."""

    frame: TextTable
    rows: Sequence[int]
    """The rows of the frame that are examples; all that follows is by example."""
    texts: Sequence[Texts]
    label_texts: Sequence[str]
    labels: Labels
    groups: Sequence[str] | None
    skipped: tuple[SkippedFile, ...]
    notes: tuple[str, ...]

    @property
    def keys(self) -> list[str]:
        return [self.frame.named(row) for row in self.rows]

    @property
    def examples(self) -> SplitExamples:
        return replace(SplitExamples.labelled(self.keys, self.labels, self.groups, self.column), noun="text")

    def column(self, name: str) -> list[str]:
        """Return the texts of a column that says something about splits."""
        texts = self.frame.texts(name, "data.splits.column")
        return [texts[row] for row in self.rows]


def _found(frame: TextTable, options: TableData, task: Task) -> _Found:
    texts = column_texts(frame, options.input)
    names = [f"{frame.named(row)}: {shorten(each)}" for row, each in enumerate(texts)]
    cells = label_cells(frame, options.label, are_numbers=facts(task).labels == "values")
    try:
        labelled, unlabelled = labelled_rows(frame, options, names, cells)
    except DataError as error:
        _refuse_both(error, texts, names, options, str(frame.path))
        raise
    own = [texts[row] for row in labelled]
    kept, empty = find_complete(own, [names[row] for row in labelled], options.on_missing, str(frame.path))
    rows = [labelled[index] for index in kept]
    return _Found(
        frame,
        rows,
        [texts[row] for row in rows],
        [cells.text(row) for row in rows],
        numbered(frame, task, names, cells, rows),
        group_texts(frame, options.group, rows),
        (*unlabelled, *empty),
        (*frame.notes, *cells.notes),
    )


def _refuse_both(
    unlabelled: DataError, texts: Sequence[Texts], names: Sequence[str], options: TableData, place: str
) -> None:
    """Raise DataError that tells of missing labels and empty texts at once, where there are such texts too."""
    try:
        find_complete(texts, names, options.on_missing, place)
    except DataError as empty:
        raise DataError(f"{unlabelled}\n{empty}") from empty


def _source(options: TableData, found: _Found, chosen: ChosenSplits) -> TextSource:
    contents = [text_identity(texts) for texts in found.texts]
    columns: list[Sequence[str]] = [found.keys, found.label_texts, contents]
    if found.groups is not None:
        columns.append(found.groups)
    if isinstance(options.splits, Column):
        columns.append(found.column(options.splits.column))
    catalogue = describe(
        "table",
        Path(options.path).name,
        found.labels,
        chosen,
        combined_fingerprint(zip(*columns, strict=True)),
        found.keys,
        contents,
        found.groups,
        skipped=found.skipped,
        notes=(*found.notes, *chosen.notes, *notes_on(found.texts, found.skipped, found.labels, chosen.splits)),
    )
    return TextSource(catalogue, found.texts)
