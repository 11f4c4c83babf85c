"""Lists questions to answer: texts as of any run on texts, and besides tables whose cells are lists of messages."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

from kerastune_ft.data.dialogues.messages import NO_MESSAGES, are_messages
from kerastune_ft.data.tables.read import is_table, read_table
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.data.texts.blank import explain_blank
from kerastune_ft.errors import DataError
from kerastune_ft.inference.items import Item, Listing
from kerastune_ft.inference.read_options import ReadOptions
from kerastune_ft.inference.text_inputs import list_texts
from kerastune_ft.storage import path_of_user


def list_questions(inputs: Sequence[Any], options: ReadOptions) -> list[Listing]:
    """Return a listing of questions for each input, in order; see `list_texts`."""
    if not inputs:
        return list_texts(inputs, options, 1)
    return [_list_messages(given, options) or list_texts([given], options, 1)[0] for given in inputs]


def _list_messages(given: Any, options: ReadOptions) -> Listing | None:
    """Return the dialogues of a table; None for anything else, and for a table whose cells are texts."""
    if not isinstance(given, str | os.PathLike) or "\n" in str(given) or not is_table(path_of_user(given)):
        return None
    try:
        table = read_table(path_of_user(given))
    except (DataError, OSError):
        return None
    cells = table.cells.get(options.given or (options.own if isinstance(options.own, str) else ""))
    if cells is None or not are_messages(cells):
        return None
    items = [_make_item(table, row, cell) for row, cell in enumerate(cells)]
    return Listing(items, len(items), table.notes, table.cells)


def _make_item(table: TextTable, row: int, cell: Any) -> Item:
    name = table.name_row(row)
    text = cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False, default=str)
    if cell is None or not text.strip():
        return Item(name, problem=explain_blank([""]))
    if text.strip() == "[]":
        return Item(name, problem=NO_MESSAGES)
    return Item(name, texts=(text,))
