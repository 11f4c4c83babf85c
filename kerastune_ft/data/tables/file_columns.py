"""The files that a table names: where they are, what the user calls them, and what is there instead."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from kerastune_ft import storage
from kerastune_ft.data.files.check import CheckedFile, FileCheck
from kerastune_ft.data.files.find import FileKind
from kerastune_ft.data.in_memory.written_names import is_written
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import DataError
from kerastune_ft.wording import counted, first_names

_SHOWN = 20
_FOLDERS_SEARCHED = 100
_NAME_LENGTH = 160
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
# What follows the last dot of a name like 1.2.840.113 is part of its number.
_SUFFIX = re.compile(r"\.[a-z][a-z0-9]*$")
_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
# Blanks between digits part two numbers.
_BLANKS = re.compile(r"(?<!\d)\s+|\s+(?!\d)")


@dataclass(frozen=True)
class NamedFiles:
    """For each row of a table, the file it names."""

    folder: str
    """The folder of the table, where relative paths begin; of several tables the one that holds them all."""
    paths: list[str]
    """Absolute; empty where the row names none."""
    keys: list[str]
    """Paths relative to the folder where they lie in it or were written so; a file's later rows add their names."""
    names: list[str]
    """The name of the example in messages, as `row 12: images/7.png`."""
    texts: Sequence[str]
    """The texts of the rows."""
    place: str
    """The word for a row: `row` or `line`."""
    file_kind: FileKind
    are_cells: bool = False
    """Whether the cells are the files themselves, unpacked to `paths`."""


def find_named_files(table: TextTable, texts: Sequence[str], file_kind: FileKind) -> NamedFiles:
    """Return the files that rows name by `texts`."""
    folder = table.folder
    paths, keys, names = [], [], []
    rows_of: dict[str, list[int]] = {}
    for row, text in enumerate(texts):
        path, key = _locate(folder, table.folder_of(row), text)
        rows = rows_of.setdefault(path, [])
        names.append(f"{table.name_row(row)}: {shorten(key)}" if key else table.name_row(row))
        keys.append(f"{key} ({table.name_row(row)})" if rows else key)
        paths.append(path)
        rows.append(row)
    return NamedFiles(folder, paths, keys, names, texts, table.place, file_kind)


def find_file_notes(table: TextTable, files: NamedFiles, labels: Sequence[str]) -> tuple[str, ...]:
    """Return sentences about files that several rows name, with the same or other labels, and about those outside."""
    if files.are_cells:
        # What is the same is said of their contents.
        return ()
    rows_of: dict[str, list[int]] = {}
    for row, path in enumerate(files.paths):
        if path:
            rows_of.setdefault(path, []).append(row)
    return (
        *_note_sharing(table, files.folder, rows_of, labels, files.file_kind),
        # A list of files is written to a table that is never beside them.
        *(() if is_written(table.path.name) else _notes_on_outside(table, files.folder, rows_of, files.file_kind)),
    )


def check_files(files: NamedFiles, rows: Sequence[int], check: FileCheck[Any], wanted: str) -> list[CheckedFile]:
    """Return what was found out about the files of some rows, each file looked at once.

    Raise DataError where none is there, as `wanted`, the column or template of their names, must be wrong then.
    """
    paths = [files.paths[row] for row in rows]
    distinct = list(dict.fromkeys(path for path in paths if path))
    _refuse_all_missing(files, distinct, wanted)
    empty = f"is not named: {wanted} is empty" if "{" not in wanted else f"is not named: a column of {wanted} is empty"
    found = dict(zip(distinct, check.check(distinct), strict=True))
    found[""] = check.unusable("", empty, is_missing=True)
    beside = _Beside(files.folder, files.file_kind)
    missing = [path for path in distinct if found[path].is_missing and not storage.is_link(path)]
    for path in missing:
        hint = beside.hint(path) if path in missing[:_SHOWN] else ""
        found[path] = replace(found[path], problem=f"is not there{hint}")
    return [found[path] for path in paths]


def _refuse_all_missing(files: NamedFiles, paths: Sequence[str], wanted: str) -> None:
    if any(storage.exists(path) or storage.is_link(path) for path in paths):
        return
    if not paths:
        raise DataError(
            f"data.input: {wanted} is empty in every {files.place}; name the column of the {files.file_kind.noun} "
            "files."
        )
    row = files.paths.index(paths[0])
    hint = _Beside(files.folder, files.file_kind).hint(paths[0])
    raise DataError(
        f"data.input: {counted(len(paths), f'{files.file_kind.noun} file')} named by {wanted}, and none is there: "
        f"{files.names[row]} is not there{hint}.\n{_remedy(files, row, wanted)}"
    )


def _remedy(files: NamedFiles, row: int, wanted: str) -> str:
    """Return what to write when the first file lies elsewhere below the folder of the table, or nowhere."""
    text = files.texts[row]
    found = _below(files.folder, _relative(files.folder, files.paths[row]))
    if len(found) > 1:
        return f"{first_names(found, 3)} are there; write what leads to the right one."
    if not found:
        return (
            f'Write what leads from the folder of the table to the file, as "{files.file_kind.template}"; where '
            "numbers have lost their leading zeros, store the column as text."
        )
    folder, name = os.path.split(found[0])
    if "{" in wanted or text not in name:
        return f"{found[0]} is there; write what leads to it."
    template = os.path.join(folder, name.replace(text, f"{{{wanted}}}", 1))
    return f'{found[0]} is there; write  "input": {json.dumps(template, ensure_ascii=False)}  in data.'


def _below(folder: str, asked: str) -> list[str]:
    """Return the relative paths of files of a name, whatever its case and suffix, in the folders below one.

    A number in the name of a folder belongs to the example as well: p2/1.png is not p1/1.png.
    """
    *inside_of, name = _fold(asked).replace("\\", "/").split("/")
    numbered = {one for one in inside_of if any(map(str.isdigit, one))}
    wanted = {name, _SUFFIX.sub("", name)}
    found: list[str] = []
    for searched, (here, inside, names) in enumerate(storage.walk(folder)):
        place = storage.relative(here, folder)
        if numbered <= set(_fold(place).split(os.sep)):
            alike = [other for other in sorted(names) if not wanted.isdisjoint(_readings(other)[:2])]
            found += [os.path.normpath(os.path.join(place, other)) for other in alike[:1]]
        inside.sort()
        if searched >= _FOLDERS_SEARCHED:
            break
    return found


def _locate(folder: str, own: str, text: str) -> tuple[str, str]:
    """Return the absolute path of a file, and its key: relative where it was written so or lies in the folder.

    `own` is the folder of the table that names it, in or below the folder.
    """
    if not text:
        return "", ""
    if not storage.is_absolute(text):
        key = text if _ADDRESS.match(text) else os.path.normpath(text)
        path = storage.normal(os.path.join(own, key))
        return path, key if own == folder else os.path.normpath(os.path.join(own[len(folder) :].lstrip("/"), key))
    path = storage.normal(text)
    return path, path[len(folder) + 1 :] if path.startswith(folder + os.sep) else path


def shorten(key: str) -> str:
    """Return a path on one line of a message, the end of a long one left out."""
    line = " ".join(key.split())
    return line if len(line) <= _NAME_LENGTH else f"{line[:_NAME_LENGTH]}..."


def _note_sharing(
    frame: TextTable, folder: str, rows_of: dict[str, list[int]], labels: Sequence[str], file_kind: FileKind
) -> list[str]:
    """Return a sentence about files that several rows name with one label, and one about those with more."""
    shared = {path: rows for path, rows in rows_of.items() if len(rows) > 1}
    other = {path: rows for path, rows in shared.items() if len({labels[row] for row in rows}) > 1}
    same = {path: rows for path, rows in shared.items() if path not in other}
    notes = []
    for kind, told in ((other, " with different labels"), (same, "")):
        if kind:
            listed = [_rows_of_file(frame, rows, _relative(folder, path)) for path, rows in kind.items()]
            files = f"{counted(len(kind), f'{file_kind.noun} file')} {'is' if len(kind) == 1 else 'are'}"
            notes.append(f"{files} named by more than one {frame.place}{told}: {first_names(listed, 5)}")
    return notes


def _rows_of_file(frame: TextTable, rows: Sequence[int], name: str) -> str:
    return f"{frame.name_rows(rows)} ({shorten(name)})"


def _notes_on_outside(frame: TextTable, folder: str, rows_of: dict[str, list[int]], file_kind: FileKind) -> list[str]:
    count = sum(not path.startswith(folder + os.sep) for path in rows_of)
    verb = "lies" if count == 1 else "lie"
    return (
        [f"{counted(count, f'{file_kind.noun} file')} {verb} outside the folder of {frame.path.name}"] if count else []
    )


def _relative(folder: str, path: str) -> str:
    return path[len(folder) + 1 :] if path.startswith(folder + os.sep) else path


def explain_absence(folder: str, path: str, file_kind: FileKind) -> str:
    """Return what to add to a file that `is not there`: the file that must be meant, or the reason."""
    return _Beside(folder, file_kind).hint(path)


class _Beside:
    """The files that lie where one was looked for."""

    def __init__(self, folder: str, file_kind: FileKind):
        self._folder, self._file_kind = folder, file_kind
        self._known: dict[str, dict[tuple[int, str], list[str]]] = {}

    def hint(self, path: str) -> str:
        """Return what to add to `is not there`: the file that must be meant, or the reason."""
        if _ADDRESS.match(_relative(self._folder, path)):
            return "; it is a web address, so fetch the file and name the copy"
        if "\\" in path and storage.exists(path.replace("\\", "/")):
            return f"; {_relative(self._folder, path.replace(chr(92), '/'))} is, so write slashes for backslashes"
        folder, name = os.path.split(path)
        if not storage.path_of(folder).is_dir():
            return f", nor is the folder {folder}"
        near = self._nearest(folder, name)
        if near is None:
            return f" (looked for in {folder})"
        same = unicodedata.normalize("NFC", near) == unicodedata.normalize("NFC", name)
        told = ", written with other Unicode letters that look the same" if same else ""
        return f"; {_relative(self._folder, os.path.join(folder, near))} is{told}"

    def _nearest(self, folder: str, name: str) -> str | None:
        """Return the file that differs in nothing that tells one example from another, if there is one such file."""
        known = self._names(folder)
        for reading in enumerate(_readings(name)):
            if found := known.get(reading):
                files = [one for one in found if os.path.splitext(one)[1].lower() in self._file_kind.suffixes]
                return (files or found)[0] if len(files or found) == 1 else None
        return None

    def _names(self, folder: str) -> dict[tuple[int, str], list[str]]:
        """Return the names in a folder by the ways they may be read."""
        if folder not in self._known:
            try:
                names = [entry.name for entry in storage.entries(folder)]
            except OSError:
                names = []
            found: dict[tuple[int, str], list[str]] = {}
            for name in names:
                for reading in enumerate(_readings(name)):
                    found.setdefault(reading, []).append(name)
            self._known[folder] = found
        return self._known[folder]


def _readings(name: str) -> tuple[str, str, str]:
    """Return a name without case, then without suffix, then without leading zeros and blanks too."""
    folded = _fold(name)
    stem = _SUFFIX.sub("", folded)
    return folded, stem, _BLANKS.sub("", _ZEROS.sub("", stem))


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
