"""JSONL files: one object per line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import DataError
from kerastune_ft.wording import first_names


def read_lines(path: Path, content: bytes) -> TextTable:
    """Read a JSONL file; the columns are the keys of all objects, and a key that an object lacks is missing there."""
    numbers: list[int] = []
    objects: list[dict[str, Any]] = []
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if line.strip():
            numbers.append(number)
            objects.append(_object(path, number, line, objects[0] if objects else {}))
    columns = dict.fromkeys(key for one in objects for key in one)
    return TextTable(path, "line", numbers, {name: [one.get(name) for one in objects] for name in columns})


def _object(path: Path, number: int, line: bytes, first: Mapping[str, Any]) -> dict[str, Any]:
    """Return the object of a line; `first` is that of the first line, whose keys a remedy names."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as problem:
        what = "is not UTF-8" if isinstance(problem, UnicodeDecodeError) else f"is no JSON: {problem}"
        raise DataError(f"data.path: line {number} of {path} {what}.{_remedy(number, line, first)}") from problem
    if not isinstance(value, dict):
        raise DataError(f"data.path: line {number} of {path} is no JSON object.{_remedy(number, line, first)}")
    return value


def _remedy(number: int, line: bytes, first: Mapping[str, Any]) -> str:
    if first:
        keys = first_names([f'"{key}"' for key in first], 5)
        return (
            f"\nWrite one whole object per line, with the keys of those before it ({keys}): it may be cut, or be "
            "divided among several lines; or take the line out."
        )
    whole = "The file seems to be one JSON array. " if number == 1 and line.lstrip().startswith(b"[") else ""
    return (
        f'\n{whole}Write one object per line, as {{"image": "1.png", "label": "cat"}} or '
        '{"prompt": "a question", "response": "its answer"}.'
    )
