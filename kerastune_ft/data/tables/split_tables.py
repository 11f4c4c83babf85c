"""The tables of a data set read as one, each row in the split that its table stands for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kerastune_ft.config.options.data import NamedTables, TableData
from kerastune_ft.config.words import nearest
from kerastune_ft.data.labels.spelling import reads_as_missing
from kerastune_ft.data.tables.cells import cell_text
from kerastune_ft.data.tables.joined_table import join_tables
from kerastune_ft.data.tables.named_tables import find_tables
from kerastune_ft.data.tables.read import read_table
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import DataError
from kerastune_ft.rules import NEWEST, Rules
from kerastune_ft.wording import counted, first_names

# Labels of fewer rows may all be the same by chance.
_FEW_ROWS = 5


@dataclass(frozen=True)
class SplitTables:
    """The tables of a data set read as one, with the split that each row's table stands for."""

    table: TextTable
    splits: Sequence[str | None]
    """For each row, its split; None where tables stand for none."""
    notes: tuple[str, ...] = ()

    def find_splits(self, rows: Sequence[int]) -> dict[str, np.ndarray]:
        """Return the positions among some rows of each split that tables stand for."""
        names = [self.splits[row] for row in rows]
        return {
            split: np.flatnonzero([name == split for name in names])
            for split in dict.fromkeys(names)
            if split is not None
        }


def read_tables(options: TableData, *, unsplit: bool = False, rules: Rules = NEWEST) -> SplitTables:
    """Return the tables that options name, as one; raise DataError and ConfigError where they cannot be.

    A table that was found by its name and has no labels is left out, and said: it is for predictions.
    """
    parts, splits, notes = [], [], []
    named_splits: list[str | None] = []
    # Shares, a column and folds divide the rows of all tables together.
    are_splits = options.splits is None or isinstance(options.splits, NamedTables)
    for named in find_tables(options, unsplit=unsplit):
        part = read_table(named.path, rules)
        lacking = named.split not in (None, "train") and find_lacking_labels(part, options.label)
        is_written_otherwise = lacking and lacking not in part.cells and nearest(lacking, part.columns)
        if lacking and (not named.is_found or is_written_otherwise):
            raise DataError(f"data.splits.{named.split}: {explain_lacking_labels(part, lacking)}")
        if lacking:
            notes.append(f"splits: {explain_lacking_labels(part, lacking)}")
            continue
        named_splits.append(named.split)
        parts.append(part)
        splits += [named.split if are_splits else None] * len(part.numbers)
    train = [part for part, split in zip(parts, named_splits, strict=True) if split == "train"]
    others = [part for part, split in zip(parts, named_splits, strict=True) if split in {"validation", "test"}]
    notes += [f"splits: {why}" for part in others if (why := find_filler_label(part, train, options.label))]
    table = join_tables(parts)
    sizes = Counter(split for split in splits if split is not None)
    if len(sizes) > 1:
        counts = ", ".join(f"{split} {counted(count, 'row')}" for split, count in sizes.items())
        notes.insert(0, f"splits: as the tables are named, {counts}")
    return SplitTables(table, splits, tuple(notes))


def find_lacking_labels(table: TextTable, label: object) -> str:
    """Return what a table lacks of the columns of labels: their name, where none of them is there or holds anything."""
    names = _label_names(label)
    there = [name for name in names if name in table.cells and any(cell_text(cell) != "" for cell in table.cells[name])]
    return "" if there or not names else names[0]


def explain_lacking_labels(table: TextTable, name: str) -> str:
    """Return why a table without labels is no split, and what it is for."""
    what = f'has nothing in the column "{name}"' if name in table.cells else f'has no column "{name}"'
    return (
        f"{table.path.name} {what} (its columns are {first_names(table.columns, 6)}), so nothing can be measured on it "
        f"and it is no split; a trained run answers its rows:  predict RUN {table.path.name}"
    )


def find_filler_label(table: TextTable, train: Sequence[TextTable], label: object) -> str:
    """Return why the labels of a table seem to be fillers: one value in all rows, where the training tables have more.

    Nothing where they differ, or where they are too few rows to say.
    """
    names = [name for name in _label_names(label) if all(name in part.cells for part in (table, *train))]
    held = {name: _values(table, name) for name in names}
    words = [(name, value) for name, values in held.items() for value in values]
    if not words or any(len(values) > 1 for values in held.values()):
        return ""
    if len(table.numbers) < _FEW_ROWS and not all(_is_no_label(value) for _, value in words):
        return ""
    if all(len({value for part in train for value in _values(part, name)}) < 2 for name in names):
        return ""
    name, word = words[0]
    return (
        f'{table.path.name} has only "{word}" in the column "{name}", as where labels are to be filled in: no '
        f"labels to measure by, if so; for predict:  predict RUN {table.path.name}"
    )


def _values(table: TextTable, name: str) -> set[str]:
    return {text for cell in table.cells[name] if (text := cell_text(cell))}


def _is_no_label(text: str) -> bool:
    return reads_as_missing(text) or not any(map(str.isalnum, text))


def _label_names(label: object) -> Sequence[str]:
    """Return the columns that `data.label` names; none where it is a template of columns."""
    column = getattr(label, "column", label)
    names = [column] if isinstance(column, str) else column if isinstance(column, tuple) else []
    return [name for name in names if "{" not in name]
