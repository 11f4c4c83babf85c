"""Writes embedded data sets as files: several inputs as a table that names pictures, dialogues as lines of JSON."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from kerastune_ft.data.embedded import (
    DIALOGUES,
    SEVERAL,
    EmbeddedDialogues,
    EmbeddedSeveral,
    embedded_dialogues,
    embedded_several,
)
from kerastune_ft.errors import ConfigError


def write_files(name: str, folder: Path) -> Path:
    """Write the embedded set `name` into a folder, and return the table in it.

    Of several inputs it is `name.csv` with the columns split, image, the numbers and words of the set, text where it
    has one, and its label; pictures are in `images`. Of dialogues it is `name.jsonl` with split and messages, or, where
    each is one question and its answer, text and summary.
    Raise ConfigError for a set that is read without files, and where the folder cannot be written.
    """
    if name not in _WRITERS:
        raise ConfigError(
            f'{name}: only {", ".join(sorted(_WRITERS))} are written as files; others are read as  "data": '
            f'{{"kind": "tfds", "name": "{name}"}}'
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _WRITERS[name](name, folder)
    except OSError as problem:
        raise ConfigError(f"{folder}: {problem.strerror or problem}; name a folder that can be written") from problem


def _write_several(name: str, folder: Path) -> Path:
    source, table = embedded_several(name), folder / f"{name}.csv"
    (folder / "images").mkdir(exist_ok=True)
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        text, labels = (["text"] if source.HAS_TEXT else []), _name_labels(source)
        writer.writerow(["split", "image", *source.NUMBERS, *source.WORDS, *text, *labels])
        for split, indices in source.SPLITS.items():
            for index in indices:
                place = f"images/{index:03d}.png"
                Image.fromarray(source.image(index)).save(folder / place)
                writer.writerow([split, place, *_cells(source, index)])
    return table


def _write_dialogues(name: str, folder: Path) -> Path:
    source, table = embedded_dialogues(name), folder / f"{name}.jsonl"
    with table.open("w", encoding="utf-8") as file:
        for split, indices in source.SPLITS.items():
            for index in indices:
                file.write(json.dumps({"split": split, **_describe(source, index)}) + "\n")
    return table


def _describe(source: EmbeddedDialogues, index: int) -> dict[str, Any]:
    """Return an example as a chat, or as a text and its summary where all examples are one question and its answer."""
    answer = source.answer(index)
    if hasattr(source, "text"):
        return {"text": source.text(index)[0], "summary": answer}
    turns = (*source.context(index), ("assistant", answer))
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


def _name_labels(source: EmbeddedSeveral) -> list[str]:
    """Return the columns of the label: one with the name of a class, or one for each number."""
    return ["label"] if isinstance(source.label(0), int) else list(source.CLASSES)


def _cells(source: EmbeddedSeveral, index: int) -> list[Any]:
    label = source.label(index)
    text = [source.text(index)] if source.HAS_TEXT else []
    numbers = ["" if number is None else number for number in source.numbers(index)]
    return [*numbers, *source.words(index), *text, *([source.CLASSES[label]] if isinstance(label, int) else label)]


_WRITERS: Mapping[str, Callable[[str, Path], Path]] = {
    **dict.fromkeys(SEVERAL, _write_several),
    **dict.fromkeys(DIALOGUES, _write_dialogues),
}
"""By the name of a set, what writes it."""
