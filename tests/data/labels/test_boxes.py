from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kerastune_ft.config.options.tasks import ObjectDetection
from kerastune_ft.data.labels.boxes import BoxLabels, number_boxes
from kerastune_ft.data.labels.raw import BoxList, BoxLists, SingleLabels
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.errors import ConfigError, DataError

LISTS = [
    BoxList.make(
        [[0, 0, 4, 9], [1, 1, 3, 3], [2, 2, 6, 4]], ["b", "a", "b"], "0", crowd=[0, 0, 1], areas=[5, np.nan, 7]
    ),
    BoxList.make([], [], "1"),
    BoxList.make([[0, 0, 9, 1]], ["a"], "2", difficult=[1]),
]


def numbered(lists: Any = LISTS, named: Any = (), **options: Any) -> BoxLabels:
    task = ObjectDetection(kind="object_detection", **options)
    return number_boxes(BoxLists(lists, named=tuple(named)), ["x", "y", "z"], task, "data", [(10, 20)] * 3)


def test_boxes_have_edges_class_whether_they_are_ignored_and_area() -> None:
    labels = numbered()
    assert labels.names == ("a", "b")
    assert labels.boxes(0).tolist() == [[0, 0, 4, 9, 1, 0, 5], [1, 1, 3, 3, 0, 0, 4], [2, 2, 6, 4, 1, 1, 7]]
    assert labels.boxes(1).shape == (0, 7)
    assert labels.boxes(2).tolist() == [[0, 0, 9, 1, 0, 1, 9]]
    assert labels.numbers.tolist() == [[1, 1], [0, 0], [0, 0]]
    assert labels.texts == ["1 a, 1 b", "", ""]
    assert labels.counts(np.arange(3)) == {"a": 1, "b": 1}
    assert labels.content(1) == numbered().content(1) != labels.content(0)
    assert labels.find_notes({"train": np.arange(3)}) == [
        "boxes of the train split: 1 a, 1 b; 2 images have none",
        "boxes: some count neither in training nor in metrics: 1 a crowd (iscrowd), 1 difficult",
    ]


def test_small_boxes_count_no_more_but_stay_to_be_ignored() -> None:
    labels = numbered(min_size=3)
    assert labels.boxes(0)[:, 5].tolist() == [0, 1, 1]
    assert labels.numbers.tolist() == [[0, 1], [0, 0], [0, 0]]


def test_the_scheme_says_how_many_and_how_small() -> None:
    lists = [BoxList.make([[0, 0, 4, 9]] * 1 + [[k, 0, k + 1, 4] for k in range(8)], ["a"] * 9, "0"), *LISTS[1:]]
    scheme = numbered(lists).scheme(np.array([0, 1]))
    assert (scheme.kind, scheme.most) == ("boxes", 16)
    assert scheme.smallest == pytest.approx(np.percentile([2 / 20] * 8 + [6 / 20], 10))
    assert LabelScheme.from_json(scheme.to_json()) == scheme
    assert numbered().scheme(np.array([1])).smallest == 0


def test_classes_are_sorted_or_listed_and_those_without_a_box_are_none() -> None:
    labels = numbered(named=["a", "b", "pieces"])
    assert labels.names == ("a", "b")
    assert "boxes: pieces is a class that no box has, and none of this run" in labels.find_notes(
        {"train": np.arange(3)}
    )
    assert numbered(classes=["c", "b", "a"]).names == ("c", "b", "a")
    assert numbered(classes={"b": "cell", "a": "cell"}).boxes(0)[:, 4].tolist() == [0, 0, 0]
    with pytest.raises(DataError, match=r'(?s)not listed.*"b": x'):
        numbered(classes=["a"])
    with pytest.raises(DataError, match=r"data has no box"):
        numbered([LISTS[1]] * 3)
    with pytest.raises(ConfigError, match=r"gives no boxes"):
        number_boxes(SingleLabels(["a"]), ["x"], ObjectDetection(kind="object_detection"), "data")


def test_pictures_are_alike_in_the_classes_they_hold() -> None:
    strata, names = numbered().strata
    assert (strata.tolist(), names) == ([[1, 1], [0, 0], [0, 0]], ("a", "b"))
    labels = numbered([LISTS[0]] * 3)
    assert not labels.strata_are_classes
    assert labels.strata[0].tolist() == [0, 0, 0]
    assert numbered().balanced_weights(np.arange(3)) == (1.0, 1.0)
