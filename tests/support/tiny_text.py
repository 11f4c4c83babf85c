"""What the tests of runs on texts share: a few texts of very unequal length, and a tiny configuration."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

TEXTS = 75
_WORDS = (("good", "fine", "warm"), ("bad", "dull", "cold"))
_FILLER = ("the", "film", "of", "a", "day", "and", "so", "on")


def write_texts(path: Path) -> Path:
    """Write texts of two classes, one in five of them long: the tokens of a model of random weights are bytes."""
    random = np.random.default_rng(1)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "second", "label", "score", "topics"])
        for row in range(TEXTS):
            kind = row % 2
            filler = random.choice(_FILLER, int(random.integers(0, 2) if row % 5 else random.integers(35, 40)))
            text = " ".join([str(random.choice(_WORDS[kind])), *map(str, filler)])
            topics = "|".join(name for name, is_in in (("a", kind), ("b", row % 3 == 0)) if is_in)
            writer.writerow([text, f"é {row}", ("no", "yes")[kind], kind + row / 100, topics])
    return path


def text_document(data: Path) -> dict[str, Any]:
    """Head, adapters, layer on a BERT of random weights; updates of 10 and 20 of 50 examples, of several lengths."""
    return {
        "name": "texts",
        "seed": 3,
        "task": {"kind": "text_classification", "classes": ["no", "yes"]},
        "data": {"kind": "table", "path": str(data), "input": "text", "label": "label"},
        "backbone": {"kind": "keras_hub", "class": "BertBackbone"},
        "head": {"dropout": 0.2},
        "defaults": {"batch_size": 10, "optimizer": "adamw", "clip_norm": 0.5, "epochs": 2},
        "phases": [
            {"name": "head", "unfreeze": "none", "learning_rate": 0.01},
            {"name": "adapt", "unfreeze": {"last": 1}, "learning_rate": 0.01, "epochs": 1, "lora": {"rank": 2}},
            {
                "name": "top",
                "unfreeze": {"last": 1},
                "learning_rate": {"peak": 0.003, "shape": "cosine", "warmup": 0.2},
                "accumulate": 2,
                "sampling": "balanced",
            },
        ],
        "output": {"checkpoint": {"every": {"steps": 2}}},
    }
