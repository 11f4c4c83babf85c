"""Sheets of .xlsx files, read by openpyxl, which the extra `excel` brings."""

from __future__ import annotations

import datetime
import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kerastune_ft.data.tables.cells import cell_text
from kerastune_ft.data.tables.formats.rows import table_of_rows
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.wording import first_names

INSTALL = 'python -m pip install "openpyxl>=3.1"'
"""The command that installs what reads these files; the extra `excel` has it too."""


def read_excel(path: Path, content: bytes) -> TextTable:
    """Read the first visible sheet that holds anything; its first row names the columns, and cells become texts.

    A formula is what the spreadsheet last computed for it. Raises ConfigError where openpyxl is not installed.
    """
    try:
        import openpyxl
    except ImportError as problem:
        raise ConfigError(
            f"data.path: {path} is read by openpyxl, which is not installed: {INSTALL}\nOr save the sheet as CSV UTF-8."
        ) from problem
    try:
        # What it cannot keep of a sheet when it writes one, such as lists to choose from, is nothing to a reader.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
            filled = ((sheet, rows) for sheet in sheets if (rows := list(_read_rows(sheet))))
            sheet, rows = next(filled, (None, []))
    except MemoryError:
        raise
    except Exception as problem:
        # A damaged file meets zip, zlib, XML and openpyxl, each with errors of its own.
        reason = str(problem) or type(problem).__name__
        raise DataError(
            f"data.path: {path} is no .xlsx file that can be read: {reason}.\n"
            "Open it in a spreadsheet and save it again, without a password, or as CSV UTF-8."
        ) from problem
    if sheet is None:
        raise DataError(f"data.path: {path} is empty. Give a table with a header and a row per example.")
    others = [f'"{other.title}"' for other in sheets if other is not sheet]
    note = (
        f'{path.name}: of {len(sheets)} sheets the first with anything in it, "{sheet.title}", is read, and not '
        f"{first_names(others, 5)}"
    )
    try:
        return table_of_rows(path, _pad(rows), notes=(note,) if others else ())
    except DataError as problem:
        raise DataError(f"{problem}\n{note}" if others else str(problem)) from problem


def _read_rows(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the texts of every row that holds anything."""
    # Some programs write a size of the sheet that is not its own.
    sheet.reset_dimensions()
    for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
        texts = [_text(cell) for cell in cells]
        if any(texts):
            yield number, texts


def _pad(rows: list[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    """Yield rows that are as long as the header: empty cells at the end of a row are not in the file."""
    width = max(at + 1 for at, name in enumerate(rows[0][1]) if name)
    for number, texts in rows:
        yield number, [*texts, *[""] * (width - len(texts))]


def _text(cell: Any) -> str:
    """Return a cell as a person writes it: a date without the hour that nobody gave it."""
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    return cell_text(cell) or ""
