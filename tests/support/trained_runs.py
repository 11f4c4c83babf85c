"""Tiny trained runs on image files, for the tests of what is done with a model."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
from PIL import Image

from kerastune_ft.api import training

SIZE = 32
COUNT = 24


def pixels(seed: int, height: int = 40, width: int = 36) -> np.ndarray:
    """Noise; with an odd seed a bright square in it."""
    image = np.random.default_rng(seed).integers(0, 120, (height, width, 3)).astype(np.uint8)
    if seed % 2:
        image[height // 4 : -height // 4, width // 4 : -width // 4] += 100
    return image


def encode_image(image: np.ndarray | Image.Image, form: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(buffer, form, **options)
    return buffer.getvalue()


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def write_data(folder: Path) -> None:
    """Write images/ in class folders, and two tables that name the same files."""
    rows = []
    for number in range(COUNT):
        name = f"{('noise', 'square')[number % 2]}/{number:02d}.png"
        write(folder / "images" / name, encode_image(pixels(number)))
        findings = "|".join(["square"] * (number % 2) + ["late"] * (number >= COUNT // 2))
        rows.append({"image": name.removesuffix(".png"), "findings": findings, "brightness": 10 * (number % 2) + 5})
    with (folder / "cases.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


APPLICATION = {"kind": "applications", "name": "MobileNetV2", "weights": "embedded", "image_size": SIZE}


def small_backbone(folder: Path) -> dict[str, Any]:
    """Save a model of few layers, which trains and predicts in a fraction of an architecture's time."""
    keras.utils.set_random_seed(0)
    x = images = keras.Input((SIZE, SIZE, 3))
    for width in (8, 16):
        x = keras.layers.Conv2D(width, 3, strides=2, activation="relu")(x)
    keras.Model(images, x).save(folder / "small.keras")
    return {"kind": "saved", "path": str(folder / "small.keras"), "input": "-1-1"}


def train(
    folder: Path, name: str, task: dict[str, Any], data: dict[str, Any], backbone: dict[str, Any] = APPLICATION
) -> Path:
    """Train a head for one epoch and return the run directory."""
    run = training.run(
        {
            "name": name,
            "task": task,
            "data": data,
            "backbone": backbone,
            "phases": [{"name": "head", "unfreeze": "none", "epochs": 1, "learning_rate": 0.01, "batch_size": 8}],
        },
        run_dir=folder / name,
    )
    return run.path


def read_evaluation(run: Path) -> dict[str, dict[str, str]]:
    """The rows of evaluation/predictions.csv by input."""
    with (run / "evaluation" / "predictions.csv").open(newline="") as file:
        return {row["input"]: row for row in csv.DictReader(file)}


def csv_rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def json_lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]
