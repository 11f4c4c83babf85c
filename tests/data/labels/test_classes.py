from __future__ import annotations

import pytest

from kerastune_ft.data.labels.classes import sort_labels


@pytest.mark.parametrize(
    ("labels", "order"),
    [({"10", "9", "-1"}, ["-1", "9", "10"]), ({"b", "10", "9"}, ["10", "9", "b"]), ({"nan", "inf"}, ["inf", "nan"])],
)
def test_labels_are_sorted_by_value_only_where_all_are_numbers(labels: set[str], order: list[str]) -> None:
    assert sort_labels(labels) == order
