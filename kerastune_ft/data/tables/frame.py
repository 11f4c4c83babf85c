"""Tables as text: CSV, TSV, JSONL and Parquet files become columns of texts, so that ids keep their zeros.

A cell that is empty, blank or null is the empty text and counts as missing; "NA" and "None" are texts like any other.
"""

from __future__ import annotations

import difflib
import gzip
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerastune_ft.config.words import nearest
from kerastune_ft.data.tables.cells import cell_text
from kerastune_ft.errors import ConfigError, DataError

TABLE_SUFFIXES = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".parquet", ".pq")
_SHOWN = 20
_INSTEAD = {
    ".xlsx": "save the sheet as CSV UTF-8",
    ".xls": "save the sheet as CSV UTF-8",
    ".ods": "save the sheet as CSV UTF-8",
    ".json": "write one object per line into a .jsonl file",
    ".txt": "name it .csv or .tsv, by what stands between the cells",
    ".feather": "save it as .parquet",
    ".pkl": "save it as .parquet or .csv",
}


@dataclass(frozen=True)
class Frame:
    """The rows of a table that hold anything, read as text column by column."""

    path: Path
    place: str
    """What a row is called: `row` where a spreadsheet shows its number (the header is row 1), else `line`."""
    numbers: Sequence[int]
    """By row, the number under which the user finds it."""
    cells: Mapping[str, Sequence[Any]]
    """By column, the cells as the file has them."""
    notes: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """Return the names of the columns, in order."""
        return list(self.cells)

    def named(self, row: int) -> str:
        """Return what a row is called in messages, as `row 12`."""
        return f"{self.place} {self.numbers[row]}"

    def check_column(self, name: str, key: str) -> None:
        """Raise ConfigError where the table has no such column; `key` is where the configuration names it."""
        if name not in self.cells:
            near = nearest(name, self.columns)
            hint = f'; did you mean "{near}"?' if near else "."
            raise ConfigError(
                f'{key}: {self.path} has no column "{name}"{hint}\nIts columns are {shown(self.columns)}.'
            )

    def texts(self, name: str, key: str) -> list[str]:
        """Return the texts of a column without blanks around them; a missing one is empty."""
        self.check_column(name, key)
        texts: list[str] = []
        for row, cell in enumerate(self.cells[name]):
            text = cell_text(cell)
            if text is None:
                raise DataError(
                    f'{key}: the column "{name}" of {self.path} has no plain text or number in {self.named(row)}, but '
                    f"{_kind(cell)}.\nWrite one text or number per cell, several labels with a separator between them."
                )
            texts.append(text)
        return texts


def shown(words: Sequence[str], limit: int = _SHOWN) -> str:
    """Return words for a sentence, not more than a person reads."""
    more = f" and {len(words) - limit} more" if len(words) > limit else ""
    return ", ".join(words[:limit]) + more


def is_table(path: Path) -> bool:
    """Tell whether a file is a table by its name."""
    return _suffix(path) in TABLE_SUFFIXES


def read_frame(path: Path) -> Frame:
    """Read a table; raise DataError where it is not there or cannot be read whole."""
    suffix = _suffix(path)
    if not path.is_file():
        raise DataError(f"data.path: {_not_there(path)}")
    if suffix not in TABLE_SUFFIXES:
        remedy = _INSTEAD.get(suffix, "save it as CSV")
        raise ConfigError(
            f"data.path: {path} is no table that is read, which end in {', '.join(TABLE_SUFFIXES)} (or .gz after it); "
            f"{remedy}."
        )
    frame = _reader(suffix)(path, _content(path))
    if not frame.cells or not frame.numbers:
        raise DataError(f"data.path: {path} has a header and no rows. Give a table with a row per example.")
    return frame


def _reader(suffix: str) -> Callable[[Path, bytes], Frame]:
    # Each reader builds a Frame, so they are imported once it is there.
    if suffix in (".parquet", ".pq"):
        from kerastune_ft.data.tables.parquet_reader import read_parquet

        return read_parquet
    if suffix in (".jsonl", ".ndjson"):
        from kerastune_ft.data.tables.jsonl_reader import read_lines

        return read_lines
    from kerastune_ft.data.tables.csv_reader import read_delimited

    return read_delimited


def _suffix(path: Path) -> str:
    name = Path(path.stem) if path.suffix.lower() == ".gz" else path
    return name.suffix.lower()


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        if path.suffix.lower() == ".gz":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise DataError(f"data.path: {path} cannot be read: {reason}.") from problem
    if not content.strip():
        raise DataError(f"data.path: {path} is empty. Give a table with a header and a row per example.")
    return content


def _not_there(path: Path) -> str:
    if path.is_dir():
        tables = sorted(entry.name for entry in path.iterdir() if is_table(entry))
        held = f'The tables in it are {shown(tables)}; write one of them after "{path}/".' if tables else ""
        return f'{path} is a folder, and data.kind is "table". {held or "Name a table, or write kind folder."}'
    beside = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, beside, n=1, cutoff=0.6)
    if not near and not path.parent.is_dir():
        return f"{path} is not there, nor is the folder {path.parent}."
    hint = f'; did you mean "{path.parent / near[0]}"?' if near else "."
    return f"{path} is not there{hint}\nGive a CSV, TSV, JSONL or Parquet file."


def _kind(cell: Any) -> str:
    if isinstance(cell, list | tuple):
        return "a list"
    if isinstance(cell, Mapping):
        return "an object"
    return (
        "bytes" if isinstance(cell, bytes) else "text that is no Unicode" if isinstance(cell, str) else "something else"
    )
