"""Finding texts without labels: those of a folder of .txt files, or of a column of a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerastune_ft.data.files.find import TEXTS, Walk
from kerastune_ft.data.tables.read import is_table, read_table
from kerastune_ft.data.texts.blank import is_blank
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.scaffolding.findings import DataFindings, TextStatistics, add_with_reason
from kerastune_ft.scaffolding.samples.text_files import note_texts
from kerastune_ft.scaffolding.samples.text_statistics import measure_texts
from kerastune_ft.scaffolding.sources.text_columns import find_text_columns
from kerastune_ft.wording import counted, first_names

_USUAL_COLUMN = "text"
_SHOWN = 8


@dataclass(frozen=True)
class PlainTexts:
    """Texts without labels."""

    data: dict[str, Any]
    """The configuration's `data` that reads them, with reasons as comments."""
    count: int
    measures: TextStatistics
    asks: tuple[str, ...] = ()
    """Questions that only the user can answer."""


def find_plain_texts(texts: str, column: str | None, relate: Callable[[Path], str]) -> PlainTexts:
    """Return the texts at a path, a folder of .txt files or a table, of which `column` is looked for first.

    `relate` returns a path as a configuration writes it. Raises ConfigError where there are no such data, and DataError
    where they hold no text.
    """
    place = Path(texts)
    if place.is_dir():
        return _find_files(place, relate(place))
    if is_table(place):
        return _find_rows(place, column, relate(place))
    lone = ", as a folder with this file in it" if place.is_file() and TEXTS.takes(texts) else ""
    raise ConfigError(
        f"--adapt: {texts} is neither a folder of .txt files nor a table; give one{lone}, or --adapt alone for the "
        "texts of the data themselves"
    )


def _find_files(place: Path, written: str) -> PlainTexts:
    walk = Walk(place, file_kind=TEXTS)
    files = walk.files(place)
    found = DataFindings({}, {"kind": "folder", "path": written}, len(files), 0, {}, files)
    note_texts(found)
    if found.prose is None:
        seen = "; ".join(walk.ignored.notes())
        raise DataError(
            f"--adapt: {place} holds {TEXTS.none} with anything in it{f'; {seen}' if seen else ''}.\n"
            "Give a folder of .txt files in UTF-8, or a table."
        )
    return PlainTexts(found.data, len(files), found.prose, tuple(found.asks))


def _find_rows(place: Path, wanted: str | None, written: str) -> PlainTexts:
    cells = read_table(place).cells
    column = _choose_column(place, wanted, cells)
    texts = [cell if isinstance(cell, str) else "" for cell in cells[column]]
    measures = measure_texts(texts)
    if measures is None:
        raise DataError(f'--adapt: the column "{column}" of {place} has no text in it; name another table or column')
    data: dict[str, Any] = {"kind": "table", "path": written, "input": column}
    if empty := sum(map(is_blank, texts)):
        verb = "is" if empty == 1 else "are"
        reason = f"{counted(empty, 'row')} of {len(texts):,} without text {verb} skipped"
        add_with_reason(data, "on_missing", "skip", reason)
    return PlainTexts(data, len(texts) - empty, measures)


def _choose_column(place: Path, wanted: str | None, cells: Mapping[str, Any]) -> str:
    named = [name for name in (wanted, _USUAL_COLUMN) if name in cells]
    if not named and len(cells) == 1:
        named = list(cells)
    if not named:
        texts = {name: own for name, own in cells.items() if all(isinstance(cell, str | None) for cell in own)}
        found = find_text_columns({name: [cell or "" for cell in own] for name, own in texts.items()}, ())
        named = [] if found is None or found.others or len(found.names) > 1 else list(found.names)
    if not named:
        raise ConfigError(
            f"--adapt: nothing says which column of {place} holds the texts: it has "
            f'{first_names(list(cells), _SHOWN)}; call it "{_USUAL_COLUMN}"'
        )
    return str(named[0])
