"""Examples of a run with several inputs as the rows of a CSV table, whose columns are named as in the configuration."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerastune_ft.config.options.inputs import InputColumns
from kerastune_ft.config.options.task_facts import TEXT
from kerastune_ft.data.several.source import SeveralSource
from kerastune_ft.exporting.samples import images, texts

_NUMBERS, _WORDS = "numbers", "words"
_TABLE = "examples.csv"


def give(source: SeveralSource, indices: Sequence[int], data: Any, folder: Path) -> list[dict[str, Any]]:
    """Return the inputs of each example by name, as predict.py reads them; the table of them is written into `folder`.

    Pictures are files, those that have none written beside it.
    """
    columns: InputColumns = data.inputs
    found: list[dict[str, Any]] = [{} for _ in indices]
    for name in columns.images:
        (folder / name).mkdir()
        for example, path in zip(found, images.give(source.parts[name], indices, data, folder / name), strict=True):
            example[name] = path
    cells = source.cells.select(indices)
    for row, example in enumerate(found):
        if columns.texts:
            part: Any = source.parts[TEXT]
            example[TEXT] = list(part.texts[indices[row]])
        example[_NUMBERS] = [_write_number(values[row]) for values in cells.numbers.values()]
        example[_WORDS] = [words[row] for words in cells.words.values()]
    _write_table(folder / _TABLE, found, columns)
    return found


def ask(inputs: Sequence[Any], folder: Path) -> list[str]:
    """Return the table of the examples."""
    return [str(folder / _TABLE)]


def pass_on(inputs: Sequence[Any], folder: Path) -> list[str]:
    """Return the table of the examples."""
    return ask(inputs, folder)


def measure_sizes(inputs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return by name the sizes of pictures and texts, and how many numbers and words there are."""
    found = []
    for example in inputs:
        own: dict[str, Any] = {key: len(example[key]) for key in (_NUMBERS, _WORDS)}
        own |= {TEXT: [len(text) for text in example[TEXT]]} if TEXT in example else {}
        pictures = {name: path for name, path in example.items() if name not in (TEXT, *own)}
        found.append(own | {name: images.measure_sizes([path])[0] for name, path in pictures.items()})
    return found


def imitate(sizes: Sequence[Mapping[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """Return examples of these sizes: pictures of noise, texts of one word, numbers and words that are missing."""
    found = []
    for number, example in enumerate(sizes):
        own: dict[str, Any] = {key: [""] * example[key] for key in (_NUMBERS, _WORDS)}
        own |= {TEXT: texts.imitate([example[TEXT]], folder)[0].split("\t")} if TEXT in example else {}
        for name, size in example.items():
            if name not in own:
                place = folder / f"{name}_{number}"
                place.mkdir()
                own[name] = images.imitate([size], place)[0]
        found.append(own)
    return found


def _write_number(value: float) -> str:
    return "" if math.isnan(value) else repr(float(value))


def _write_table(path: Path, examples: Sequence[Mapping[str, Any]], columns: InputColumns) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns.every)
        for each in examples:
            pictures = [each[name] for name in columns.images]
            writer.writerow([*pictures, *each.get(TEXT, ()), *each[_NUMBERS], *each[_WORDS]])
