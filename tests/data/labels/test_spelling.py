from __future__ import annotations

import pytest

from kerastune_ft.data.labels.spelling import classes_that_merge, find_misspellings


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        (
            {"positive": 90, "positve": 1, "Positive": 2, "negative": 80},
            {"positve": "positive", "Positive": "positive"},
        ),
        ({"Cat": 40, "cat": 50, "dog": 50}, {"Cat": "cat"}),
        ({"no  finding": 3, "No Finding": 9}, {"no  finding": "No Finding"}),
        ({"abnormal": 2, "normal": 90}, {}),
        ({"class_1": 2, "class_2": 90}, {}),
        ({"cap": 1, "cat": 90}, {}),
        ({"colour": 30, "colours": 90}, {}),
        ({"negative": 1, "positive": 90}, {}),
        ({"1": 1, "10": 90}, {}),
    ],
)
def test_rare_labels_that_look_like_frequent_ones(counts: dict[str, int], found: dict[str, str]) -> None:
    assert find_misspellings(counts) == found


def test_many_labels_are_not_compared() -> None:
    assert find_misspellings({f"name{'x' * number}": 1 for number in range(600)} | {"name": 90}) == {}


def test_the_map_that_merges_keeps_the_order_of_the_classes() -> None:
    wrong = {"Positive": "positive"}
    merged = classes_that_merge(["Positive", "negative", "positive"], wrong)
    assert merged == '"classes": {"negative": "negative", "positive": "positive", "Positive": "positive"}'
    assert classes_that_merge([*map(str, range(20)), "Positive"], wrong) == '"classes": {"Positive": "positive", ...}'
