"""Writes rows of predictions as CSV, TSV, JSON lines or one JSON array, to standard output or to a file."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from kerastune_ft.data.tables.read import read_table
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.durable import sync
from kerastune_ft.errors import OUT_OF_SPACE, ConfigError, DataError
from kerastune_ft.rundir import refuse_inside_run
from kerastune_ft.storage import is_remote, path_of
from kerastune_ft.wording import encode_text

FORMATS = ("csv", "jsonl")
_OF_SUFFIX = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl"}
_HEADER, _SHOWN = 100_000, 4
_SEPARATORS = {"csv": ",", "tsv": "\t"}


class RowWriter(Protocol):
    """Writes rows as they are computed."""

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write these rows and flush them."""

    def close(self) -> None:
        """Write the end of the output, after the last row."""


def make_row_writer(form: str, stream: BinaryIO, columns: Sequence[str]) -> RowWriter:
    """Return the writer of a format: "csv", "tsv", "jsonl", or "json" for one array."""
    if form in _SEPARATORS:
        return _Delimited(stream, columns, _SEPARATORS[form])
    return _Objects(stream, is_array=form == "json")


class _Delimited:
    """Writes cells between separators under a header; a missing value is an empty cell."""

    def __init__(self, stream: BinaryIO, columns: Sequence[str], separator: str) -> None:
        self._stream, self._columns, self._separator = stream, columns, separator
        self._write([columns])

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._write([_format_cell(row[column]) for column in self._columns] for row in rows)

    def _write(self, rows: Any) -> None:
        text = io.StringIO()
        csv.writer(text, delimiter=self._separator, lineterminator="\n").writerows(rows)
        self._stream.write(encode_text(text.getvalue()))
        self._stream.flush()

    def close(self) -> None:
        self._stream.flush()


class _Objects:
    """Writes a JSON object for each row: one on each line, or all in one array."""

    def __init__(self, stream: BinaryIO, is_array: bool) -> None:
        self._stream, self._is_array, self._is_first = stream, is_array, True

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        for row in rows:
            text = json.dumps({key: _replace_infinite(value) for key, value in row.items()}, ensure_ascii=False)
            if self._is_array:
                text = ("[\n" if self._is_first else ",\n") + text
                self._stream.write(encode_text(text))
            else:
                self._stream.write(encode_text(f"{text}\n"))
            self._is_first = False
        self._stream.flush()

    def close(self) -> None:
        if self._is_array:
            self._stream.write(b"[]\n" if self._is_first else b"\n]\n")
        self._stream.flush()


def _format_cell(value: Any) -> Any:
    # A cell of a table may be a list, which is written as in JSON.
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else value


def _replace_infinite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def choose_form(output: str, sample: TextTable | None = None) -> str:
    """Return the format that the end of a file's name stands for; raise ConfigError where it cannot be written.

    A file that is there is replaced only where it holds predictions, or where it is a submission like the `sample`.
    """
    path = path_of(output)
    form = _OF_SUFFIX.get(path.suffix.lower())
    if form is None:
        raise ConfigError(f"--output: {output} does not end in {', '.join(_OF_SUFFIX)}, which say what to write")
    if path.is_dir():
        raise ConfigError(f"--output: {output} is a folder; give the name of a file")
    if not is_remote(output):
        _check_place(path, sample)
    return form


def _check_place(path: Path, sample: TextTable | None) -> None:
    """Raise ConfigError where no file of this name can be written, before a model is loaded."""
    if path.exists() and not path.is_file():
        raise ConfigError(f"--output: {path} is a pipe or device; leave --output out, and send standard output there")
    folder = Path(os.path.realpath(path)).parent
    if not folder.is_dir():
        raise ConfigError(f"--output: the folder {folder} is not there; make it, or name another")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigError(f"--output: the folder {folder} cannot be written to; name another")
    refuse_inside_run(path, "--output")
    if path.exists() and (columns := _find_other_columns(path)) and not (sample and _is_submission(path, sample)):
        raise ConfigError(
            f"--output: {path} is there and holds no predictions, but {', '.join(columns)}; name another file, or "
            "move it away"
        )


def _find_other_columns(path: Path) -> list[str]:
    """Return the columns or keys of a table that are not those of predictions; none where it may be replaced."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            line = file.readline(_HEADER).strip()
    except OSError as problem:
        return [f"what cannot be read ({(problem.strerror or str(problem)).lower()})"]
    if not line:
        return []
    try:
        found = list(json.loads(line)) if line.startswith("{") else []
    except ValueError:
        found = []
    columns = found or [cell.strip(' "') for cell in re.split(r"[,;\t]", line)]
    is_prediction = columns[0] == "input" and columns[-1] == "error"
    return [] if is_prediction else columns[:_SHOWN]


def _is_submission(path: Path, sample: TextTable) -> bool:
    """Tell whether a file has the columns of a sample, and one column, that of the ids, with the same cells."""
    try:
        found = read_table(path)
    except (ConfigError, DataError):
        return False
    same = found.columns == sample.columns
    return same and any(found.cells[name] == cells for name, cells in sample.cells.items())


@contextlib.contextmanager
def open_whole_file(output: str) -> Iterator[BinaryIO]:
    """Open a file that gets its name when it is complete; where writing fails, nothing of it is left."""
    if is_remote(output):
        gathered = io.BytesIO()
        yield gathered
        path_of(output).write_bytes(gathered.getvalue())
        return
    # A link stays one, to the new file.
    target = Path(os.path.realpath(output))
    # Short, since the name itself may be as long as names can be.
    partial = target.with_name(f".partial-{os.getpid()}{target.suffix}")
    try:
        with partial.open("wb") as file:
            yield file
            file.flush()
            sync(file.fileno())
        os.replace(partial, target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        # The partial file is one that nobody knows; what is written to an open file fails without a name.
        if isinstance(error, OSError) and (
            error.filename == os.fspath(partial) or (error.filename is None and error.errno in OUT_OF_SPACE)
        ):
            error.filename, error.filename2 = os.fspath(output), None
        raise
