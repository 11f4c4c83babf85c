"""A run of a language model of random weights on a few questions, for tests of what answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

QUESTIONS = ("what is it?", "who are you?", "how much?", "when?")


def write_questions(path: Path, rows: int = 24) -> Path:
    """Write questions and their answers, `rows` of them, as JSON lines."""
    lines = [
        json.dumps({"id": row, "prompt": f"{QUESTIONS[row % 4]} {row}", "response": f"it is {row}"})
        for row in range(rows)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def answering_document(data: Path, **task: Any) -> dict[str, Any]:
    """Return the configuration of one epoch on a table of questions."""
    return {
        "name": "answers",
        "seed": 3,
        "task": {"kind": "causal_lm", "generate": {"max_new_tokens": 6}, **task},
        "data": {"kind": "table", "path": str(data), "input": "prompt", "label": "response"},
        "backbone": {"kind": "keras_hub", "class": "GPT2Backbone", "options": {"num_layers": 1}},
        "phases": [
            {"name": "all", "unfreeze": "all", "epochs": 1, "learning_rate": 0.01, "batch_size": 8, "cache": "off"}
        ],
    }
