"""What the tests of language models share: a few questions and answers of unequal length, and a tiny configuration."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

_THINGS = ("tea", "a boat", "the long way home", "rain")
_WORDS = ("so", "it is", "good", "and", "we go on", "again")


def write_dialogues(path: Path, rows: int = 40) -> Path:
    """Write questions with answers: the tokens of a model of random weights are bytes."""
    random = np.random.default_rng(4)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["question", "answer"])
        for row in range(rows):
            asked = f"{row} {random.choice(_THINGS)}?"
            writer.writerow([asked, " ".join(map(str, random.choice(_WORDS, int(random.integers(1, 9)))))])
    return path


GPT2 = {
    "num_layers": 3, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 12, "vocabulary_size": 256,
    "max_sequence_length": 64, "dropout": 0.2,
}  # fmt: skip
LLAMA = {
    "num_layers": 3, "num_query_heads": 2, "num_key_value_heads": 1, "hidden_dim": 8, "intermediate_dim": 12,
    "vocabulary_size": 256,
}  # fmt: skip


def dialogue_document(data: Path, name: str, options: dict[str, Any], phases: list[dict[str, Any]]) -> dict[str, Any]:
    """Phases on a language model of random weights; updates of 6 of 28 examples, of several lengths."""
    return {
        "name": "dialogues",
        "seed": 3,
        "task": {"kind": "causal_lm"},
        "data": {"kind": "table", "path": str(data), "input": "question", "label": "answer", "sequence_length": 64},
        "backbone": {"kind": "keras_hub", "class": name, "options": options},
        "defaults": {"batch_size": 6, "optimizer": "adamw", "clip_norm": 0.5, "epochs": 1},
        "phases": phases,
        "output": {"checkpoint": {"every": {"steps": 2}}},
    }


LAST = {"name": "last", "unfreeze": {"last": 1}, "learning_rate": {"peak": 0.01, "shape": "cosine", "warmup": 0.2}}
LAST_TWO = {"name": "two", "unfreeze": {"last": 2}, "learning_rate": 0.003, "accumulate": 2}
ADAPTERS = {"name": "adapt", "unfreeze": {"last": 2}, "lora": {"rank": 2}, "learning_rate": 0.01}
ALL = {"name": "all", "unfreeze": "all", "learning_rate": 0.003}
HEAD = {"name": "head", "unfreeze": "none", "learning_rate": 0.01}
