"""Finding the column or template of a table that names image or sound files below its folder."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from kerastune_ft import storage
from kerastune_ft.data.files.find import IMAGES, SOUNDS, FileKind
from kerastune_ft.data.tables.templates import input_texts
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.scaffolding.sources.file_kinds import file_kind_of, files_by_kind
from kerastune_ft.wording import first_names

_SAMPLE = 50
# A column that names existing files in a smaller share of rows names something else.
_ENOUGH = 0.5
# Of a table whose files are not all there, most that are there must be named, and there must be some.
_NEARLY_ALL, _FEWEST, _ROWS_EACH = 0.9, 5, 1.2
_ENDINGS = tuple(IMAGES.suffixes | SOUNDS.suffixes)


@dataclass(frozen=True)
class NamedFiles:
    """The `input` option of a table, and the files that its rows name."""

    kind: FileKind
    """The kind of the files."""
    input: str
    columns: frozenset[str]
    """The columns that `input` uses."""
    files: Sequence[str]
    """The existing files, each once, as full paths."""
    rows: Mapping[str, Sequence[int]]
    """The rows that name each file."""
    missing: int
    """The number of rows that name a missing file."""
    are_cells: bool = False
    """Whether the cells of the column are the files."""


def find_named_files(frame: TextTable, columns: Mapping[str, Sequence[str]]) -> NamedFiles | None:
    """Return the files that a table names, images first, then sounds; None if it names none."""
    found = _files(frame)
    named = (_match_files(frame, columns, kind, found[kind.noun]) for kind in (IMAGES, SOUNDS))
    return next(filter(None, named), None)


def _files(frame: TextTable) -> dict[str, list[str]]:
    """Return images and sounds below a table's folder, relative to it, by the noun of their kind."""
    folder = Path(frame.folder)
    return {
        noun: [storage.relative(path, str(folder)).replace(os.sep, "/") for path in paths]
        for noun, paths in files_by_kind(folder).items()
    }


def _match_files(
    frame: TextTable, columns: Mapping[str, Sequence[str]], kind: FileKind, files: Sequence[str]
) -> NamedFiles | None:
    best = _find_best(columns, kind, files, len(frame.numbers))
    return None if best is None else _name_files(frame, columns, best, kind, set(files))


def match_template(frame: TextTable, wanted: str) -> NamedFiles | None:
    """Return the files that a column or template names; None where none of them is there."""
    texts = [text for text in input_texts(frame, wanted) if text]
    existing = (text for text in texts if storage.exists(storage.normal(os.path.join(frame.folder, text))))
    first = next(existing, None)
    if first is None:
        return None
    there = {os.path.normpath(text) for text in (first, *existing)}
    return _name_files(frame, dict.fromkeys(frame.columns, ()), wanted, file_kind_of(first), there)


def _name_files(
    frame: TextTable, columns: Mapping[str, Sequence[str]], best: str, kind: FileKind, there: Collection[str]
) -> NamedFiles:
    """Return the files that a column or template names; `there` are those that exist, as it names them."""
    folder, texts = frame.folder, input_texts(frame, best)
    by_file: dict[str, list[int]] = defaultdict(list)
    for row, text in enumerate(texts):
        if (name := os.path.normpath(text)) in there or (storage.is_absolute(text) and storage.exists(text)):
            by_file[storage.normal(os.path.join(folder, name))].append(row)
    found = sum(map(len, by_file.values()))
    return NamedFiles(kind, best, frozenset(_columns_in(best, columns)), list(by_file), by_file, len(texts) - found)


def _find_best(columns: Mapping[str, Sequence[str]], kind: FileKind, files: Sequence[str], count: int) -> str | None:
    """Return the column or template that names files in most rows, or, where some were not fetched, most of the files.

    `count` is the number of rows.
    """
    rows = _sample_rows(count)
    patterns = _count_patterns(columns, kind, files, rows)
    fitting = [pattern for pattern, fit in patterns.items() if fit.rows >= _ENOUGH * len(rows)]
    if not fitting and len(files) >= _FEWEST:
        patterns = _count_patterns(columns, kind, files, range(count))
        fitting = [
            pattern
            for pattern, fit in patterns.items()
            # A grade from 1 to 5 names the files 1.png to 5.png too, but in many rows each.
            if fit.files >= _NEARLY_ALL * len(files) and fit.rows <= _ROWS_EACH * fit.files
        ]
    # A label 1 matches a file 1.png in many rows but names few files.
    return max(fitting, key=lambda one: (patterns[one].files, patterns[one].rows, -one.count("{")), default=None)


def _sample_rows(count: int) -> list[int]:
    step = max(1.0, count / _SAMPLE)
    return [int(place * step) for place in range(min(_SAMPLE, count))]


@dataclass(frozen=True)
class _Fit:
    """The number of sampled rows that a column or template matches, and of distinct files."""

    rows: int
    files: int


def _count_patterns(
    columns: Mapping[str, Sequence[str]], kind: FileKind, files: Sequence[str], rows: Sequence[int]
) -> dict[str, _Fit]:
    """Return the columns and templates that match any of the sampled rows."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for file in files:
        name = file.rsplit("/", 1)[-1]
        by_name[name].append(file)
        by_name[name.rsplit(".", 1)[0]].append(file)
    found: dict[str, tuple[set[int], set[str]]] = defaultdict(lambda: (set(), set()))
    for row in rows:
        cells = {name: texts[row] for name, texts in columns.items()}
        for name, text in cells.items():
            for pattern, file in _find_patterns(name, text, cells, kind, by_name) if text else ():
                found[pattern][0].add(row)
                found[pattern][1].add(file)
    return {pattern: _Fit(len(fitting), len(named)) for pattern, (fitting, named) in found.items()}


def _columns_in(pattern: str, columns: Iterable[str]) -> list[str]:
    return [name for name in columns if pattern == name or f"{{{name}}}" in pattern]


def _find_patterns(
    name: str, text: str, cells: Mapping[str, str], kind: FileKind, by_name: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, str]]:
    """Yield the columns and templates that give an existing file for this row, each with the file."""
    if os.path.isabs(text) and file_kind_of(text) is kind and os.path.isfile(text):
        yield name, text
    plain = text.removeprefix("./")
    for file in by_name.get(plain.rsplit("/", 1)[-1], ()):
        if file == plain:
            yield name, file
            continue
        stem, suffix = (file, "") if file.endswith(plain) else os.path.splitext(file)
        # The text must be a whole name or the end of a path: id 7 must not match 17.png.
        if not stem.endswith(plain) or (stem != plain and not stem.removesuffix(plain).endswith("/")):
            continue
        before = stem.removesuffix(plain)
        for folders in (_literal(before), *_with_folders(before, name, cells)):
            yield f"{folders}{{{name}}}{_literal(suffix)}", file


def _with_folders(before: str, name: str, cells: Mapping[str, str]) -> Iterator[str]:
    """Yield the folders as a template in which one of them comes from another column, such as split or label."""
    parts = before.split("/")
    for place, part in enumerate(parts):
        for other, text in cells.items():
            if part and text == part and other != name:
                yield "/".join(f"{{{other}}}" if at == place else _literal(one) for at, one in enumerate(parts))


def _literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def missing_files_message(frame: TextTable, columns: Mapping[str, Sequence[str]]) -> str:
    """Return the error message for a table without file names and texts, with its columns and some files."""
    folder = frame.folder
    found = _files(frame)
    files = [*found[IMAGES.noun], *found[SOUNDS.noun]]
    first = {name: next((text for text in texts if text), "") for name, texts in columns.items()}
    listed = "\n".join(f"  {name}: {text[:60]}" for name, text in list(first.items())[:20])
    if not files:
        return (
            f"{frame.path}: no column holds texts, and there is no image or sound below its folder, {folder}.\n"
            f"Its columns, each with its first text:\n{listed}\nA table of texts needs a column with several words "
            "per cell; a table of images or sounds must be in or above the folder of its files: "
            "move the table or the files."
        )
    nouns = " and ".join(f"{noun}s" for noun, paths in found.items() if paths)
    for name, texts in columns.items():
        slashes = [text.replace("\\", "/") for text in texts]
        if any("\\" in text for text in texts) and find_named_files(frame, {name: slashes}):
            example = next(text for text in texts if "\\" in text)
            return (
                f'{frame.path}: the column "{name}" names the {nouns} with backslashes, as {example}.\n'
                f"Write slashes for backslashes, as {example.replace(chr(92), '/')}, and run init again."
            )
    return (
        f"{frame.path}: no column names the {nouns} below {folder}, such as {first_names(files[:3])}, and none holds "
        "texts.\n"
        f"Its columns, each with its first text:\n{listed}\nAdd a column with the path of each row's "
        f"{' or '.join(noun for noun, paths in found.items() if paths)}, relative to the table."
    )


def find_file_column(columns: Mapping[str, Sequence[str]]) -> str | None:
    """Return the column whose texts look like names of image or sound files, whether or not they exist."""
    for name, texts in columns.items():
        some = list(islice(filter(None, texts), _SAMPLE))
        if some and sum(text.lower().endswith(_ENDINGS) for text in some) >= _ENOUGH * len(some):
            return name
    return None
