from __future__ import annotations

import pytest

from kerastune_ft.reporting.comparison_words import (
    describe_tests,
    format_p,
    name_runs,
    write_difference,
    write_ends,
    write_value,
)  # fmt: skip


def test_runs_are_called_by_the_last_part_of_their_paths_unless_two_share_it() -> None:
    assert name_runs({"runs": [{"run": "runs/a-1"}, {"run": "old/a-2/"}]}) == {"runs/a-1": "a-1", "old/a-2/": "a-2"}
    assert name_runs({"runs": [{"run": "x/a"}, {"run": "y/a"}]}) == {"x/a": "x/a", "y/a": "y/a"}


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.03, "+0.0300"), (-0.00482, "−0.0048"), (0.0, "±0.0000"), (1e-6, "±0.0000"), (-1234.0, "−1,234"), (None, "–")],  # noqa: RUF001
)
def test_differences_are_signed_with_four_decimals(value: float | None, text: str) -> None:
    assert write_difference(value) == text


def test_ends_and_values() -> None:
    assert write_ends([-0.1, 0.2]) == "−0.1000 to +0.2000"  # noqa: RUF001
    assert write_ends(None) == "–"  # noqa: RUF001
    assert write_value({"a": None}, "a") == "null" and write_value({"a": 1}, "b") == "–"  # noqa: RUF001
    assert (format_p(0.3771), format_p(1.0), format_p(0.0004)) == ("0.38", "1", "< 0.001")


def test_a_test_is_a_sentence_adjusted_where_there_are_several() -> None:
    test = {"only_first": 13, "only_other": 19, "p": 0.377, "p_adjusted": 0.754}
    document = {"reference": "a", "differences": {"b": {"test": {"mcnemar": test}}}}
    names = {"a": "a", "b": "b", "c": "c"}
    assert describe_tests(document, names) == [
        "accuracy on test, McNemar: b alone is right on 19, a alone on 13; p 0.38"
    ]
    document["differences"]["c"] = document["differences"]["b"]
    assert describe_tests(document, names)[0].endswith("p 0.38, adjusted for 2 runs 0.75")
