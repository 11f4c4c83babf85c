"""Tables of small images for the tests, written as a person's spreadsheet would."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerastune_ft.config.options.data import TableData
from kerastune_ft.config.options.tasks import ImageClassification, ImageRegression
from kerastune_ft.data.open import open_source
from kerastune_ft.data.source import DataSource
from tests.support.image_files import encode_image, pixels, write

Row = Sequence[str]


def format_delimited(header: Row, rows: Sequence[Row], separator: str = ",") -> bytes:
    """Return a table as UTF-8, quoted where it must be."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, lineterminator="\n").writerows([header, *rows])
    return text.getvalue().encode()


def images(root: Path, names: Sequence[str]) -> None:
    """Write a different image under every name."""
    for number, name in enumerate(names):
        write(root / name, encode_image(pixels(number)))


def open_table(path: Path | Sequence[Path], task: Any = None, *, unsplit: bool = False, **options: Any) -> DataSource:
    """Open a table or several, the cache beside them; `multi_label=True` or `values=True` in place of the task."""
    if options.pop("multi_label", False):
        task = ImageClassification(multi_label=True)
    elif options.pop("values", False):
        task = ImageRegression(kind="image_regression")
    options = {"input": "image", "label": "label", **options}
    first = path if isinstance(path, Path) else path[0]
    written = str(path) if isinstance(path, Path) else [str(each) for each in path]
    data = TableData(path=written, **options)
    cache = first.parent.parent / "cache"
    return open_source(data, task or ImageClassification(), cache, lambda _: None, unsplit=unsplit)


def pets(root: Path, count: int = 20) -> list[list[str]]:
    """Write `count` images into root/images and return a row (image, label) for each, labels in turn."""
    rows = [[f"images/{number:03d}.png", ("cat", "dog")[number % 2]] for number in range(count)]
    images(root, [name for name, _ in rows])
    return rows


def pet_table(root: Path, rows: Sequence[Row] | None = None, header: Row = ("image", "label")) -> Path:
    """Write a table of cats and dogs, or of the given rows."""
    return write(root / "pets.csv", format_delimited(header, pets(root) if rows is None else rows))
