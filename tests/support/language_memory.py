"""Trains a language model of a large vocabulary for a few steps; prints the memory that it took at most.

In a process of its own, whose peak is that of the training alone:
`python -m tests.support.language_memory FOLDER JSON`. What it imports besides is imported before.
"""

from __future__ import annotations

import csv
import importlib
import json
import resource
import sys
from pathlib import Path
from typing import Any

import keras_hub  # noqa: F401

from kerastune_ft.api import training

VOCABULARY, WIDTH, LAYERS, LENGTH, BATCH = 50_257, 768, 4, 256, 8
_BYTES = 4


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _now() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def main(folder: Path, changes: dict[str, Any]) -> None:
    """Train on texts of the greatest length; print the bytes that it took, those of model and optimizer, the estimate.

    `changes` are values by key, as `runtime.recompute`, or `phase.unfreeze` for the only phase.
    """
    with (folder / "texts.csv").open("w", newline="") as file:
        rows = [["text", "answer"], *([f"{number} " + "x" * 160, "y" * 140] for number in range(24))]
        csv.writer(file).writerows(rows)
    document = {
        "name": "large",
        "task": {"kind": "causal_lm"},
        "data": {
            "kind": "table", "path": str(folder / "texts.csv"), "input": "text", "label": "answer",
            "sequence_length": LENGTH,
        },
        "backbone": {
            "kind": "keras_hub", "class": "GPT2Backbone",
            "options": {
                "vocabulary_size": VOCABULARY, "num_layers": LAYERS, "num_heads": 12, "hidden_dim": WIDTH,
                "intermediate_dim": 4 * WIDTH, "max_sequence_length": LENGTH,
            },
        },
        "phases": [
            {"name": "last", "unfreeze": {"last": 2}, "steps": 3, "learning_rate": 0.001, "batch_size": BATCH}
        ],
    }  # fmt: skip
    for key, value in changes.items():
        section, _, name = key.partition(".")
        target: Any = document["phases"][0] if section == "phase" else document.setdefault(section, {})
        target[name] = value
    # What metrics and report need, which a run imports while it trains.
    for library in ("sklearn.metrics", "matplotlib.figure", "matplotlib.backends.backend_agg", "h5py"):
        importlib.import_module(library)
    before = _now()
    run = training.run(document, run_dir=folder / "run")
    (phase,) = json.loads((run.path / "plan.json").read_text())["phases"]
    parameters = phase["trainable_parameters"] + phase["frozen_parameters"]
    needed = _BYTES * (parameters + 2 * phase["trainable_parameters"])
    print(json.dumps({"taken": _peak() - before, "needed": needed, "estimate": phase["estimate"]["memory_bytes"]}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
