"""Which column or template of a table names the image files that lie below its folder."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kerastune_ft import storage
from kerastune_ft.data.frame import Frame, shown
from kerastune_ft.data.templates import input_texts
from kerastune_ft.data.walk import Walk
from kerastune_ft.errors import DataError

_SAMPLE = 50
# Below this share of rows whose file is there, a column names something else.
_ENOUGH = 0.5


@dataclass(frozen=True)
class NamedImages:
    """The `input` of a table, and the files its rows name."""

    input: str
    columns: frozenset[str]
    """The columns it is made of."""
    files: Sequence[str]
    """The files that are there, each once, as full paths."""
    rows: Mapping[str, Sequence[int]]
    """By file, the rows that name it."""
    missing: int
    """How many rows name a file that is not there."""


def named_images(frame: Frame, columns: Mapping[str, Sequence[str]]) -> NamedImages:
    """Return what names the images; raise DataError, with the columns and the files listed, where nothing does."""
    folder = str(frame.path.parent)
    walk = Walk(frame.path.parent)
    files = [storage.relative(path, folder).replace(os.sep, "/") for path in walk.files(frame.path.parent)]
    rows = _sampled(len(frame.numbers))
    patterns = _patterns(columns, files, rows)
    fitting = [pattern for pattern, fit in patterns.items() if fit.rows >= _ENOUGH * len(rows)]
    # A label 1 beside a file 1.png fits many rows and names few files.
    best = max(fitting, key=lambda one: (patterns[one].files, patterns[one].rows, -one.count("{")), default=None)
    if best is None:
        raise DataError(_not_found(frame, columns, files))
    texts = input_texts(frame, best)
    there = set(files)
    by_file: dict[str, list[int]] = defaultdict(list)
    for row, text in enumerate(texts):
        if (name := os.path.normpath(text)) in there or (storage.is_absolute(text) and storage.exists(text)):
            by_file[storage.normal(os.path.join(folder, name))].append(row)
    found = sum(map(len, by_file.values()))
    return NamedImages(best, frozenset(_columns_in(best, columns)), list(by_file), by_file, len(texts) - found)


def _sampled(count: int) -> list[int]:
    step = max(1.0, count / _SAMPLE)
    return [int(place * step) for place in range(min(_SAMPLE, count))]


@dataclass(frozen=True)
class _Fit:
    """How many of the sampled rows a column or template fits, and how many files that makes."""

    rows: int
    files: int


def _patterns(columns: Mapping[str, Sequence[str]], files: Sequence[str], rows: Sequence[int]) -> dict[str, _Fit]:
    """Return the columns and templates that fit any of the sampled rows."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for file in files:
        name = file.rsplit("/", 1)[-1]
        by_name[name].append(file)
        by_name[name.rsplit(".", 1)[0]].append(file)
    found: dict[str, tuple[set[int], set[str]]] = defaultdict(lambda: (set(), set()))
    for row in rows:
        cells = {name: texts[row] for name, texts in columns.items()}
        for name, text in cells.items():
            for pattern, file in _fitting(name, text, cells, by_name) if text else ():
                found[pattern][0].add(row)
                found[pattern][1].add(file)
    return {pattern: _Fit(len(fitting), len(named)) for pattern, (fitting, named) in found.items()}


def _columns_in(pattern: str, columns: Iterable[str]) -> list[str]:
    return [name for name in columns if pattern == name or f"{{{name}}}" in pattern]


def _fitting(
    name: str, text: str, cells: Mapping[str, str], by_name: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, str]]:
    """Yield the column, or the templates with it, that give a file for this row, each with the file."""
    if os.path.isabs(text) and os.path.isfile(text):
        yield name, text
    plain = text.removeprefix("./")
    for file in by_name.get(plain.rsplit("/", 1)[-1], ()):
        if file == plain:
            yield name, file
            continue
        stem, suffix = (file, "") if file.endswith(plain) else os.path.splitext(file)
        # The text must be a whole name or the end of a path: id 7 is not 17.png.
        if not stem.endswith(plain) or (stem != plain and not stem.removesuffix(plain).endswith("/")):
            continue
        before = stem.removesuffix(plain)
        for folders in (_literal(before), *_with_folders(before, name, cells)):
            yield f"{folders}{{{name}}}{_literal(suffix)}", file


def _with_folders(before: str, name: str, cells: Mapping[str, str]) -> Iterator[str]:
    """Yield the folders with one of them as another column that holds its name, as the split or the label."""
    parts = before.split("/")
    for place, part in enumerate(parts):
        for other, text in cells.items():
            if part and text == part and other != name:
                yield "/".join(f"{{{other}}}" if at == place else _literal(one) for at, one in enumerate(parts))


def _literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _not_found(frame: Frame, columns: Mapping[str, Sequence[str]], files: Sequence[str]) -> str:
    folder = frame.path.parent if str(frame.path.parent) != "." else Path.cwd()
    if not files:
        return (
            f"{frame.path}: there is no image below its folder, {folder}; a table lies beside or above the images it "
            "names.\nMove the table or the images."
        )
    first = {name: next((text for text in texts if text), "") for name, texts in columns.items()}
    listed = "\n".join(f"  {name}: {text[:60]}" for name, text in list(first.items())[:20])
    return (
        f"{frame.path}: no column names the images below {folder}, such as {shown(files[:3])}.\nIts columns, each with "
        f"its first text:\n{listed}\nAdd a column with the path of each row's image, relative to the table."
    )
