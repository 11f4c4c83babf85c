from __future__ import annotations

import pytest

from kerastune_ft.data.labels.classes import number_classes, sort_labels
from kerastune_ft.data.remedies import reading_other_data
from kerastune_ft.errors import DataError


@pytest.mark.parametrize(
    ("labels", "order"),
    [({"10", "9", "-1"}, ["-1", "9", "10"]), ({"b", "10", "9"}, ["10", "9", "b"]), ({"nan", "inf"}, ["inf", "nan"])],
)
def test_labels_are_sorted_by_value_only_where_all_are_numbers(labels: set[str], order: list[str]) -> None:
    assert sort_labels(labels) == order


def test_labels_that_are_not_listed_are_named_with_what_can_be_done() -> None:
    def refuse() -> str:
        with pytest.raises(DataError) as caught:
            number_classes(["cat", "Dog", "owl"], ["1", "2", "3"], ["cat", "dog"], "pets")
        return str(caught.value)

    assert '"Dog": 2; did you mean it by "dog"?' in refuse()
    assert "Add the label to task.classes" in refuse()
    with reading_other_data("more.csv"):
        assert refuse().startswith('--data: more.csv has labels that the run does not know:\n  "Dog": 2')
        assert "task.classes" not in refuse()
        assert refuse().endswith("It knows cat, dog. Write labels so, or take these examples out of more.csv.")
