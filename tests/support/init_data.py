"""Small data on disk for the tests of `init`."""

from __future__ import annotations

import csv
import json
import random
import wave
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from kerastune_ft.config.read import read

_WORDS = ("the", "film", "was", "long", "and", "good", "but", "nobody", "liked", "its", "slow", "story")


def write_image(path: Path, size: tuple[int, int] = (12, 10), high: int = 0, value: int = 100) -> None:
    """Write a grey image of one value; with `high` one of 16 bits with values from 10 to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full(size[::-1], 10 if high else value, np.uint16 if high else np.uint8)
    if high:
        pixels[0, 0] = high
    Image.fromarray(pixels).save(path)


def write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a CSV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def write_sound(path: Path, frames: int = 400, rate: int = 8000) -> None:
    """Write a WAV file of silence, 16 bits and one channel."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(bytes(2 * frames))


def prose(number: int, words: int = 9) -> str:
    """Return a text of some words, another one for every number."""
    chosen = random.Random(number)
    return " ".join(chosen.choice(_WORDS) for _ in range(words))


def read_written(name: str) -> Any:
    """Return the configuration that was written, known to be valid."""
    read(name)
    return json.loads(Path(name).read_text())
