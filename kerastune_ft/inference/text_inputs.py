"""Lists texts to predict on: from words, lines, text files, folders, tables and arrays."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft import storage
from kerastune_ft.data.files.array_values import has_halves
from kerastune_ft.data.files.download import fetch_to_cache
from kerastune_ft.data.files.find import TEXTS, Walk
from kerastune_ft.data.tables.read import is_table, read_table
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.data.texts.blank import explain_blank, is_blank
from kerastune_ft.data.texts.read import array_texts, column_texts, read_text
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.inference.arrays import open_array, read_other_arrays
from kerastune_ft.inference.items import ON_THE_WEB, Item, Listing, escape_name, list_problem
from kerastune_ft.inference.read_options import ReadOptions
from kerastune_ft.notebook.speech import speak
from kerastune_ft.storage import path_of_user
from kerastune_ft.wording import first_names

_PLACE = Path("standard input")
_FILES = (".txt", ".npz")
_SHOWN = 3
# What a path that is not there looks like: no blanks, and it begins as a path or ends as a file.
_PATH = re.compile(r"(~|\.\.?)?/\S+|\S*\w\.[A-Za-z]\w{1,4}")


def list_texts(inputs: Iterable[Any], options: ReadOptions, parts: int) -> list[Listing]:
    """Return a listing of texts for each input, in order; `parts` is 2 where an example is a pair of texts, else 1.

    A string is a path where a file of that name exists or it ends like a table or text file; any other string is a text
    itself. Raises ConfigError for objects that are no inputs, and for a table of which nothing says what to read.
    """
    inputs = list(inputs)
    found = [_list_input(given, options, parts) for given in inputs]
    if not found:
        raise ConfigError("there is no input to predict on; give at least one")
    if doubtful := [given for given in inputs if isinstance(given, str) and _is_lost_path(given)]:
        said = f"read as text, since there is no such file or folder: {first_names(doubtful, _SHOWN)}"
        found[0] = replace(found[0], notes=(*found[0].notes, said))
    return found


def _is_lost_path(text: str) -> bool:
    """Return whether a string that is read as a text looks like the path of something that is not there."""
    folder, _, rest = text.partition("/")
    looks = _PATH.fullmatch(text) is not None or (bool(rest) and not re.search(r"\s", text) and os.path.isdir(folder))
    return looks and not _names_a_file(path_of_user(text)) and not storage.exists(os.fspath(path_of_user(text)))


def _list_input(given: Any, options: ReadOptions, parts: int) -> Listing:
    if isinstance(given, Item):
        return Listing([_read_file(given.path, given.name, parts) if given.path else _refuse(given)], 1)
    if isinstance(given, io.IOBase):
        return Listing(_read_lines(given, options, parts), None)
    if isinstance(given, np.ndarray):
        return _list_array(given, "the array", parts)
    if isinstance(given, tuple | list) and all(isinstance(text, str) for text in given):
        return Listing([make_text_item(tuple(given), parts)], 1)
    if not isinstance(given, str | os.PathLike):
        raise ConfigError(
            f"an input to predict on cannot be a {type(given).__name__}; give a text, a pair of texts as a tuple, a "
            "path, or an array of strings"
        )
    text = os.fsdecode(given)
    if not text:
        # An empty path would mean the current folder.
        return list_problem(text, explain_blank([text]))
    path = path_of_user(text) if "\n" not in text and len(text) < 4096 else None
    if path is None or not (_names_a_file(path) or storage.exists(os.fspath(path))):
        return Listing([_parse_argument(text, parts)], 1)
    if storage.is_web_address(text):
        return list_problem(text, ON_THE_WEB)
    try:
        return _list_path(text, path, options, parts)
    except (DataError, OSError) as error:
        return list_problem(text, " ".join(str(error).split()).removeprefix("data.path: "))


def _refuse(item: Item) -> Item:
    return Item(item.name, problem=item.problem or "is no text")


def _names_a_file(path: Path) -> bool:
    return is_table(path) or path.name.lower().endswith(_FILES)


def _list_path(text: str, path: Path, options: ReadOptions, parts: int) -> Listing:
    if path.is_dir():
        return _list_folder(text, path, parts)
    if is_table(path):
        return _list_table(path, options, parts)
    local = fetch_to_cache(path, options.cache_directory, options.report)
    if path.name.lower().endswith(".npz"):
        file, array = open_array(local, options.given, options.cache_directory, options.report)
        return replace(_list_array(array, text, parts), own=read_other_arrays(file, options.given, len(array)))
    return Listing([_read_file(os.fspath(local), escape_name(text), parts)], 1)


def _list_folder(text: str, root: Path, parts: int) -> Listing:
    walk = Walk(root, is_tolerant=True, file_kind=TEXTS)
    items = [_read_file(path, escape_name(os.path.join(text, walk.relative(path))), parts) for path in walk.files(root)]
    return (
        Listing(items, len(items), tuple(walk.ignored.notes()))
        if items
        else list_problem(text, "has no .txt file in it")
    )


def _read_file(path: str, name: str, parts: int) -> Item:
    try:
        item = _parse_line(read_text(path), parts)
    except (DataError, OSError) as error:
        return Item(name, problem=str(error))
    return Item(name, texts=item.texts, problem=item.problem)


def _list_table(path: Path, options: ReadOptions, parts: int) -> Listing:
    frame = read_table(path)
    wanted = _choose_columns(options, parts)
    if wanted is None:
        raise ConfigError(
            f"{path} is a table, and nothing says which of its columns holds the texts; give  --input COLUMN"
            f"{'' if parts == 1 else ',COLUMN'}.\nIts columns are {first_names(frame.columns)}."
        )
    try:
        rows = column_texts(frame, wanted)
    except ConfigError as error:
        place = "--input" if options.given else "the run's own data.input"
        remedy = "" if options.given or parts != 1 else f'\nName its column of texts, as  --input "{frame.columns[0]}"'
        raise ConfigError(str(error).replace("data.input", place, 1) + remedy) from error
    items = [
        Item(frame.name_row(row), problem=explain_blank(texts))
        if any(map(is_blank, texts))
        else make_text_item(texts, parts)
        for row, texts in enumerate(rows)
    ]
    return Listing(items, len(items), frame.notes, frame.cells)


def _choose_columns(options: ReadOptions, parts: int) -> str | Sequence[str] | None:
    """Return the column of texts, or the two of a pair: those that the user names, else the run's."""
    if options.given is None or parts == 1:
        return options.given or (options.own if isinstance(options.own, str | tuple) else None)
    names = [name.strip() for name in options.given.split(",")]
    if len(names) != 2:
        raise ConfigError(f"--input: {options.given} is not two columns; an example is a pair, so give FIRST,SECOND")
    return names


def _list_array(array: np.ndarray, name: str, parts: int) -> Listing:
    items = [make_text_item(texts, parts) for texts in array_texts(array, name, name)]
    return Listing(items, len(items))


def _read_lines(lines: Iterable[Any], options: ReadOptions, parts: int) -> Iterator[Item]:
    """Yield an item for each line: a text, two texts with a tab between them, or a JSON object that holds them."""
    wanted = _choose_columns(options, parts)
    for number, line in enumerate(lines, start=1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8") if isinstance(line, bytes) else str(line)
        except UnicodeDecodeError:
            yield Item(f"line {number}", problem="is not UTF-8 text")
            continue
        text = text.strip("\r\n")
        if is_blank(text):
            # A row even so: without it the rows that follow would not match their lines.
            yield Item(f"line {number}", problem=explain_blank([text]))
        elif text.lstrip().startswith("{") and wanted is not None:
            yield _parse_object(text, number, wanted, parts)
        else:
            yield _parse_line(text, parts)


def _parse_object(text: str, number: int, wanted: str | Sequence[str], parts: int) -> Item:
    try:
        found = json.loads(text)
        frame = TextTable(_PLACE, "line", [number], {key: [value] for key, value in found.items()})
        (texts,) = column_texts(frame, wanted)
    except (ValueError, RecursionError, AttributeError) as problem:
        return Item(f"line {number}", problem=f"is not a JSON object: {problem}")
    except (ConfigError, DataError) as problem:
        return Item(f"line {number}", problem=" ".join(str(problem).split()).replace("data.input", "--input", 1))
    if any(map(is_blank, texts)):
        return Item(f"line {number}", problem=explain_blank(texts))
    return make_text_item(texts, parts)


_HOW_A_PAIR = "; in bash that is  $'first\\tsecond', and a CSV file or lines on standard input hold pairs too"


def _parse_argument(text: str, parts: int) -> Item:
    """Return the item of a text that is an argument of its own, such as a word on a command line."""
    item = _parse_line(text, parts)
    if parts == 2 and text.strip() and "\t" not in text:
        item = replace(item, problem=speak(f"{item.problem}{_HOW_A_PAIR}"))
    return item


def _parse_line(text: str, parts: int) -> Item:
    """Return the item of a line: a text, or a pair with a tab between its texts."""
    return make_text_item(tuple(text.split("\t")) if parts == 2 else (text,), parts)


def make_text_item(texts: Sequence[str], parts: int) -> Item:
    """Return the item of one text, or of the two of a pair, of which there should be `parts`."""
    name = escape_name("\t".join(texts))
    if len(texts) != parts:
        wanted = "a pair has two, with a tab between them" if parts == 2 else "the run is about single texts"
        return Item(name, problem=speak(f"is {len(texts)} text{'s' if len(texts) != 1 else ''}; {wanted}"))
    if any(map(is_blank, texts)):
        return Item(name, problem=explain_blank(texts))
    if any(map(has_halves, texts)):
        return Item(name, problem="is no text: it has bytes that are no UTF-8, or half a character")
    return Item(name, texts=tuple(text.strip() for text in texts))
