from __future__ import annotations

import pytest

from kerastune_ft.config.options.tasks import ImageClassification
from kerastune_ft.data.labels.number import number_labels
from kerastune_ft.data.labels.raw import LabelColumns, LabelSets, SingleLabels
from kerastune_ft.errors import ConfigError

KEYS = ["row 2", "row 3", "row 4"]


def test_one_label_each_is_numbered_in_order() -> None:
    labels = number_labels(SingleLabels(["b", "a", "b"]), KEYS, ImageClassification(), "a.csv")
    assert (labels.names, labels.numbers.tolist()) == (("a", "b"), [1, 0, 1])


def test_columns_with_one_1_in_every_row_are_classes() -> None:
    raw = LabelColumns(("dog", "cat"), [["1", ""], ["0", "1.0"], ["true", "0"]])
    labels = number_labels(raw, KEYS, ImageClassification(), "a.csv")
    assert (labels.names, labels.numbers.tolist(), str(labels.numbers.dtype)) == (("dog", "cat"), [0, 1, 0], "int32")
    assert labels.texts == ["dog", "cat", "dog"]


@pytest.mark.parametrize(
    ("row", "message"), [(["1", "1"], "row 3  2 of 2 columns"), (["0", "0"], "row 3  0 of 2 columns")]
)
def test_rows_with_none_or_several_are_named(row: list[str], message: str) -> None:
    raw = LabelColumns(("dog", "cat"), [["1", "0"], row, ["0", "1"]])
    with pytest.raises(
        ConfigError, match=f'1 row of 3 has not exactly one with 1(.|\n)*{message}(.|\n)*"multi_label": true'
    ):
        number_labels(raw, KEYS, ImageClassification(), "a.csv")


def test_sets_are_refused() -> None:
    with pytest.raises(ConfigError, match="several labels per example"):
        number_labels(LabelSets([["a", "b"]]), KEYS[:1], ImageClassification(), "a.csv")
