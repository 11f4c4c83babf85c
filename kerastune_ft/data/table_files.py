"""The image files that a table names: where they are, what the user calls them, and what is there instead."""

from __future__ import annotations

import difflib
import json
import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kerastune_ft.data.frame import Frame, shown
from kerastune_ft.data.images import CheckedImage, ImageCheck
from kerastune_ft.data.source import counted
from kerastune_ft.errors import DataError

_SHOWN = 20
_COMPARED = 5000
_FOLDERS_SEARCHED = 100
_NAME_LENGTH = 160
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")


@dataclass(frozen=True)
class NamedFiles:
    """By row of a table, the file it names."""

    folder: str
    """The folder of the table, where relative paths begin."""
    paths: list[str]
    """Absolute; empty where the row names none."""
    keys: list[str]
    """Paths relative to the folder where they lie in it or were written so; a file's later rows add their number."""
    names: list[str]
    """What messages call the example, as `row 12: images/7.png`."""
    texts: Sequence[str]
    """What the rows say."""
    place: str
    """What a row is called."""
    notes: tuple[str, ...]


def named_files(frame: Frame, texts: Sequence[str], labels: Sequence[str]) -> NamedFiles:
    """Return the files that rows name by `texts`; rows of the same file are noted, with other `labels` or the same."""
    folder = os.path.dirname(os.path.abspath(frame.path))
    paths, keys, names = [], [], []
    rows_of: dict[str, list[int]] = {}
    for row, text in enumerate(texts):
        path, key = _placed(folder, text)
        rows = rows_of.setdefault(path, [])
        names.append(f"{frame.named(row)}: {_short(key)}" if key else frame.named(row))
        keys.append(f"{key} ({frame.named(row)})" if rows else key)
        paths.append(path)
        rows.append(row)
    rows_of.pop("", None)
    notes = (*_shared(frame, folder, rows_of, labels), *_outside(frame, folder, rows_of))
    return NamedFiles(folder, paths, keys, names, texts, frame.place, notes)


def check_files(files: NamedFiles, rows: Sequence[int], check: ImageCheck, wanted: str) -> list[CheckedImage]:
    """Return what was found out about the files of some rows, each file looked at once.

    Raise DataError where none is there, as `wanted`, the column or template of their names, must be wrong then.
    """
    paths = [files.paths[row] for row in rows]
    distinct = list(dict.fromkeys(path for path in paths if path))
    _refuse_all_missing(files, distinct, wanted)
    empty = f"is not named: {wanted} is empty" if "{" not in wanted else f"is not named: a column of {wanted} is empty"
    found = dict(zip(distinct, check.check(distinct), strict=True))
    found[""] = CheckedImage("", "", empty, is_missing=True)
    beside = _Beside(files.folder)
    missing = [path for path in distinct if found[path].is_missing and not os.path.islink(path)]
    for path in missing:
        hint = beside.hint(path) if path in missing[:_SHOWN] else ""
        found[path] = replace(found[path], problem=f"is not there{hint}")
    return [found[path] for path in paths]


def _refuse_all_missing(files: NamedFiles, paths: Sequence[str], wanted: str) -> None:
    if any(map(os.path.lexists, paths)):
        return
    if not paths:
        raise DataError(f"data.input: {wanted} is empty in every {files.place}; name the column of the image files.")
    row = files.paths.index(paths[0])
    raise DataError(
        f"data.input: {counted(len(paths), 'image file')} named by {wanted}, and none is there: {files.names[row]} is "
        f"not there{_Beside(files.folder).hint(paths[0])}.\n{_remedy(files, row, wanted)}"
    )


def _remedy(files: NamedFiles, row: int, wanted: str) -> str:
    """Return what to write when the first file lies elsewhere below the folder of the table, or nowhere."""
    text = files.texts[row]
    found = _below(files.folder, os.path.basename(files.paths[row]))
    if found is None:
        return 'Write what leads from the folder of the table to the file, as "images/{image_id}.png".'
    folder, name = os.path.split(found)
    if "{" in wanted or text not in name:
        return f"{found} is there; write what leads to it."
    template = os.path.join(folder, name.replace(text, f"{{{wanted}}}", 1))
    return f'{found} is there; write  "input": {json.dumps(template, ensure_ascii=False)}  in data.'


def _below(folder: str, name: str) -> str | None:
    """Return the relative path of a file of this name, whatever its case and suffix, in the folders below one."""
    wanted = {_folded(name), os.path.splitext(_folded(name))[0]}
    for searched, (here, inside, names) in enumerate(os.walk(folder)):
        for other in sorted(names):
            if not wanted.isdisjoint((_folded(other), os.path.splitext(_folded(other))[0])):
                return os.path.relpath(os.path.join(here, other), folder)
        inside.sort()
        if searched >= _FOLDERS_SEARCHED:
            break
    return None


def _placed(folder: str, text: str) -> tuple[str, str]:
    """Return the absolute path of a file, and its key: relative where it was written so or lies in the folder."""
    if not text:
        return "", ""
    if not os.path.isabs(text):
        key = text if _ADDRESS.match(text) else os.path.normpath(text)
        return os.path.normpath(os.path.join(folder, key)), key
    path = os.path.normpath(text)
    return path, path[len(folder) + 1 :] if path.startswith(folder + os.sep) else path


def _short(key: str) -> str:
    line = " ".join(key.split())
    return line if len(line) <= _NAME_LENGTH else f"{line[:_NAME_LENGTH]}..."


def _shared(frame: Frame, folder: str, rows_of: dict[str, list[int]], labels: Sequence[str]) -> list[str]:
    """Return a sentence about files that several rows name with one label, and one about those with more."""
    shared = {path: rows for path, rows in rows_of.items() if len(rows) > 1}
    other = {path: rows for path, rows in shared.items() if len({labels[row] for row in rows}) > 1}
    same = {path: rows for path, rows in shared.items() if path not in other}
    notes = []
    for kind, told in ((other, " with different labels"), (same, "")):
        if kind:
            listed = [_rows_of_file(frame, rows, _relative(folder, path)) for path, rows in kind.items()]
            files = f"{counted(len(kind), 'image file')} {'is' if len(kind) == 1 else 'are'}"
            notes.append(f"{files} named by more than one {frame.place}{told}: {shown(listed, 5)}")
    return notes


def _rows_of_file(frame: Frame, rows: Sequence[int], name: str) -> str:
    return f"{frame.place}s {shown([str(frame.numbers[row]) for row in rows], 5)} ({_short(name)})"


def _outside(frame: Frame, folder: str, rows_of: dict[str, list[int]]) -> list[str]:
    count = sum(not path.startswith(folder + os.sep) for path in rows_of)
    verb = "lies" if count == 1 else "lie"
    return [f"{counted(count, 'image file')} {verb} outside the folder of {frame.path.name}"] if count else []


def _relative(folder: str, path: str) -> str:
    return path[len(folder) + 1 :] if path.startswith(folder + os.sep) else path


class _Beside:
    """What lies where a file was looked for."""

    def __init__(self, folder: str):
        self._folder = folder
        self._known: dict[str, dict[str, str]] = {}

    def hint(self, path: str) -> str:
        """Return what to add to `is not there`: the file that must be meant, or the reason."""
        if _ADDRESS.match(_relative(self._folder, path)):
            return "; it is a web address, so fetch the file and name the copy"
        if "\\" in path and os.path.exists(path.replace("\\", "/")):
            return f"; {_relative(self._folder, path.replace(chr(92), '/'))} is, so write slashes for backslashes"
        folder, name = os.path.split(path)
        if not os.path.isdir(folder):
            return f", nor is the folder {folder}"
        near = self._nearest(folder, name)
        if near is None:
            return f" (looked for in {folder})"
        same = unicodedata.normalize("NFC", near) == unicodedata.normalize("NFC", name)
        told = ", written with other Unicode letters that look the same" if same else ""
        return f"; {_relative(self._folder, os.path.join(folder, near))} is{told}"

    def _nearest(self, folder: str, name: str) -> str | None:
        known = self._names(folder)
        wanted = _folded(name)
        for word in (wanted, os.path.splitext(wanted)[0]):
            if word in known:
                return known[word]
        close = difflib.get_close_matches(name, list(known.values())[:_COMPARED], n=1, cutoff=0.8)
        return close[0] if close else None

    def _names(self, folder: str) -> dict[str, str]:
        """Return the names in a folder by how they read without case, and without their suffix."""
        if folder not in self._known:
            try:
                names = sorted(os.listdir(folder))
            except OSError:
                names = []
            by_stem = {os.path.splitext(_folded(name))[0]: name for name in reversed(names)}
            self._known[folder] = by_stem | {_folded(name): name for name in names}
        return self._known[folder]


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
