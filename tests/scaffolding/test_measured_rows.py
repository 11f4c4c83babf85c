"""How long the rows of a model that writes are, by the tokens of its data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastune_ft.config.read import read
from kerastune_ft.data.dialogues.turns import Turn
from kerastune_ft.scaffolding.measured_rows import RowLengths, may_measure, measure_rows, with_measured_rows
from kerastune_ft.scaffolding.propose import Proposal

DOCUMENT: dict[str, Any] = {
    "task": {"kind": "causal_lm"},
    "data": {
        "kind": "table",
        "path": "chats.jsonl",
        "input": "messages",
        "// sequence_length": "x",
        "sequence_length": 9,
    },
    "backbone": {"kind": "keras_hub", "preset": "st"},
    "phases": "last_then_lora",
}
PROPOSAL = Proposal(DOCUMENT, 20, {})


def with_lengths(lengths: list[int], maximum: int | None = None, examples: int | None = None) -> Proposal:
    rows = RowLengths(np.array(lengths), len(lengths) if examples is None else examples, maximum)
    return with_measured_rows(PROPOSAL, lambda document: rows)


@pytest.mark.parametrize(
    ("lengths", "maximum", "length", "said"),
    [
        ([100] * 19 + [900], None, 104, "19 of 20 rows are whole, by the tokenizer of the preset; 1 is longer and "
         "loses 796 of 2,800 tokens from their beginning"),
        ([100] * 20, None, 104, "all 20 rows are whole, by the tokenizer of the preset; the longest has 100"),
        ([5000] * 20, None, 2048, "20 are longer and lose 59,040 of 100,000 tokens"),
        ([900] * 20, 512, 512, "from their beginning, and the backbone has 512 positions at most"),
    ],
)  # fmt: skip
def test_nearly_all_rows_are_whole_and_what_the_others_lose_is_said(
    lengths: list[int], maximum: int | None, length: int, said: str
) -> None:
    found = with_lengths(lengths, maximum)
    data = found.document["data"]
    assert data["sequence_length"] == length
    assert said in data["// sequence_length"]
    assert said in found.seen[-1]


def test_of_many_examples_some_are_measured_and_of_none_nothing_changes() -> None:
    assert "by the tokenizer of the preset, of 90 examples" in with_lengths([100] * 20, examples=90).seen[-1]
    assert with_measured_rows(PROPOSAL, lambda document: None) is PROPOSAL


def test_a_length_that_is_given_stays_and_other_backbones_are_not_measured() -> None:
    assert may_measure(PROPOSAL, is_given=False)
    assert not may_measure(PROPOSAL, is_given=True)
    of_class = {**DOCUMENT, "backbone": {"kind": "keras_hub", "class": "GPT2Backbone"}}
    assert not may_measure(Proposal(of_class, 20, {}), is_given=False)
    of_classes = {**DOCUMENT, "task": {"kind": "text_classification"}}
    assert not may_measure(Proposal(of_classes, 20, {}), is_given=False)


@pytest.mark.parametrize("is_plain", [False, True])
def test_rows_are_measured_as_a_run_makes_them(tmp_path: Path, is_plain: bool) -> None:
    questions = ["Why?" * (number + 1) for number in range(10)]
    turns = [[Turn("user", text), Turn("assistant", "So.")] for text in questions]
    rows = (
        [{"text": text} for text in questions]
        if is_plain
        else [{"messages": [{"role": turn.role, "content": turn.content} for turn in each]} for each in turns]
    )
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)))
    config = read(
        {
            "task": {"kind": "causal_lm"},
            "data": {"kind": "table", "path": str(tmp_path / "t.jsonl"), "input": "text" if is_plain else "messages"},
            "backbone": {"kind": "keras_hub", "class": "GPT2Backbone"},
            "phases": "full",
        }
    )
    found = measure_rows(config)
    if is_plain:
        # They are divided into blocks, and lose nothing.
        assert found is None
        return
    assert found is not None
    assert (found.examples, len(found.lengths)) == (10, 10)
    assert np.diff(found.lengths).tolist() == [4] * 9
