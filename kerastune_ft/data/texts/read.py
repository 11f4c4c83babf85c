"""Reading texts from files, arrays of strings and the cells of tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kerastune_ft.data.files.array_values import list_values
from kerastune_ft.data.files.check import read_content
from kerastune_ft.data.tables.templates import input_texts
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.data.texts.text_source import Texts
from kerastune_ft.errors import DataError


def read_text(path: str) -> str:
    """Return the content of a text file; raise DataError where it is no UTF-8, or cannot be read."""
    content = read_content(path, DataError)
    try:
        return content.decode("utf-8-sig").strip()
    except UnicodeDecodeError as problem:
        raise DataError(f"is no UTF-8 text (byte {content[problem.start]:#04x} at {problem.start})") from problem


def array_texts(array: np.ndarray, name: str, place: str) -> list[Texts]:
    """Return the texts of an array, or raise DataError where it holds none; `place` begins the message."""
    if array.dtype.kind not in "US" or array.ndim not in (1, 2) or (array.ndim == 2 and array.shape[1] not in (1, 2)):
        raise DataError(
            f"{place} has shape {list(array.shape)} and dtype {array.dtype}; texts are strings, [N], or [N, 2] for "
            "pairs"
        )
    rows = list_values(array, name, place)
    return [tuple(text.strip() for text in (row if array.ndim == 2 else (row,))) for row in rows]


def column_texts(frame: TextTable, wanted: str | Sequence[str]) -> list[Texts]:
    """Return by row the text of a column or template, or those of two columns; empty where a cell is."""
    if isinstance(wanted, str):
        return [(text,) for text in input_texts(frame, wanted)]
    return list(zip(*(input_texts(frame, each) for each in wanted), strict=True))
