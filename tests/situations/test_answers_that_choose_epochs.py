"""A run whose epochs are chosen by answers that are drawn: interrupted, and on two replicas, it is the same run."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.answering_run import answering_document, write_questions
from tests.support.processes import CommandServer
from tests.support.same_runs import assert_equal
from tests.support.tiny_run import results

# A process of its own, which has two devices from its first command on.
_SERVER = CommandServer()
_METRIC = "validation_rouge_1"


def _read_answers(run: Path) -> list[tuple[str, str]]:
    with (run / "evaluation/predictions.csv").open(encoding="utf-8", newline="") as file:
        return [(row["input"], row["answer"]) for row in csv.DictReader(file) if row["answered"] == "1"]


@pytest.mark.slow
def test_interrupted_and_replicated_it_chooses_the_same_epochs(tmp_path: Path) -> None:
    generate = {"max_new_tokens": 10, "examples": 5, "temperature": 0.7}
    document: dict[str, Any] = answering_document(
        write_questions(tmp_path / "talk.jsonl", 40), metrics=["rouge_1"], generate=generate
    )
    first = {**document["phases"][0], "epochs": 3, "monitor": _METRIC, "keep_if_better": True}
    document["phases"] = [first, {**first, "name": "last", "unfreeze": {"last": 1}, "cache": "auto"}]
    document["output"] = {"checkpoint": {"every": {"steps": 1}}}
    (tmp_path / "talk.json").write_text(json.dumps(document))
    command = ("run", "talk.json", "--run-dir")
    done = _SERVER.run(
        tmp_path,
        [
            (*command, "two", "--set", "runtime.replicas=2"),
            (*command, "base"),
            ("stopped", *command, "stopped"),
            (*command, "stopped"),
        ],
    )
    assert [each.code for each in done] == [0, 0, 75, 0], "\n".join(each.err[-800:] for each in done)
    base = tmp_path / "base"
    assert results(tmp_path / "stopped") == results(base)
    assert _read_answers(tmp_path / "stopped") == _read_answers(base) == _read_answers(tmp_path / "two")
    assert_equal(base, tmp_path / "two", of_weights=1e-4)
    plan = json.loads((base / "plan.json").read_text())["answers"]
    assert [(each["phase"], each["times"]) for each in plan["monitored"]] == [("all", 4), ("last", 4)]
    with (base / "history.csv").open(encoding="utf-8", newline="") as file:
        assert all(row[_METRIC] for row in csv.DictReader(file))
