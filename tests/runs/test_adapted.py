"""Two runs: one finds hidden words of texts, and the other begins with its model to learn their classes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import run_program
from tests.support.tiny_run import results

_ROBERTA = {"num_layers": 2, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 12, "vocabulary_size": 256}


def _write(folder: Path) -> None:
    rows = [f"{'warm superb' if row % 2 else 'cold dreary'} soup {row},{row % 2}" for row in range(60)]
    (folder / "notes.csv").write_text("\n".join(["text,class", *rows]))
    data: dict[str, Any] = {"kind": "table", "path": "notes.csv", "input": "text", "sequence_length": 48}
    shared: dict[str, Any] = {"seed": 3, "defaults": {"batch_size": 8, "epochs": 1, "learning_rate": 0.003}}
    first = {
        **shared,
        "name": "adapt",
        "task": {"kind": "masked_lm"},
        "data": data | {"splits": {"train": 0.6, "validation": 0.2, "test": 0.2}},
        "backbone": {"kind": "keras_hub", "class": "RobertaBackbone", "options": _ROBERTA},
        "phases": [
            {"name": "last", "unfreeze": {"last": 1}, "augment": {"views": 1}, "epochs": 2},
            {"name": "all", "unfreeze": "all"},
        ],
        "output": {"checkpoint": {"every": {"steps": 2}}},
    }
    second = {
        **shared,
        "name": "classes",
        "task": {"kind": "text_classification"},
        "data": data | {"label": "class", "splits": {"file": "runs/adapt"}},
        "backbone": {"kind": "run", "path": "runs/adapt"},
        "phases": [{"name": "head", "unfreeze": "none"}],
    }
    for document in (first, second):
        (folder / f"{document['name']}.json").write_text(json.dumps(document))


@pytest.mark.slow
def test_a_run_on_labels_begins_with_one_that_found_hidden_words(tmp_path: Path) -> None:
    _write(tmp_path)
    early = run_program(tmp_path, "run", "classes.json")
    assert early.code == 2
    assert "ake the run first: python -m kerastune_ft run adapt.json --run-dir runs/adapt" in early.err

    done = run_program(tmp_path, "run", "adapt.json", "--run-dir", "runs/adapt")
    assert done.code == 0, done.err
    plan = json.loads((tmp_path / "runs/adapt/plan.json").read_text())
    assert [phase["store"]["decision"] for phase in plan["phases"]] == ["store", "recompute"]
    for command in (("verify", "runs/adapt"), ("evaluate", "runs/adapt")):
        assert run_program(tmp_path, *command).code == 0
    found = run_program(tmp_path, "predict", "runs/adapt", "cold dreary s[MASK]up", "--json")
    assert found.code == 0, found.err
    assert '"word"' in found.out

    then = run_program(tmp_path, "run", "classes.json", "--run-dir", "runs/classes")
    assert then.code == 0, then.err
    assert "are, by content, among those" not in then.err, "its test split is that of the first run"
    splits = [(tmp_path / "runs" / name / "splits.csv").read_text().splitlines() for name in ("adapt", "classes")]
    own = [{line.split(",")[0]: line.split(",")[2] for line in lines[1:]} for lines in splits]
    assert own[0] == own[1]
    plan = json.loads((tmp_path / "runs/classes/plan.json").read_text())
    assert plan["backbone"]["transfer"]["source"] == "run runs/adapt"

    again = json.loads((tmp_path / "adapt.json").read_text())
    again |= {
        "backbone": {"kind": "run", "path": "runs/adapt", "head": "keep"},
        "name": "on",
        "phases": again["phases"][1:],
    }
    (tmp_path / "on.json").write_text(json.dumps(again))
    on = run_program(tmp_path, "run", "on.json", "--run-dir", "runs/on")
    assert on.code == 0, on.err
    assert results(tmp_path / "runs/on")
