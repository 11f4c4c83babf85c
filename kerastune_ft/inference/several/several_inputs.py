"""Lists examples with several inputs to predict on: the rows of tables, and lines of JSON objects."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kerastune_ft import storage
from kerastune_ft.config.options.inputs import InputColumns
from kerastune_ft.config.options.task_facts import TEXT
from kerastune_ft.data.byte_cells import find_input_files
from kerastune_ft.data.files.find import IMAGES
from kerastune_ft.data.in_memory.written_names import is_written
from kerastune_ft.data.tables.read import is_table, read_table
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.data.texts.read import column_texts
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.inference.inputs import resolve_beside
from kerastune_ft.inference.items import Item, Listing, escape_name, list_problem, make_file_item
from kerastune_ft.inference.read_options import ReadOptions
from kerastune_ft.inference.text_inputs import make_text_item
from kerastune_ft.storage import path_of_user

_PLACE = Path("standard input")


def list_several(inputs: Sequence[Any], options: ReadOptions) -> list[Listing]:
    """Return a listing of the rows of each table, or of each line of an open file.

    Raises ConfigError for anything else, which is one input alone, and for a table that lacks a column of the run.
    """
    wanted: Any = options.own
    if options.given is not None:
        raise ConfigError(
            f"--input: {options.given} names one column, and examples of this run have several inputs "
            f"({', '.join(wanted.every)}); give a table that has all of them"
        )
    if not inputs:
        raise ConfigError("there is no input to predict on; give at least one")
    return [_list_input(given, wanted, options) for given in inputs]


def _list_input(given: Any, wanted: InputColumns, options: ReadOptions) -> Listing:
    if isinstance(given, Item) and given.problem is not None:
        return Listing([given], 1)
    if isinstance(given, io.IOBase):
        return Listing(_read_lines(given, wanted, options), None)
    text = os.fsdecode(given) if isinstance(given, str | os.PathLike) else ""
    path = path_of_user(text) if text and "\n" not in text and len(text) < 4096 else None
    if path is None or not is_table(path):
        said = f"{text[:60]!r}" if text else f"a {type(given).__name__}"
        raise ConfigError(
            f"{said} is one input, and examples of this run have several ({', '.join(wanted.every)}); give a table "
            "with a row per example, a DataFrame in Python, or lines of JSON objects on standard input"
        )
    try:
        table = read_table(path)
    except (DataError, OSError) as error:
        return list_problem(text, " ".join(str(error).split()).removeprefix("data.path: "))
    return list_rows(table, wanted, options)


def list_rows(table: TextTable, wanted: InputColumns, options: ReadOptions) -> Listing:
    """Return a listing of the rows of a table; raise ConfigError where it lacks a column of the run."""
    try:
        items = _make_items(table, wanted, options)
    except ConfigError as error:
        raise ConfigError(str(error).replace("data.input", "the run's own data.input", 1)) from error
    return Listing(items, len(items), table.notes, table.cells)


def _make_items(table: TextTable, wanted: InputColumns, options: ReadOptions) -> list[Item]:
    parts: dict[str, list[Item]] = {}
    for name, column in wanted.images.items():
        files = find_input_files(table, column, IMAGES, options.cache_directory, options.report)
        if not files.are_cells and is_written(table.path.name):
            files = replace(files, paths=[resolve_beside(table.path, text, options) for text in files.texts])
        parts[name] = [
            make_file_item(text, text if storage.is_web_address(text) else path)
            if path
            else Item(table.name_row(row), problem="names no file: it is empty")
            for row, (text, path) in enumerate(zip(files.texts, files.paths, strict=True))
        ]
    if wanted.text is not None:
        parts[TEXT] = [make_text_item(texts, len(texts)) for texts in column_texts(table, wanted.text)]
    columns = (*(wanted.numbers or ()), *(wanted.words or ()))
    cells = {name: table.texts(name, "data.input") for name in columns}
    first = parts[next(iter(parts))]
    return [
        Item(
            first[row].name if first[row].problem is None else table.name_row(row),
            parts={name: own[row] for name, own in parts.items()},
            cells={name: own[row] for name, own in cells.items()},
        )
        for row in range(len(first))
    ]


def _read_lines(lines: Iterable[Any], wanted: InputColumns, options: ReadOptions) -> Iterator[Item]:
    """Yield an item for each line, which is a JSON object with a value for each column."""
    for number, line in enumerate(lines, start=1):
        text = line.decode("utf-8", "replace") if isinstance(line, bytes) else str(line)
        text = text.removeprefix("\ufeff").strip() if number == 1 else text.strip()
        if not text:
            continue
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as problem:
            yield Item(f"line {number}", problem=f"is not a JSON object: {problem}")
            continue
        yield make_item(found, f"line {number}", wanted, options)


def make_item(found: Any, name: str, wanted: InputColumns, options: ReadOptions) -> Item:
    """Return the item of an object with a value for each column of a run; `name` is what it is called."""
    if not isinstance(found, Mapping):
        return Item(name, problem="is no JSON object with a value for each column")
    table = TextTable(_PLACE, "line", [1], {str(key): [value] for key, value in found.items()})
    try:
        (item,) = _make_items(table, wanted, options)
    except (ConfigError, DataError) as problem:
        return Item(name, problem=" ".join(str(problem).split()).replace("data.input: ", "", 1))
    return Item(escape_name(name), parts=item.parts, cells=item.cells)
