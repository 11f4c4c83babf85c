"""Small data on disk for the tests of `init`."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def image(path: Path, size: tuple[int, int] = (12, 10), high: int = 0) -> None:
    """Write a grey image; with `high` one of 16 bits with values from 10 to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full(size[::-1], 10, np.uint16 if high else np.uint8)
    if high:
        pixels[0, 0] = high
    Image.fromarray(pixels).save(path)


def table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a CSV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
