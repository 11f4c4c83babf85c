"""Reads paths line by line, as from standard input: plain, or in JSON objects."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from kerastune_ft import storage
from kerastune_ft.data.tables.templates import input_texts
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.inference.items import Item, make_file_item

_PLACE = Path("standard input")


def read_path_lines(lines: Iterable[Any], wanted: str | None) -> Iterator[Item]:
    """Yield an item for each line that is not blank, as soon as it is read.

    A line that begins with a brace is a JSON object, and `wanted` is the key of its path or a template of keys; any
    other line is a path.
    """
    for number, line in enumerate(lines, start=1):
        text = os.fsdecode(line).strip("\r\n")
        if number == 1:
            text = text.removeprefix("\ufeff")
        if not text.strip():
            continue
        if not text.lstrip().startswith("{"):
            yield make_file_item(text, storage.expand_home(text))
            continue
        try:
            path = _parse_path(text, number, wanted)
            yield make_file_item(path, path)
        except (ConfigError, DataError) as problem:
            yield Item(f"line {number}", problem=" ".join(str(problem).split()))


def _parse_path(text: str, number: int, wanted: str | None) -> str:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise DataError(f"is not a JSON object: {problem}") from problem
    if wanted is None:
        raise ConfigError(f"is a JSON object; name its key with --input, one of {', '.join(found) or 'none'}")
    frame = TextTable(_PLACE, "line", [number], {key: [value] for key, value in found.items()})
    try:
        path = input_texts(frame, wanted)[0]
    except ConfigError as problem:
        has = ", ".join(found) or "none"
        raise DataError(f'has no key for --input "{wanted}"; its keys are {has}') from problem
    if not path:
        raise DataError(f"names no file: its {wanted} is empty")
    return path
