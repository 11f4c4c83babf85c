from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerastune_ft.data.labels.raw import LabelSets, SingleLabels
from kerastune_ft.data.labels.writing.written_texts import WrittenTexts, number_written_texts
from kerastune_ft.errors import ConfigError

TASK: Any = SimpleNamespace(kind="causal_lm")


def test_texts_are_no_classes() -> None:
    labels = number_written_texts(SingleLabels(["yes", "", "a long answer"]), ["0", "1", "2"], TASK, "data.csv")
    assert labels.numbers.tolist() == [3, 0, 13]
    assert labels.texts == ["yes", "", "a long answer"]
    assert (labels.classes, labels.counts(np.arange(3)), labels.strata[0].tolist()) == ((), {}, [0, 0, 0])


def test_the_content_of_an_example_follows_from_input_and_answer() -> None:
    first, second = (WrittenTexts(texts).join_contents(["a", "a", "b"]) for texts in (["x", "y", "x"], ["x", "z", "x"]))
    assert len(set(first)) == 3
    assert first[0] == second[0] and first[1] != second[1]
    # Half of a pair of surrogates, as broken JSON has it.
    assert WrittenTexts(["\ud83d"]).join_contents(["a"])


def test_several_texts_an_example_are_refused() -> None:
    with pytest.raises(ConfigError, match="learns one text; name one column"):
        number_written_texts(LabelSets([("a", "b")]), ["0"], TASK, "data.csv")
