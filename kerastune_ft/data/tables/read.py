"""Reading a table, whatever its format."""

from __future__ import annotations

import gzip
import shlex
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

from kerastune_ft.data.tables.formats.csv_reader import read_delimited
from kerastune_ft.data.tables.formats.excel_reader import read_excel
from kerastune_ft.data.tables.formats.jsonl_reader import read_lines
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.rules import NEWEST, Rules
from kerastune_ft.storage import find_similar
from kerastune_ft.wording import first_names

TABLE_SUFFIXES = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".parquet", ".pq", ".xlsx")


_INSTEAD = {
    ".xls": "save the sheet as .xlsx or CSV UTF-8",
    ".xlsm": "save the sheet as .xlsx or CSV UTF-8",
    ".ods": "save the sheet as .xlsx or CSV UTF-8",
    ".json": "write one object per line into a .jsonl file",
    ".txt": "name it .csv or .tsv, by what stands between the cells",
    ".feather": "save it as .parquet",
    ".pkl": "save it as .parquet or .csv",
}


def is_table(path: Path) -> bool:
    """Tell whether a file is a table by its name."""
    return _suffix(path) in TABLE_SUFFIXES


def read_table(path: Path, rules: Rules = NEWEST) -> TextTable:
    """Read a table, by the rules of the run; raise DataError where it is not there or cannot be read whole."""
    suffix = _suffix(path)
    if not path.is_file():
        raise DataError(f"data.path: {_explain_absence(path)}")
    if suffix not in TABLE_SUFFIXES:
        raise ConfigError(
            f"data.path: {path} is no table that is read, which end in {', '.join(TABLE_SUFFIXES)} (or .gz after it); "
            f"{how_to_convert(path)}."
        )
    content = _content(path)
    frame = _READERS[suffix](path, content) if suffix in _READERS else read_delimited(path, content, rules)
    if not frame.cells or not frame.numbers:
        notes = "".join(f"\n{note}" for note in frame.notes)
        raise DataError(f"data.path: {path} has a header and no rows. Give a table with a row per example.{notes}")
    return frame


def how_to_convert(path: Path) -> str:
    """Return what to do with a file that is no table, so that it becomes one; for JSON with the program that does."""
    suffix = _suffix(path)
    remedy = _INSTEAD.get(suffix, "save it as CSV")
    if suffix != ".json" or path.suffix.lower() != suffix:
        return remedy
    lines = path.with_suffix(".jsonl")
    program = "import json, sys; [print(json.dumps(row)) for row in json.load(sys.stdin)]"
    return f'{remedy}, as  python -c "{program}" < {shlex.quote(str(path))} > {shlex.quote(str(lines))}'


def _read_parquet(path: Path, content: bytes) -> TextTable:
    # Arrow takes more memory than all else that a command without a table of it needs.
    from kerastune_ft.data.tables.formats.parquet_reader import read_parquet

    return read_parquet(path, content)


_READERS: Mapping[str, Callable[[Path, bytes], TextTable]] = {
    ".parquet": _read_parquet,
    ".pq": _read_parquet,
    ".jsonl": read_lines,
    ".ndjson": read_lines,
    ".xlsx": read_excel,
}


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


def _explain_absence(path: Path) -> str:
    if path.is_dir():
        tables = sorted(entry.name for entry in path.iterdir() if is_table(entry))
        held = f'The tables in it are {first_names(tables)}; write one of them after "{path}/".' if tables else ""
        return f'{path} is a folder, and data.kind is "table". {held or "Name a table, or write kind folder."}'
    if path.exists():
        return f"{path} is a pipe, a socket or a device, no file. Write its content to a file, and name that."
    if not path.parent.is_dir():
        return f"{path} is not there, nor is the folder {path.parent}."
    if near := find_similar(path, is_table):
        return f'{path} is not there; did you mean "{near}"?'
    tables = sorted(entry.name for entry in path.parent.iterdir() if is_table(entry))
    held = f" The tables in its folder are {first_names(tables)}." if tables else ""
    return f"{path} is not there. Give a CSV, TSV, JSONL, Parquet or .xlsx file.{held}"
