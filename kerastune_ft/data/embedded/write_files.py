"""Writes embedded data sets of several inputs as files: a table that names pictures and holds everything else."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from PIL import Image

from kerastune_ft.data.embedded import SEVERAL, EmbeddedSeveral, embedded_several
from kerastune_ft.errors import ConfigError


def write_files(name: str, folder: Path) -> Path:
    """Write the embedded set `name` into a folder, its pictures into `images`; return the table, `folder/name.csv`.

    The table has the columns split, image, the numbers and words of the set, text where it has one, and its label.
    Raise ConfigError for a set that is read without files, and where the folder cannot be written.
    """
    if name not in SEVERAL:
        raise ConfigError(
            f'{name}: only {" and ".join(SEVERAL)} are written as files; others are read as  "data": '
            f'{{"kind": "tfds", "name": "{name}"}}'
        )
    source, table = embedded_several(name), folder / f"{name}.csv"
    try:
        (folder / "images").mkdir(parents=True, exist_ok=True)
        with table.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            text, labels = (["text"] if source.HAS_TEXT else []), _name_labels(source)
            writer.writerow(["split", "image", *source.NUMBERS, *source.WORDS, *text, *labels])
            for split, indices in source.SPLITS.items():
                for index in indices:
                    place = f"images/{index:03d}.png"
                    Image.fromarray(source.image(index)).save(folder / place)
                    writer.writerow([split, place, *_cells(source, index)])
    except OSError as problem:
        raise ConfigError(f"{folder}: {problem.strerror or problem}; name a folder that can be written") from problem
    return table


def _name_labels(source: EmbeddedSeveral) -> list[str]:
    """Return the columns of the label: one with the name of a class, or one for each number."""
    return ["label"] if isinstance(source.label(0), int) else list(source.CLASSES)


def _cells(source: EmbeddedSeveral, index: int) -> list[Any]:
    label = source.label(index)
    text = [source.text(index)] if source.HAS_TEXT else []
    numbers = ["" if number is None else number for number in source.numbers(index)]
    return [*numbers, *source.words(index), *text, *([source.CLASSES[label]] if isinstance(label, int) else label)]
