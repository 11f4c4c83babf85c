from __future__ import annotations

from kerastune_ft.metrics.unknown_counts import describe_unknown, describe_unknown_inputs


def test_the_count_is_a_sentence() -> None:
    assert describe_unknown("test", 40, 1) == (
        "1 of 40 examples of test (2.5 %) is farther from all training examples than task.unknown lets through; "
        "metrics count it like the others"
    )
    assert describe_unknown("test", 40, 2).startswith("2 of 40 examples of test (5.0 %) are farther")


def test_the_inputs_of_predictions_are_counted() -> None:
    assert describe_unknown_inputs(8, 1) == (
        "1 of 8 inputs (12.5 %) is farther from all training examples than task.unknown lets through"
    )
    assert describe_unknown_inputs(1, 0).startswith("0 of 1 input (0.0 %) are farther")
