"""The labels of a table's rows, in the form its columns give them: one each, several in a cell, or column by column."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kerastune_ft.config.options.data import MultipleLabels
from kerastune_ft.config.words import nearest
from kerastune_ft.data.inputs import UsableLabels
from kerastune_ft.data.labels.raw import LabelColumns, LabelSets, RawLabels, SingleLabels
from kerastune_ft.data.tables.cells import cell_text
from kerastune_ft.data.tables.list_cells import are_lists, read_list
from kerastune_ft.data.tables.text_table import LABEL_KEY, TextTable
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.rules import NEWEST, Rules
from kerastune_ft.wording import counted, first_names, lines

# What stands between labels and seldom inside one; the others do both.
_PLAIN_MARKS = ("|", ";")
_MARKS = (*_PLAIN_MARKS, ",", "/", "&", "+", "\t", "\n")
_DEFAULT_SEPARATOR = MultipleLabels.model_fields["separator"].default
_SHOWN = 8


Form = Literal["single", "sets", "columns"]
"""The form of the labels in the cells of a row: one label, any number of labels, or a class or target per column."""


@dataclass(frozen=True)
class LabelCells:
    """For each row, the texts that are its label."""

    form: Form
    names: tuple[str, ...]
    """The columns they come from."""
    cells: Sequence[tuple[str, ...]]
    missing: Sequence[int]
    """The rows whose label nobody wrote."""
    notes: tuple[str, ...] = ()

    def raw(self, rows: Sequence[int]) -> RawLabels:
        """Return the labels of some rows."""
        cells = [self.cells[row] for row in rows]
        if self.form == "columns":
            return LabelColumns(self.names, cells)
        return LabelSets(cells) if self.form == "sets" else SingleLabels([cell for (cell,) in cells])

    def read(self, rows: Sequence[int], names: Sequence[str], options: Any, context: Any) -> UsableLabels:
        """Return the labels of some rows, whose examples messages call `names`.

        `options` are those of the data and `context` what reading files needs, for labels that lie in files.
        """
        return UsableLabels(range(len(rows)), self.raw(rows), [self.text(row) for row in rows])

    def text(self, row: int) -> str:
        """Return a row's label as one text, whatever the task takes it for."""
        return "|".join(self.cells[row])


def class_cells(table: TextTable, label: str | Sequence[str] | MultipleLabels, rules: Rules = NEWEST) -> LabelCells:
    """Read label columns whose cells say classes: one each, several in a cell, or 0 and 1 column by column."""
    if isinstance(label, MultipleLabels):
        return _several(table, label, rules)
    if isinstance(label, str):
        return _single(table, label, "single", rules)
    cells = _read_columns(table, label)
    missing = [row for row, texts in enumerate(cells) if not any(texts)]
    empty = sum(texts.count("") for texts in cells if any(texts))
    notes = (f"{empty} empty cells of the label columns are read as 0",) if empty else ()
    return LabelCells("columns", tuple(label), cells, missing, notes)


def value_cells(table: TextTable, label: str | Sequence[str] | MultipleLabels, rules: Rules = NEWEST) -> LabelCells:
    """Read label columns whose cells are numbers to be predicted."""
    if isinstance(label, MultipleLabels):
        return _several(table, label, rules)
    if isinstance(label, str):
        # The column's name is what a predicted value is called.
        return _single(table, label, "columns", rules)
    cells = _read_columns(table, label)
    return LabelCells("columns", tuple(label), cells, [row for row, texts in enumerate(cells) if not all(texts)])


def answer_cells(table: TextTable, label: str | Sequence[str] | MultipleLabels, rules: Rules = NEWEST) -> LabelCells:
    """Read a label column whose cells are texts to be written, whatever they look like."""
    if not isinstance(label, str):
        raise ConfigError(f"{LABEL_KEY}: what is to be written is one text; name one column")
    table.check_column(label, LABEL_KEY)
    texts = [cell_text(cell) for cell in table.cells[label]]
    odd = [row for row, text in enumerate(texts) if text is None]
    if odd:
        raise DataError(
            f'{LABEL_KEY}: the column "{label}" of {table.path} has no plain text in {table.name_rows(odd)}.\n'
            "Write one text per cell."
        )
    missing = [row for row, text in enumerate(texts) if not text]
    return LabelCells("single", (label,), [(text or "",) for text in texts], missing)


def _single(table: TextTable, label: str, form: Form, rules: Rules) -> LabelCells:
    table.check_column(label, LABEL_KEY)
    if rules.reads_lists and are_lists(table.cells[label]):
        first = next(cell for cell in table.cells[label] if cell)
        raise DataError(
            f'{LABEL_KEY}: the cells of the column "{label}" of {table.path} are lists, as {str(first)[:60]}.\n'
            f'For several labels write  "label": {{"column": {_quote(label)}}}  in data and "multi_label": true in '
            "task; for one write it without brackets."
        )
    texts = table.texts(label, LABEL_KEY)
    missing = [row for row, text in enumerate(texts) if not text]
    return LabelCells(form, (label,), [(text,) for text in texts], missing)


def _read_columns(table: TextTable, label: Sequence[str]) -> list[tuple[str, ...]]:
    return list(zip(*(table.texts(name, LABEL_KEY) for name in label), strict=True))


def _several(frame: TextTable, label: MultipleLabels, rules: Rules) -> LabelCells:
    divided, is_list = _divide(frame, label, rules)
    none = None if label.none is None else label.none.strip()
    cells: list[tuple[str, ...]] = []
    missing: list[int] = []
    contrary: list[tuple[str, str]] = []
    for row, parts in enumerate(divided):
        labels = tuple(dict.fromkeys(parts))
        # A list without items says that there is no label; an empty cell says nothing.
        if not labels and none != "" and not (is_list and frame.cells[label.column][row]):
            missing.append(row)
        if none in labels and len(labels) > 1:
            contrary.append((frame.name_row(row), f'"{label.separator.join(parts)}"'))
        cells.append(tuple(part for part in labels if part != none))
    if contrary:
        raise DataError(
            f'{LABEL_KEY}: {len(contrary)} rows of {frame.path} have "{none}", which means no label, beside others:\n'
            f'{lines(contrary)}\nKeep one or the other, or take "none" out of data.label.'
        )
    notes = (f'the cells of the column "{label.column}" are read as lists of labels',) if is_list else ()
    return LabelCells("sets", (label.column,), cells, missing, notes)


def _divide(frame: TextTable, label: MultipleLabels, rules: Rules) -> tuple[list[tuple[str, ...]], bool]:
    """Return by row the labels that a cell has, and whether the cells are lists.

    A separator that the user chose is one, whatever the cells look like.
    """
    frame.check_column(label.column, LABEL_KEY)
    raw = frame.cells[label.column]
    if rules.reads_lists and label.separator == _DEFAULT_SEPARATOR and are_lists(raw):
        return [read_list(cell) or () if cell else () for cell in raw], True
    texts = frame.texts(label.column, LABEL_KEY)
    return [tuple(filter(None, map(str.strip, text.split(label.separator)))) for text in texts], False


def check_several(frame: TextTable, label: str | Sequence[str] | MultipleLabels | None, rules: Rules = NEWEST) -> None:
    """Raise ConfigError where a separator, or the text that means no label, is in no cell: it must be another one.

    For the data of a run; other data with the same columns may happen to lack them.
    """
    if not isinstance(label, MultipleLabels):
        return
    divided, is_list = _divide(frame, label, rules)
    texts = [] if is_list else frame.texts(label.column, LABEL_KEY)
    if not is_list and not any(label.separator in text for text in texts):
        _refuse_separator(frame, label, texts)
    if label.none is not None and (none := label.none.strip()):
        found = Counter(part for parts in divided for part in parts)
        if none not in found:
            near = nearest(none, found)
            hint = f"; did you mean {_quote(near)}?" if near else f". The cells say {_list_most_common(found)}."
            raise ConfigError(
                f'{LABEL_KEY}.none: no cell of the column "{label.column}" of {frame.path} is {_quote(none)}{hint}\n'
                'Write the text as it is there, or take "none" out.'
            )


def _refuse_separator(frame: TextTable, label: MultipleLabels, texts: Sequence[str]) -> None:
    # Without one of its own a configuration says nothing of separators: cells of one label each are fine then.
    marks = _PLAIN_MARKS if label.separator == _DEFAULT_SEPARATOR else _MARKS
    held = {mark: sum(mark in text for text in texts) for mark in marks}
    found = [f"{_quote(mark)} in {count} of {len(texts)}" for mark, count in held.items() if count]
    if not found and label.separator == _DEFAULT_SEPARATOR:
        return
    others = f"; there is {first_names(found)}" if found else ""
    remedy = (
        'Write  "separator": ...  with what stands between labels.'
        if found
        else f'Take "separator" out, or name the column alone, as  "label": {_quote(label.column)}, where every cell '
        "has one label."
    )
    raise ConfigError(
        f'{LABEL_KEY}.separator: {_quote(label.separator)} is in no cell of the column "{label.column}" of '
        f"{frame.path}{others}.\n{remedy}"
    )


def _list_most_common(found: Counter[str]) -> str:
    told = [f"{_quote(text)} ({counted(count, 'time')})" for text, count in found.most_common(_SHOWN)]
    more = f" and {len(found) - _SHOWN} others" if len(found) > _SHOWN else ""
    return f"{', '.join(told)}{more}" if told else "nothing"


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
