"""A table with a row per image or sound: where the file lies, its label, and what it must not be parted from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kerastune_ft.config.options.data import Column, Named, TableData
from kerastune_ft.config.options.task_facts import facts
from kerastune_ft.config.options.tasks import Task
from kerastune_ft.data.files.check import CheckedFile
from kerastune_ft.data.files.file_source import FileSource, repeated_notes, usable
from kerastune_ft.data.files.fingerprint import combined_fingerprint
from kerastune_ft.data.labels.labels import Labels, number_labels
from kerastune_ft.data.modalities import Medium, medium_of
from kerastune_ft.data.records import describe
from kerastune_ft.data.remedies import how_to_skip
from kerastune_ft.data.source import DataSource, Report, SkippedFile
from kerastune_ft.data.splits.choose import ChosenSplits, choose_splits, notes_on_absent_classes
from kerastune_ft.data.splits.examples import SplitExamples
from kerastune_ft.data.tables.file_columns import check_files, named_files
from kerastune_ft.data.tables.frame import TextTable
from kerastune_ft.data.tables.label_columns import LabelCells, check_several, label_cells
from kerastune_ft.data.tables.read import read_table
from kerastune_ft.data.tables.templates import input_texts
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.storage import path_of
from kerastune_ft.wording import counted, lines


def open_source(options: TableData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open the files that a table names, in the order of its rows."""
    frame = read_table(path_of(options.path))
    check_splits(frame, options)
    check_several(frame, options.label)
    found = _found(frame, options, task_options, cache_directory, report)
    return _source(options, found, choose_splits(options.splits, {}, found.examples))


def open_unsplit(options: TableData, task_options: Task, cache_directory: Path, report: Report) -> DataSource:
    """Open the files that a table names whole, all of them as the test split: other data to evaluate on."""
    whole = options.model_copy(update={"splits": None, "group": None})
    found = _found(read_table(path_of(options.path)), whole, task_options, cache_directory, report)
    splits = {"test": np.arange(len(found.rows), dtype=np.int64)}
    return _source(whole, found, ChosenSplits(splits, notes_on_absent_classes(splits, found.examples), {}))


@dataclass(frozen=True)
class _Found:
    """The rows of a table that can be used, what was found out about each, and what to say about the rest."""

    frame: TextTable
    rows: Sequence[int]
    """The rows of the frame that are examples; all that follows is by example."""
    keys: Sequence[str]
    label_texts: Sequence[str]
    labels: Labels
    groups: Sequence[str] | None
    medium: Medium
    files: Sequence[CheckedFile]
    skipped: tuple[SkippedFile, ...]
    notes: tuple[str, ...]

    @property
    def examples(self) -> SplitExamples:
        examples = SplitExamples.labelled(self.keys, self.labels, self.groups, self.column)
        return replace(examples, noun=self.medium.sought.noun)

    def column(self, name: str) -> list[str]:
        """Return the texts of a column that says something about splits."""
        texts = self.frame.texts(name, "data.splits.column")
        return [texts[row] for row in self.rows]


def _found(frame: TextTable, options: TableData, task: Task, cache_directory: Path, report: Report) -> _Found:
    wanted, medium = options.input, medium_of(task)
    if not isinstance(wanted, str):
        raise ConfigError("data.input: two columns are a pair of texts; name one column, or a template of columns.")
    texts = input_texts(frame, wanted)
    cells = label_cells(frame, options.label, are_numbers=facts(task).labels == "values")
    files = named_files(frame, texts, [cells.text(row) for row in range(len(texts))], medium.sought)
    labelled, unlabelled = labelled_rows(frame, options, files.names, cells)
    groups = group_texts(frame, options.group, labelled)
    # A label that the task cannot take is said before thousands of files are looked at.
    labels = numbered(frame, task, files.names, cells, labelled)
    check = medium.check(options, Path(files.folder), cache_directory, report)
    checked = check_files(files, labelled, check, wanted)
    medium.refuse([files.names[row] for row in labelled], checked)
    kept, bad = usable([files.names[row] for row in labelled], checked, options, medium.sought.noun)
    rows = [labelled[index] for index in kept]
    return _Found(
        frame,
        rows,
        [files.keys[row] for row in rows],
        [cells.text(row) for row in rows],
        numbered(frame, task, files.names, cells, rows) if bad else labels,
        None if groups is None else [groups[index] for index in kept],
        medium,
        [checked[index] for index in kept],
        (*unlabelled, *bad),
        (*frame.notes, *cells.notes, *files.notes),
    )


def _source(options: TableData, found: _Found, chosen: ChosenSplits) -> FileSource:
    catalogue = describe(
        "table",
        Path(options.path).name,
        found.labels,
        chosen,
        _fingerprint(options, found),
        found.keys,
        [file.content for file in found.files],
        found.groups,
        skipped=found.skipped,
        notes=(
            *found.notes,
            *chosen.notes,
            *found.medium.notes(found.files),
            *repeated_notes(found.files, found.labels, chosen.splits, found.medium.sought.noun),
        ),
    )
    return found.medium.source(catalogue, found.files)


def _fingerprint(options: TableData, found: _Found) -> str:
    """Return what changes with the content of any example, and with the cells that decide its split."""
    columns = [found.keys, found.label_texts, [file.sha256 for file in found.files]]
    if found.groups is not None:
        columns.append(found.groups)
    if isinstance(options.splits, Column):
        columns.append(found.column(options.splits.column))
    return combined_fingerprint(zip(*columns, strict=True))


def check_splits(frame: TextTable, options: TableData) -> None:
    """Raise ConfigError for splits that a table cannot have."""
    if isinstance(options.splits, Named):
        raise ConfigError(
            'data.splits: a table has no splits by name; write {"column": ...} with the column that holds train, '
            'validation and test, or shares like {"train": 0.7, "validation": 0.15, "test": 0.15}.'
        )
    if isinstance(options.splits, Column):
        frame.check_column(options.splits.column, "data.splits.column")


def numbered(frame: TextTable, task: Task, names: Sequence[str], cells: LabelCells, rows: Sequence[int]) -> Labels:
    """Return the labels of some rows as numbers; `names` are what messages call all rows."""
    return number_labels(cells.raw(rows), [names[row] for row in rows], task, str(frame.path))


def labelled_rows(
    frame: TextTable, options: TableData, names: Sequence[str], cells: LabelCells
) -> tuple[list[int], tuple[SkippedFile, ...]]:
    """Return the rows that have a label, and the others; raise DataError where these are not to be left out."""
    where = " and ".join(cells.names[:5]) if cells.form == "columns" else cells.names[0]
    reason = f"has no label: its {where} is empty"
    if cells.missing and options.on_missing == "error":
        none = ', or say which text means no label: "none": ""' if cells.form == "several" else ""
        raise DataError(
            f"data.label: {counted(len(cells.missing), frame.place)} of {len(cells.cells)} in {frame.path} "
            f"{'has' if len(cells.missing) == 1 else 'have'} no label ({where}):\n"
            f"{lines([(names[row], '') for row in cells.missing])}\n"
            f"Write the labels, or {how_to_skip(['on_missing'], f'the {frame.place}s')}{none}."
        )
    if len(cells.missing) == len(cells.cells):
        raise DataError(f"data.label: no {frame.place} of {frame.path} has a label ({where}).")
    left_out = set(cells.missing)
    rows = [row for row in range(len(cells.cells)) if row not in left_out]
    return rows, tuple(SkippedFile(names[row], reason) for row in cells.missing)


def group_texts(frame: TextTable, column: str | None, rows: Sequence[int]) -> list[str] | None:
    """Return the groups of some rows; raise DataError where one has none."""
    if column is None:
        return None
    texts = frame.texts(column, "data.group")
    without = [(frame.named(row), "") for row in rows if not texts[row]]
    if without:
        raise DataError(
            f"data.group: {counted(len(without), frame.place)} of {frame.path} without a {column}:\n"
            f"{lines(without)}\nWrite what each belongs to; an example of its own gets a {column} of its own."
        )
    return [texts[row] for row in rows]
