"""What the tests of whole runs share: a tiny configuration, its data, and what two runs must have in common."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

EXAMPLES = 70


def document(data: Path) -> dict[str, Any]:
    """Two phases on the embedded weights, since random ones let no signal through.

    No size divides another: 49 examples to train on, updates of 10 and 20, a chunk of 8 that divides neither.
    """
    return {
        "name": "tiny",
        "seed": 3,
        "task": {"kind": "image_classification", "classes": ["0", "1"]},
        "data": {"kind": "arrays", "path": str(data)},
        "backbone": {
            "kind": "applications",
            "name": "MobileNetV2",
            "weights": "embedded",
            "image_size": 32,
        },
        "head": {"dropout": 0.2},
        "defaults": {"batch_size": 10, "optimizer": "adamw", "clip_norm": 0.5, "epochs": 2},
        "phases": [
            {"name": "head", "unfreeze": "none", "learning_rate": 0.01},
            {
                "name": "top",
                "unfreeze": {"last": 2},
                "learning_rate": {"peak": 0.003, "shape": "cosine", "warmup": 0.2, "unit_decay": 0.5},
                "accumulate": 2,
                "augment": "light",
            },
        ],
        "output": {"checkpoint": {"every": {"steps": 2}}, "gradient_norms": True},
    }


def write_data(path: Path) -> Path:
    """Write images of two classes: noise, and noise with a bright square."""
    random = np.random.default_rng(0)
    labels = np.arange(EXAMPLES) % 2
    images = random.integers(0, 120, (EXAMPLES, 32, 32, 3)).astype(np.uint8)
    images[labels == 1, 8:24, 8:24] += 100
    np.savez(path, x=images, y=labels)
    return path


def history(run: Path) -> list[dict[str, str]]:
    """The rows of history.csv as text, without the seconds."""
    with open(run / "history.csv", encoding="utf-8") as file:
        return [{key: cell for key, cell in row.items() if key != "seconds"} for row in csv.DictReader(file)]


def results(run: Path) -> dict[str, Any]:
    """What must be the same, to the last bit, in two runs that are the same."""
    weights = {str(path.relative_to(run)): path.read_bytes() for path in sorted(run.glob("[pr]*/*/best.safetensors"))}
    predictions = (run / "evaluation" / "predictions.csv").read_text()
    norms = {str(path.relative_to(run)): path.read_text() for path in sorted(run.glob("phases/*/gradient_norms.csv"))}
    return {
        "history": history(run),
        "norms": norms,
        "metrics": (run / "metrics.json").read_text(),
        "predictions": predictions,
        "weights": weights,
    }
