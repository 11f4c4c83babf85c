"""Examples with several inputs: a table of pictures, notes, numbers and words, and small backbones that read them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from PIL import Image

from kerastune_ft.backbones.base import Backbone, Transfer
from kerastune_ft.backbones.inputs import ImageInput
from kerastune_ft.backbones.text_input import TextInput
from kerastune_ft.config.read import read
from kerastune_ft.config.run import RunConfig
from kerastune_ft.data.open import open_source
from kerastune_ft.graph.units import Unit

ROWS = 40
SIDE = 32
COLUMNS = ["id", "note", "x", "y", "state", "dx", "kind"]


def write_table(folder: Path, rows: int = ROWS, *, has_long_notes: bool = False) -> Path:
    """Write a table of rows with two pictures each; the label needs the brightness of a picture and a number.

    Notes have few words, with `has_long_notes` one in five has many.
    """
    random = np.random.default_rng(0)
    (folder / "left").mkdir(parents=True, exist_ok=True)
    (folder / "right").mkdir(exist_ok=True)
    table = folder / "steps.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in range(rows):
            light, x, y = random.uniform(0.2, 0.8), random.normal(), random.normal(5, 2)
            for side in ("left", "right"):
                pixels = random.normal(255 * light, 20, (SIDE, SIDE, 3)).clip(0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / side / f"{row}.png")
            note = ["slow down", "go on"][row % 2] + " and on" * (30 if has_long_notes and row % 5 == 4 else 0)
            cells = [row, note, f"{x:.3f}", "" if row % 7 == 3 else f"{y:.3f}"]
            kind = "high" if light + x > 0.5 else "low"
            writer.writerow([*cells, ["open", "shut", ""][row % 3], f"{light + x:.3f}", kind])
    return table


def document(folder: Path, inputs: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a configuration of two phases for the table of `write_table`."""
    backbone = {"kind": "applications", "name": "MobileNetV2", "weights": "embedded", "image_size": SIDE}
    return {
        "name": "several",
        "seed": 3,
        "task": {"kind": "image_regression"},
        "data": {"kind": "table", "path": str(folder / "steps.csv"), "input": dict(inputs), "label": "dx"},
        "backbone": backbone,
        "head": {"hidden": [8]},
        "defaults": {"batch_size": 8, "epochs": 1},
        "phases": [
            {"name": "head", "unfreeze": "none", "learning_rate": 0.01},
            {"name": "top", "unfreeze": {"last": 1}, "learning_rate": 0.001},
        ],
        **changes,
    }


def open_examples(config: RunConfig, cache: Path) -> Any:
    """Return the source of a configuration's examples."""
    return open_source(config.data, config.task, cache, lambda line: None)


def read_document(folder: Path, inputs: Mapping[str, Any], **changes: Any) -> RunConfig:
    """Return the configuration of `document`."""
    return read(document(folder, inputs, **changes))


def image_backbone(name: str = "seer") -> Backbone:
    """Return a backbone of two convolutions on images of 8 x 8 pixels."""
    images = keras.Input((8, 8, 3), name="image")
    first = keras.layers.Conv2D(4, 3, 2, "same", name="first", activation="relu")
    second = keras.layers.Conv2D(6, 3, 2, "same", name="second", activation="relu")
    model = keras.Model(images, second(first(images)), name=name)
    units = (Unit("first", (first,), (None, 4, 4, 4)), Unit("second", (second,), (None, 2, 2, 6)))
    return Backbone(name, model, units, ImageInput((8, 8)), "0-255", Transfer("random", None, 0))


class Words:
    """A tokenizer of one token for each word: its length."""

    def __call__(self, texts: list[str]) -> list[list[int]]:
        return [[len(word) + 2 for word in text.split()] for text in texts]


def text_backbone(name: str = "reader") -> Backbone:
    """Return a backbone of an embedding and a dense layer, which share the names of the image backbone's layers."""
    inputs = {each: keras.Input((None,), dtype="int32", name=each) for each in ("token_ids", "padding_mask")}
    passed = {each: keras.layers.Identity(dtype="int32", name=f"{each}_passed")(inputs[each]) for each in inputs}
    first = keras.layers.Embedding(32, 5, name="first")
    second = keras.layers.Dense(7, name="second")
    model = keras.Model(inputs, second(first(passed["token_ids"])), name=name)
    units = (Unit("first", (first,), (None, None, 5)), Unit("second", (second,), (None, None, 7)))
    given = TextInput(Words(), tuple(inputs), (1,), (2,), (2,), 0, None, 16)
    return Backbone(name, model, units, given, "tokens", Transfer("random", None, 0))
