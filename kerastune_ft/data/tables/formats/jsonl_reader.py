"""JSONL files: one object per line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import DataError


def read_lines(path: Path, content: bytes) -> TextTable:
    """Read a JSONL file; the columns are the keys of all objects, and a key that an object lacks is missing there."""
    numbers: list[int] = []
    objects: list[dict[str, Any]] = []
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if line.strip():
            numbers.append(number)
            objects.append(_object(path, number, line))
    columns = dict.fromkeys(key for one in objects for key in one)
    return TextTable(path, "line", numbers, {name: [one.get(name) for one in objects] for name in columns})


def _object(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as problem:
        what = "is not UTF-8" if isinstance(problem, UnicodeDecodeError) else f"is no JSON: {problem}"
        raise DataError(f"data.path: line {number} of {path} {what}.{_remedy(number, line)}") from problem
    if not isinstance(value, dict):
        raise DataError(f"data.path: line {number} of {path} is no JSON object.{_remedy(number, line)}")
    return value


def _remedy(number: int, line: bytes) -> str:
    is_array = number == 1 and line.lstrip().startswith(b"[")
    whole = "The file seems to be one JSON array. " if is_array else ""
    return f'\n{whole}Write one object per line, as {{"image": "1.png", "label": "cat"}}.'
