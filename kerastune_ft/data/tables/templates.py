"""The file that a row of a table names: the text of a column, or of a template like `images/{image_id}.png`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import ConfigError

_INPUT_KEY = "data.input"
# A doubled brace stands for itself; anything else in braces is a column.
_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]+)\}|[{}]")


def input_texts(table: TextTable, wanted: str, key: str = _INPUT_KEY) -> list[str]:
    """Return by row the text of a column or a template, empty where a cell of it is; `key` is where it is written."""
    if wanted in table.cells or not ("{" in wanted or "}" in wanted):
        return table.texts(wanted, key)
    literals, names = _parts(wanted, key)
    columns = [table.texts(name, key) for name in names]
    return [_fill(literals, cells) for cells in zip(*columns, strict=True)]


def _parts(template: str, key: str) -> tuple[list[str], list[str]]:
    """Return the texts around the columns of a template, one more than columns, and the columns."""
    literals, names, end = [""], [], 0
    for token in _TOKEN.finditer(template):
        literals[-1] += template[end : token.start()]
        end = token.end()
        if token[1]:
            names.append(token[1].strip())
            literals.append("")
        elif len(token[0]) == 2:
            literals[-1] += token[0][0]
        else:
            raise ConfigError(
                f'{key}: "{template}" has a brace without its other; write columns as {{image_id}}, and '
                f"{token[0] * 2} for the brace itself."
            )
    literals[-1] += template[end:]
    if not names:
        raise ConfigError(
            f'{key}: "{template}" has no column in braces, so every row would be the same file; write one, as '
            '"images/{image_id}.png".'
        )
    return literals, names


def _fill(literals: Sequence[str], cells: Sequence[str]) -> str:
    if not all(cells):
        return ""
    return literals[0] + "".join(cell + literal for cell, literal in zip(cells, literals[1:], strict=True))
