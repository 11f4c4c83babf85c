"""Cells that are lists: those of JSONL and Parquet files, and texts such as `['cat', 'dog']` that programs write."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from kerastune_ft.data.tables.cells import cell_text

_ITEM = re.compile(r"""\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^,'"\[\]]+?))\s*(?:,|$|(?=['"]))""")


def read_list(cell: Any) -> tuple[str, ...] | None:
    """Return the items of a list, or of a text in brackets, as texts; None for any other cell, or a list of lists."""
    if isinstance(cell, list | tuple):
        texts = [cell_text(item) for item in cell]
        return None if None in texts else tuple(text for text in texts if text)
    if not isinstance(cell, str) or not is_bracketed(cell):
        return None
    try:
        return read_list(json.loads(cell))
    except (ValueError, RecursionError):
        return _read_items(cell.strip()[1:-1])


def _read_items(text: str) -> tuple[str, ...] | None:
    """Return the items of a list as Python, NumPy or a person writes it; None where it is none."""
    items: list[str] = []
    at = 0
    while text[at:].strip():
        found = _ITEM.match(text, at)
        if found is None:
            return None
        quoted = found[1] if found[1] is not None else found[2]
        items.append(found[3] if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
        at = found.end()
    return tuple(item for item in map(str.strip, items) if item)


def is_bracketed(cell: str) -> bool:
    """Tell whether a text stands in square brackets."""
    text = cell.strip()
    return len(text) > 1 and text[0] == "[" and text[-1] == "]"


def are_lists(cells: Iterable[Any]) -> bool:
    """Tell whether all cells but empty ones are lists, or texts in brackets of which some have commas or quotes."""
    given = [cell for cell in cells if cell is not None and cell != ""]
    texts = [cell for cell in given if isinstance(cell, str)]
    if not given or any(not is_bracketed(text) for text in texts):
        return False
    if texts and len(texts) == len(given) and not any(mark in text for text in texts for mark in "'\","):
        # Words in brackets, as [unknown], are names.
        return False
    return all(read_list(cell) is not None for cell in given)
