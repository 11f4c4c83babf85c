"""Tables with a row per example: its input or the file that holds it, its label, its group."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kerastune_ft.config.options.data import Column, TableData
from kerastune_ft.config.options.task_facts import LabelKind
from kerastune_ft.data.annotations.boxes.columns import box_cells, gather_pictures
from kerastune_ft.data.annotations.mask_columns import mask_cells
from kerastune_ft.data.inputs import select
from kerastune_ft.data.labels.number import number_labels
from kerastune_ft.data.modality import Modality, ReadContext, RowInputs
from kerastune_ft.data.records import Records
from kerastune_ft.data.remedies import how_to_skip, other_data
from kerastune_ft.data.source import SkippedFile
from kerastune_ft.data.tables.label_columns import LabelCells, answer_cells, check_several, class_cells, value_cells
from kerastune_ft.data.tables.split_tables import SplitTables, read_tables
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.data.texts.placeholders import describe_placeholders
from kerastune_ft.errors import DataError
from kerastune_ft.rules import Rules
from kerastune_ft.wording import counted, lines

LABEL_CELLS: Mapping[LabelKind, Callable[[TextTable, Any, Rules], LabelCells]] = {
    "one": class_cells,
    "several": class_cells,
    "values": value_cells,
    "mask": mask_cells,
    "boxes": box_cells,
    "text": answer_cells,
}
"""For each kind of label, what reads the columns of data.label."""
# For kinds of labels of which an example has several rows, what makes one of them.
_GATHER: Mapping[LabelKind, Callable[[SplitTables, TableData], SplitTables]] = {"boxes": gather_pictures}


def read_records(options: TableData, modality: Modality, context: ReadContext) -> Records:
    """Return the rows of a table that have an input and a label, in order."""
    tables = read_tables(options, unsplit=context.unsplit, rules=context.rules)
    gather = _GATHER.get(context.facts.labels)
    if gather is not None:
        tables = gather(tables, options)
    table = tables.table
    if not context.unsplit:
        check_splits(table, options)
        check_several(table, options.label, context.rules)
    found = modality.find_in_rows(table, options, context)
    cells = _read_labels(table, options, found, context)
    if context.rules.refuses_odd_headers:
        table.refuse_headless([*options.input_columns, *cells.names])
    try:
        labelled, unlabelled = find_labelled_rows(table, options, found.names, cells, context.facts.label_words)
    except DataError as error:
        raise found.add_problems(error) from error
    rows, without = found.select(labelled)
    group_texts(table, options.group, rows)
    usable = cells.read(rows, select(found.names, rows), options, context)
    rows = [rows[index] for index in usable.kept]
    # A label that the task cannot take is said before thousands of files are read.
    number_labels(usable.labels, select(found.names, rows), context.task, str(table.path), rules=context.rules)
    inputs = found.read(rows)
    keys, names = (inputs.find_names(select(each, rows)) for each in (found.keys, found.names))
    rows = [rows[index] for index in inputs.kept]

    def column(name: str, key: str = "data.splits.column") -> list[str]:
        return select(table.texts(name, key), rows)

    groups = group_texts(table, options.group, rows)
    deciding = [column(options.splits.column)] if isinstance(options.splits, Column) else []
    given = tables.find_splits(rows)
    if given:
        deciding.append([tables.splits[row] or "" for row in rows])
    return Records(
        kind="table",
        name=table.name,
        place=str(table.path),
        keys=keys,
        names=names,
        inputs={context.facts.modality: inputs},
        labels=usable.labels.keep(inputs.kept),
        label_texts=select(usable.texts, inputs.kept),
        groups=groups,
        given_splits=given,
        column=column,
        columns=table.columns,
        split_cells=deciding if groups is None else [groups, *deciding],
        skipped=(*unlabelled, *without, *usable.skipped, *inputs.skipped),
        notes=(
            *tables.notes,
            *table.notes,
            *cells.notes,
            *found.find_notes(label_texts := [cells.text(row) for row in range(len(cells.cells))]),
            *_note_written(options, label_texts, context),
        ),
    )


def _note_written(options: TableData, texts: Sequence[str], context: ReadContext) -> list[str]:
    """Return sentences on texts to be written that may stand for none."""
    if not context.facts.learns_tokens or not isinstance(options.label, str):
        return []
    return describe_placeholders(options.label, texts, is_learnt=True)


def _read_labels(table: TextTable, options: TableData, found: RowInputs, context: ReadContext) -> LabelCells:
    """Return the labels of all rows: those of data.label, or those that the inputs hold."""
    if options.label is None:
        return found.find_labels()
    return LABEL_CELLS[context.facts.labels](table, options.label, context.rules)


def check_splits(table: TextTable, options: TableData) -> None:
    """Raise ConfigError for a column of splits that a table does not have."""
    if isinstance(options.splits, Column):
        table.check_column(options.splits.column, "data.splits.column")


def find_labelled_rows(
    table: TextTable, options: TableData, names: Sequence[str], cells: LabelCells, words: tuple[str, str]
) -> tuple[list[int], tuple[SkippedFile, ...]]:
    """Return the rows that have a label, and the others; raise DataError where these are not to be left out.

    `words` are what one label is called, and what several are.
    """
    one, several = words
    where = " and ".join(cells.names[:5]) if cells.form == "columns" else cells.names[0]
    reason = f"has no {one}: its {where} is empty"
    if cells.missing and options.on_missing == "error":
        is_asked = cells.form == "sets" and other_data() is None
        none = ', or say which text means no label: "none": ""' if is_asked else ""
        raise DataError(
            f"data.label: {counted(len(cells.missing), table.place)} of {len(cells.cells)} in {table.path} "
            f"{'has' if len(cells.missing) == 1 else 'have'} no {one} ({where}):\n"
            f"{lines([(names[row], '') for row in cells.missing])}\n"
            f"Write the {several}, or {how_to_skip(['on_missing'], f'the {table.place}s')}{none}."
        )
    if len(cells.missing) == len(cells.cells):
        raise DataError(
            f"data.label: no {table.place} of {table.path} has {'an' if one[0] in 'aeiou' else 'a'} {one} ({where})."
        )
    left_out = set(cells.missing)
    rows = [row for row in range(len(cells.cells)) if row not in left_out]
    return rows, tuple(SkippedFile(names[row], reason) for row in cells.missing)


def group_texts(table: TextTable, column: str | None, rows: Sequence[int]) -> list[str] | None:
    """Return the groups of some rows; raise DataError where one has none."""
    if column is None:
        return None
    texts = table.texts(column, "data.group")
    without = [(table.name_row(row), "") for row in rows if not texts[row]]
    if without:
        raise DataError(
            f"data.group: {counted(len(without), table.place)} of {table.path} without a {column}:\n"
            f"{lines(without)}\nWrite what each belongs to; an example of its own gets a {column} of its own."
        )
    return [texts[row] for row in rows]
