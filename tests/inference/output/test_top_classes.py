from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.errors import ConfigError
from kerastune_ft.inference.output.top_classes import TopClasses

COLUMNS = ("input", "label", "probability", "probability_1", "probability_2", "probability_3", "distance", "error")


def make_row(label: str | None, *values: float | None) -> dict[str, Any]:
    best = None if label is None else max(value for value in values if value is not None)
    return dict(zip(COLUMNS, ("a", label, best, *values, 0.0, None), strict=True))


def test_ranks_take_the_place_of_classes_whatever_these_are_called() -> None:
    # The column of class "2" has the name of the second rank.
    top = TopClasses(LabelScheme("one", ("1", "2", "3")), 2)
    columns = top.columns(COLUMNS)
    assert columns == ("input", "label", "probability", "label_2", "probability_2", "distance", "error")
    row = top.rank(make_row("3", 0.3, 0.1, 0.6))
    assert [row[name] for name in columns] == ["a", "3", 0.6, "1", 0.3, 0.0, None]


def test_equal_probabilities_keep_the_label_first_and_the_order_of_classes() -> None:
    top = TopClasses(LabelScheme("one", ("1", "2", "3")), 3)
    row = top.rank(make_row("2", 0.4, 0.4, 0.2))
    assert [row["label"], row["label_2"], row["label_3"]] == ["2", "1", "3"]


def test_an_input_that_cannot_be_read_has_empty_ranks() -> None:
    row = TopClasses(LabelScheme("one", ("1", "2", "3")), 2).rank(make_row(None, None, None, None))
    assert (row["label"], row["label_2"], row["probability_2"]) == (None, None, None)


def test_more_than_there_are_is_said() -> None:
    top = TopClasses(LabelScheme("one", ("1", "2", "3")), 9)
    assert top.notes == ["--top 9: the run has 3 classes: all 3 are given"]
    assert top.columns(COLUMNS)[1:7] == ("label", "probability", "label_2", "probability_2", "label_3", "probability_3")


@pytest.mark.parametrize(
    ("scheme", "message"),
    [
        (LabelScheme("several", ("a", "b")), "several classes per example, which have no order; their probabilities"),
        (LabelScheme("values", ("a",)), "are values, which have no order$"),
        (LabelScheme("mask", ("a", "b"), raw_values={0: "a", 1: "b"}), "a class for every pixel, which have no order$"),
    ],
)
def test_predictions_without_an_order_are_refused(scheme: LabelScheme, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        TopClasses(scheme, 2)
    with pytest.raises(ConfigError, match="0 is no number of classes"):
        TopClasses(LabelScheme("one", ("a", "b")), 0)
