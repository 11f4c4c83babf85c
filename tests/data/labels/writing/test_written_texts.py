from __future__ import annotations

import csv
import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerastune_ft.config.options.data import TableData
from kerastune_ft.config.options.language.tasks import CausalLm
from kerastune_ft.data.labels.raw import LabelSets, SingleLabels
from kerastune_ft.data.labels.writing.written_texts import WrittenTexts, number_written_texts
from kerastune_ft.data.open import open_source
from kerastune_ft.data.splits.recorded import RecordedExamples
from kerastune_ft.data.splits.table import splits_table
from kerastune_ft.data.texts.check import find_text_notes
from kerastune_ft.errors import ConfigError
from tests.support.dialogue_files import open_texts, write_lines

TASK: Any = SimpleNamespace(kind="causal_lm")


def test_texts_are_no_classes() -> None:
    labels = number_written_texts(SingleLabels(["yes", "", "a long answer"]), ["0", "1", "2"], TASK, "data.csv")
    assert labels.numbers.tolist() == [3, 0, 13]
    assert labels.texts == ["yes", "", "a long answer"]
    assert (labels.classes, labels.counts(np.arange(3)), labels.strata[0].tolist()) == ((), {}, [0, 0, 0])


def test_splits_csv_tells_texts_apart_and_does_not_say_them() -> None:
    recorded = WrittenTexts(["a secret", "a secret", "another", ""]).row_texts
    assert recorded[0] == recorded[1] != recorded[2]
    assert recorded[0].startswith("8 characters ") and "secret" not in recorded[0]
    # Plain texts have no label, there as here.
    assert recorded[3] == ""


def test_identical_prompts_with_several_answers_are_no_contradiction() -> None:
    labels = WrittenTexts(["yes", "no"])
    (said,) = find_text_notes([("why?",), ("why?",)], (), labels, {"train": np.arange(2)})
    assert said == "identical texts: 1 text is there with several answers, which may all be right"


def test_the_content_of_an_example_follows_from_input_and_answer() -> None:
    first, second = (WrittenTexts(texts).join_contents(["a", "a", "b"]) for texts in (["x", "y", "x"], ["x", "z", "x"]))
    assert len(set(first)) == 3
    assert first[0] == second[0] and first[1] != second[1]
    # Half of a pair of surrogates, as broken JSON has it.
    assert WrittenTexts(["\ud83d"]).join_contents(["a"])


def test_several_texts_an_example_are_refused() -> None:
    with pytest.raises(ConfigError, match="learns one text; name one column"):
        number_written_texts(LabelSets([("a", "b")]), ["0"], TASK, "data.csv")


def test_examples_of_a_run_are_found_again_and_a_changed_answer_is_told(tmp_path: Path) -> None:
    rows = [{"prompt": f"what is {number}?", "response": f"a secret {number}"} for number in range(30)]
    options: Any = TableData(
        kind="table", path=str(write_lines(tmp_path / "qa.jsonl", rows)), input="prompt", label="response"
    )
    first = open_texts(options, tmp_path)
    columns, table = splits_table(first)
    assert "secret" not in str(table)
    written = io.StringIO(newline="")
    csv.writer(written).writerows([columns, *table])
    known = RecordedExamples.parse("run", first.info.fingerprint, written.getvalue().encode()).in_changed_data()
    task = CausalLm(kind="causal_lm")
    again = open_source(options, task, tmp_path, lambda line: None, recorded=known)
    assert again.change is None
    assert {split: own.tolist() for split, own in again.splits.items()} == {
        split: own.tolist() for split, own in first.splits.items()
    }
    write_lines(tmp_path / "qa.jsonl", [{**rows[0], "response": "another one"}, *rows[1:]])
    changed = open_source(options, task, tmp_path, lambda line: None, recorded=known).change
    assert changed is not None and not changed.gone and not changed.added
    ((told,),) = changed.relabelled.values()
    assert "with another label" in changed.describe() and "secret" not in told and "11 characters" in told
