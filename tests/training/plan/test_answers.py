"""What answers for metrics cost, as the plan says it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from kerastune_ft.config.read import read
from kerastune_ft.reporting.data_table import describe_answers as describe_lines
from kerastune_ft.training.plan.answers import describe_answers

SIZES = {"train": 900, "validation": 120, "test": 80}
TASK = {"kind": "causal_lm", "metrics": ["rouge_l"], "generate": {"max_new_tokens": 50}}
PHASE = {"name": "last", "unfreeze": {"last": 1}, "epochs": 3, "learning_rate": 0.001}


def _describe(task: dict[str, Any], *phases: dict[str, Any], **more: Any) -> dict[str, Any]:
    config = read(
        {
            "task": task,
            "data": {"kind": "table", "path": "talk.jsonl", "input": "prompt", "label": "response"},
            "backbone": {"kind": "keras_hub", "class": "GPT2Backbone"},
            "phases": list(phases),
            **more,
        }
    )
    source = SimpleNamespace(splits={split: np.arange(size) for split, size in SIZES.items()})
    plans: Any = [SimpleNamespace(phase=phase, epochs=phase.epochs) for phase in config.phases]
    return describe_answers(SimpleNamespace(config=config, source=source), plans)  # type: ignore[arg-type]


def test_examples_and_tokens_are_counted() -> None:
    found = _describe(TASK, PHASE)
    assert found == {
        "answers": {
            "metrics": ["rouge_l"],
            "examples": {"validation": 100, "test": 80},
            "max_new_tokens": 50,
            "times": 1,
            "tokens": 180 * 50,
            "monitored": [],
        }
    }
    (line,) = describe_lines(found)
    assert line == (
        "rouge_l: when the run ends, answers to 100 of validation and 80 of test, of 50 tokens at most each: up to "
        "9,000 tokens, one after the other"
    )


def test_a_monitor_generates_every_epoch_and_once_before_where_it_has_to_be_beaten() -> None:
    by_answers = {**PHASE, "monitor": "validation_rouge_l"}
    kept = {**by_answers, "name": "more", "keep_if_better": True}
    found = _describe(
        {**TASK, "generate": {"max_new_tokens": 5, "examples": 20}}, PHASE | {"name": "a"}, by_answers, kept
    )
    monitored = found["answers"]["monitored"]
    assert [(each["phase"], each["times"], each["tokens"]) for each in monitored] == [
        ("last", 3, 3 * 20 * 5),
        ("more", 4, 4 * 20 * 5),
    ]
    assert describe_lines(found)[2] == (
        "phase more, for its monitor validation_rouge_l: answers to 20 validation examples 4 times, up to 400 tokens "
        "in all"
    )


def test_all_examples_and_a_refit_count_too() -> None:
    found = _describe({**TASK, "generate": {"examples": None}}, PHASE, refit=True)["answers"]
    assert (found["examples"], found["times"], found["tokens"]) == (
        {"validation": 120, "test": 80},
        2,
        2 * 200 * 128,
    )
    assert "when the run ends, before the refit and after it, answers" in describe_lines({"answers": found})[0]


def test_without_metrics_of_answers_nothing_is_said() -> None:
    for task in ({"kind": "causal_lm"}, {"kind": "summarization", "metrics": []}):
        assert _describe(task, PHASE) == {}
    assert _describe({"kind": "summarization"}, PHASE)["answers"]["metrics"] == ["rouge_1", "rouge_2", "rouge_l"]
    assert describe_lines({}) == []
