"""Texts for texts, as a user trains and uses them: an encoder-decoder of random weights that learns to copy."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import run_program

PHASES = [
    {"name": "all", "unfreeze": "all", "epochs": 7, "learning_rate": {"peak": 0.001, "shape": "cosine"}},
    {"name": "decoder", "unfreeze": {"from": "decoder_layer0"}, "epochs": 1, "learning_rate": 0.0001},
]


def write_texts(path: Path, examples: int, seed: int = 5) -> list[dict[str, str]]:
    """Write texts of three words, and for each its first two."""
    draw = random.Random(seed)
    texts = [["".join(draw.choices("abcdefgh", k=draw.randint(2, 3))) for _ in range(3)] for _ in range(examples)]
    rows = [{"text": " ".join(words), "summary": " ".join(words[:2])} for words in texts]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return rows


def describe(path: Path, phases: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
    return {
        "name": "copy",
        "seed": 1,
        "task": {"kind": "summarization", "generate": {"max_new_tokens": 16}},
        "data": {"kind": "table", "path": str(path), "input": "text", "label": "summary"},
        "backbone": {"kind": "keras_hub", "class": "BartBackbone", "options": options},
        "defaults": {"batch_size": 16, "weight_decay": 0.0},
        "phases": phases,
    }


@pytest.mark.slow
def test_a_bart_of_random_weights_learns_to_copy_and_shorten(tmp_path: Path) -> None:
    write_texts(tmp_path / "texts.jsonl", 4000)
    asked = write_texts(tmp_path / "asked.jsonl", 100, seed=6)
    sizes = {"num_layers": 1, "hidden_dim": 128, "num_heads": 4, "intermediate_dim": 256, "dropout": 0.0}
    config = tmp_path / "copy.json"
    config.write_text(json.dumps(describe(tmp_path / "texts.jsonl", PHASES, **sizes, max_sequence_length=24)))
    done = run_program(tmp_path, "run", str(config), "--json")
    assert done.code == 0, done.err
    assert run_program(tmp_path, "verify", "runs/copy-1").code == 0
    done = run_program(tmp_path, "predict", "runs/copy-1", "asked.jsonl", "--output", "answers.csv")
    assert done.code == 0, done.err
    with open(tmp_path / "answers.csv", encoding="utf-8") as file:
        answers = [row["answer"] for row in csv.DictReader(file)]
    exact = [answer == row["summary"] for answer, row in zip(answers, asked, strict=True)]
    assert sum(exact) / len(exact) > 0.9


@pytest.mark.slow
@pytest.mark.parametrize("name", ["BartBackbone", "T5Backbone", "T5GemmaBackbone"])
def test_stored_replicated_and_interrupted_runs_are_one(tmp_path: Path, name: str) -> None:
    write_texts(tmp_path / "texts.jsonl", 70)
    document = describe(
        tmp_path / "texts.jsonl",
        [
            {"name": "last", "unfreeze": {"last": 1}, "epochs": 2, "learning_rate": 0.01},
            {"name": "decoder", "unfreeze": {"from": "decoder_layer0"}, "epochs": 1, "learning_rate": 0.005},
            {"name": "adapters", "unfreeze": {"last": 3}, "lora": {"rank": 2}, "epochs": 1, "learning_rate": 0.01},
        ],
    )
    document["backbone"]["class"] = name
    (tmp_path / "copy.json").write_text(json.dumps(document))
    found = {}
    for kind, words in {
        "stored": [],
        "recomputed": ["--set", "runtime.cache=off"],
        "replicas": ["--set", "runtime.strategy=mirrored", "--set", "runtime.replicas=2"],
    }.items():
        done = run_program(tmp_path, "run", "copy.json", "--run-dir", kind, *words, "--json")
        assert done.code == 0, done.err
        found[kind] = json.loads(done.out)["metrics"]["test"]["loss"]
    assert found["stored"] == found["recomputed"]
    assert found["replicas"] == pytest.approx(found["stored"], rel=1e-4)
    done = run_program(tmp_path, "run", "copy.json", "--run-dir", "stopped", "--until-phase", "last", "--json")
    assert done.code in (0, 75), done.err
    done = run_program(tmp_path, "run", "copy.json", "--run-dir", "stopped", "--json")
    assert json.loads(done.out)["metrics"]["test"]["loss"] == found["stored"]
    model = (tmp_path / "stored" / "phases" / "02-adapters" / "best.safetensors").read_bytes()
    assert (tmp_path / "stopped" / "phases" / "02-adapters" / "best.safetensors").read_bytes() == model
