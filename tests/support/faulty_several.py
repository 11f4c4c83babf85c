"""Examples of a picture, a note, numbers and a word with planted faults, and a configuration on them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.support.drawn_pictures import draw
from tests.support.small_nets import save_net

COUNT = 90
TITLES = ["id", "photo", "note", "age", "dose", "unit", "ward", "split", "finding"]
COPY, CROPPED, SHARED, CONFLICT, WHITE = (f"{COUNT + each}" for each in range(5))
"""Ids of planted examples: a copy of 10, one of 11 with a lighter picture, the picture of 12 with other columns in
another split, a copy of 13 with the other label, and a white picture."""
WRONG = (4, 17, 31, 46)
"""Examples that have the label of the other class."""
MISSING, FAR = (5, 25), 40
"""Examples without a dose, and one whose age is absurd."""
_LINE = "calm loud early late north south river stone paper glass wool iron salt milk bread cloud field tower"
_WORDS = _LINE.split()


def write_faulty(folder: Path) -> Path:
    """Bright and dark pictures; the label is high where the picture is bright and the age is high."""
    random = np.random.default_rng(3)
    (folder / "photos").mkdir(parents=True, exist_ok=True)
    rows = [_make_row(folder, random, number) for number in range(COUNT)]
    for number in WRONG:
        rows[number]["finding"] = _other(rows[number]["finding"])
    for number in MISSING:
        rows[number]["dose"] = ""
    rows[FAR]["age"] = "4000"
    rows += [
        _copy(rows[10], COPY, split="test"),
        _copy(rows[11], CROPPED, split="test", photo=_save(folder, CROPPED, _load(folder, "11") * 0.9)),
        _copy(rows[12], SHARED, split="test", age="33.3", note=" ".join(_WORDS[:6])),
        _copy(rows[13], CONFLICT, finding=_other(rows[13]["finding"])),
        _copy(
            rows[14], WHITE, photo=_save(folder, WHITE, np.full((32, 32), 255.0)), age="44.4", note="of its own kind"
        ),
    ]
    table = folder / "cases.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, TITLES)
        writer.writeheader()
        writer.writerows(rows)
    return table


def document(folder: Path) -> dict[str, Any]:
    """The configuration, with small nets."""
    inputs = {"image": "photo", "text": "note", "numbers": ["age", "dose", "unit"], "words": ["ward"]}
    return {
        "name": "faulty",
        "task": {"kind": "image_classification"},
        "data": {
            "kind": "table",
            "path": str(write_faulty(folder)),
            "input": inputs,
            "label": "finding",
            "splits": {"column": "split"},
        },
        "backbone": {
            "image": save_net(folder / "plain.keras", "plain"),
            "text": {"kind": "keras_hub", "class": "BertBackbone"},
        },
        "phases": [{"name": "head", "unfreeze": "none", "epochs": 1, "learning_rate": 0.01, "batch_size": 16}],
        "runtime": {"strategy": "none", "cache_directory": str(folder / "cache")},
        "output": {"directory": str(folder / "runs")},
    }


def _make_row(folder: Path, random: np.random.Generator, number: int) -> dict[str, Any]:
    is_high = number % 2
    return {
        "id": f"{number}",
        "photo": _save(folder, f"{number}", _shrink(draw(number)) * (0.35 + 0.6 * is_high)),
        "note": " ".join(random.permutation(_WORDS)[:8]),
        "age": f"{random.normal(40 + 20 * is_high, 5):.1f}",
        "dose": f"{random.normal(3, 1):.2f}",
        "unit": "7",
        "ward": ["A", "B", ""][number % 3] or "C",
        "split": ["train", "train", "train", "validation", "test"][number % 5],
        "finding": ["low", "high"][is_high],
    }


def _copy(row: dict[str, Any], name: str, **changes: Any) -> dict[str, Any]:
    return {**row, "id": name, **changes}


def _other(finding: str) -> str:
    return {"low": "high", "high": "low"}[finding]


def _save(folder: Path, name: str, grey: np.ndarray) -> str:
    path = folder / "photos" / f"{name}.png"
    Image.fromarray(np.stack([grey.clip(0, 255).astype(np.uint8)] * 3, axis=-1)).save(path)
    return f"photos/{name}.png"


def _load(folder: Path, name: str) -> np.ndarray:
    return np.asarray(Image.open(folder / "photos" / f"{name}.png").convert("L"), np.float64)


def _shrink(picture: np.ndarray) -> np.ndarray:
    image = Image.fromarray(picture.astype(np.uint8))
    return np.asarray(image.resize((32, 32), Image.Resampling.BOX), np.float64)
