"""Answers in the figures of a run: of a stated sample, written down with their prompts, and verified."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import kerastune_ft as kt
from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.data.dialogues.turns import make_pair
from kerastune_ft.errors import ConfigError
from kerastune_ft.metrics.texts.score import TEXTS
from kerastune_ft.training.writing.answers import add_answers, choose_examples
from kerastune_ft.verification.results.base import Table
from kerastune_ft.verification.results.written_texts import TextCheck
from tests.support.answering_run import answering_document, write_questions
from tests.support.tiny_writer import build_backbone, make_settings

TASK = {"metrics": ["rouge_l", "exact_match"], "generate": {"max_new_tokens": 6, "examples": 3}}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("answers")
    document = answering_document(write_questions(folder / "data.jsonl", 30), **TASK)
    return kt.run(document, run_dir=folder / "run")


def _read(run: Any) -> list[dict[str, str]]:
    with (Path(run.path) / "evaluation/predictions.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_sample_of_each_split_is_answered_and_verified(run: Any):
    rows = _read(run)
    for split in ("validation", "test"):
        own = [row for row in rows if row["split"] == split]
        asked = [row for row in own if row["answered"] == "1"]
        assert len(own) > len(asked) == 3
        assert all(row["prompt"] and row["expected"].startswith("it is ") for row in asked)
        figures = json.loads((Path(run.path) / "metrics.json").read_text())[split]
        assert figures["exact_match"] == pytest.approx(np.mean([float(row["exact_match"]) for row in asked]))
        assert figures["rouge_l"] == pytest.approx(np.mean([float(row["rouge_l"]) for row in asked]))
    found = kt.verify(run.path)
    assert found["ok"] if isinstance(found, dict) else found


def test_answers_are_those_of_predict(run: Any):
    row = next(row for row in _read(run) if row["answered"] == "1" and row["split"] == "test")
    assert run.predict(row["prompt"])["answer"][0] == row["answer"].strip()


def test_more_may_be_asked_for_later(run: Any):
    found = kt.evaluate(run.path, sample=2)
    assert {"rouge_1", "rouge_2", "rouge_l", "exact_match"} <= set(found)


def test_a_changed_answer_is_noticed(run: Any):
    rows = [row for row in _read(run) if row["split"] == "test"]
    check = TextCheck()
    figures = json.loads((Path(run.path) / "metrics.json").read_text())["test"]
    assert check.score(Table(rows, {})) == pytest.approx({name: figures[name] for name in check.score(Table(rows, {}))})
    changed = [{**row, "answer": row["expected"]} for row in rows]
    assert check.score(Table(changed, {}))["exact_match"] == 1.0 != figures["exact_match"]
    # Without texts the figures of the rows are taken.
    bare = [{name: cell for name, cell in row.items() if name not in TEXTS} for row in rows]
    assert check.score(Table(bare, {}))["rouge_l"] == pytest.approx(figures["rouge_l"])


def test_samples_are_chosen_by_key():
    keys = [f"row {number}" for number in range(20)]
    few, more = (choose_examples(keys, np.arange(20), count) for count in (4, 9))
    assert set(few) < set(more) and len(few) == 4 and (np.diff(few) > 0).all()
    backwards = choose_examples(keys, np.arange(20)[::-1], 4)
    assert {int(np.arange(20)[::-1][place]) for place in backwards} == set(few.tolist())
    assert len(choose_examples(keys, np.arange(3), None)) == len(choose_examples(keys, np.arange(3), 9)) == 3


def test_what_is_answered_is_a_function_of_the_example_alone():
    backbone = build_backbone()
    dialogues = [make_pair(f"what is {number}{'?' * (number % 3)}", f"it is {number}") for number in range(12)]
    options = SimpleNamespace(generate=Generation(max_new_tokens=8, temperature=1.5))
    session: Any = SimpleNamespace(
        config=SimpleNamespace(seed=4),
        variables={},
        task=SimpleNamespace(
            generator=SimpleNamespace(take=lambda variables: backbone.generator.body), options=options
        ),
        loader=SimpleNamespace(plan_entry=lambda: {"language": {"limit": 64}}, settings=make_settings(backbone)),
        source=SimpleNamespace(
            keys=[f"row {number}" for number in range(12)],
            read_dialogue=dialogues.__getitem__,
            label_texts=[turns[-1].content for turns in dialogues],
        ),
    )

    def answer(indices: list[int], count: int | None) -> dict[int, str]:
        found = add_answers(session, np.array(indices), ["rouge_1"], count)
        return {index: found["answer"][place] for place, index in enumerate(indices) if found["answered"][place]}

    whole = answer(list(range(12)), None)
    assert len(whole) == 12 and len(set(whole.values())) > 6
    # In another order, of fewer examples, and of a sample of them.
    assert answer([7, 2, 11, 0], None) == {index: whole[index] for index in (7, 2, 11, 0)}
    sample = answer(list(range(12))[::-1], 5)
    assert len(sample) == 5 and sample.items() <= whole.items()
    session.config.seed = 5
    assert answer([7, 2], None) != {index: whole[index] for index in (7, 2)}


def test_without_answers_to_compare_with_metrics_of_them_are_refused(tmp_path: Path):
    document = answering_document(write_questions(tmp_path / "data.jsonl", 12), **TASK)
    del document["data"]["label"]
    with pytest.raises(ConfigError, match="rouge_l, exact_match: answers are compared"):
        kt.run(document, run_dir=tmp_path / "run")
    assert not (tmp_path / "run" / "plan.json").exists()


def test_a_metric_of_answers_may_choose_the_epoch(tmp_path: Path):
    task = {"metrics": ["rouge_1"], "generate": {"max_new_tokens": 4, "examples": 2}}
    document = answering_document(write_questions(tmp_path / "data.jsonl", 16), **task)
    document["phases"][0] |= {"monitor": "validation_rouge_1", "epochs": 2}
    run = kt.run(document, run_dir=tmp_path / "run")
    assert run.history["validation_rouge_1"].notna().all()
