"""The inputs of a table whose columns the user names."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from kerastune_ft import storage
from kerastune_ft.data.byte_cells import holds_bytes
from kerastune_ft.data.files.find import IMAGES, SOUNDS
from kerastune_ft.data.tables.file_columns import explain_absence
from kerastune_ft.data.tables.templates import input_texts
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import DataError
from kerastune_ft.scaffolding.sources.byte_columns import find_byte_files
from kerastune_ft.scaffolding.sources.file_columns import NamedFiles, find_file_column, match_template
from kerastune_ft.scaffolding.sources.text_columns import TextColumns, describe_columns

GivenInput = str | Sequence[str] | None
"""A column or a template of columns, the two columns of a pair of texts, or None where the user names none."""


def check_given_input(frame: TextTable, given: GivenInput) -> None:
    """Raise ConfigError for a column that a table does not have."""
    if given is None:
        return
    for name in [given] if isinstance(given, str) else given:
        if name in frame.cells or "{" not in name:
            frame.check_column(name, "data.input")
        else:
            input_texts(frame, name)


def find_given_input(
    frame: TextTable,
    columns: Mapping[str, Sequence[str]],
    given: str | Sequence[str],
    cache_directory: Path,
    report: Callable[[str], None],
) -> tuple[NamedFiles | None, TextColumns | None]:
    """Return the files that the columns name or hold, or else the texts in them; the other is None.

    Raises DataError for a column of names of files that are not there, and one without any text.
    """
    if not isinstance(given, str):
        return None, describe_columns(tuple(given), columns)
    if given in frame.cells and holds_bytes(frame.cells[given]):
        return find_byte_files(frame, cache_directory, report, given), None
    if files := match_template(frame, given):
        return files, None
    if given not in columns or find_file_column({given: columns[given]}):
        text = next(filter(None, input_texts(frame, given)), "")
        path = storage.normal(os.path.join(frame.folder, text))
        why = explain_absence(
            frame.folder, path, SOUNDS if os.path.splitext(path)[1].lower() in SOUNDS.suffixes else IMAGES
        )
        raise DataError(
            f"data.input: {given} of {frame.path} names files, and none of them is there: {text} is not there{why}"
        )
    return None, describe_columns((given,), columns)
