from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kerastune_ft.config.options.tasks import ImageClassification, ImageRegression
from kerastune_ft.data.labels.number import number_labels
from kerastune_ft.data.labels.raw import LabelColumns, LabelSets, SingleLabels
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.data.remedies import reading_other_data
from kerastune_ft.errors import ConfigError, DataError

KEYS = ["row 2", "row 3", "row 4"]
MANY = ImageClassification(multi_label=True)
REGRESSION = ImageRegression(kind="image_regression")


def test_sets_of_labels_become_flags_in_the_order_of_the_classes() -> None:
    labels = number_labels(LabelSets([("edema", "mass"), (), ("atrophy",)]), KEYS, MANY, "cases.csv")
    assert labels.names == ("atrophy", "edema", "mass")
    assert labels.numbers.tolist() == [[0, 1, 1], [0, 0, 0], [1, 0, 0]]
    assert labels.numbers.dtype == np.uint8
    assert labels.texts == ["edema|mass", "", "atrophy"]


def test_a_map_of_classes_merges_and_renames_labels() -> None:
    task = ImageClassification(multi_label=True, classes={"mass": "tumour", "nodule": "tumour", "edema": "edema"})
    labels = number_labels(LabelSets([("mass", "nodule"), ("edema",), ("nodule",)]), KEYS, task, "cases.csv")
    assert labels.names == ("tumour", "edema")
    assert labels.numbers.tolist() == [[1, 0], [0, 1], [1, 0]]


def test_an_unlisted_label_of_a_set_is_named_with_its_examples() -> None:
    task = ImageClassification(multi_label=True, classes=("edema", "mass"))
    with pytest.raises(DataError, match=r'"hernia": row 3'):
        number_labels(LabelSets([("edema",), ("mass", "hernia"), ()]), KEYS, task, "cases.csv")


def test_columns_of_flags_are_classes_and_classes_may_choose_among_them() -> None:
    flags = LabelColumns(("a", "b", "c"), [("1", "0", "1"), ("0", "0.0", "0"), ("1.0", "true", "")])
    assert number_labels(flags, KEYS, MANY, "t.csv").numbers.tolist() == [[1, 0, 1], [0, 0, 0], [1, 1, 0]]
    chosen = number_labels(flags, KEYS, ImageClassification(multi_label=True, classes=("c", "a")), "t.csv")
    assert chosen.names == ("c", "a")
    assert chosen.numbers.tolist() == [[1, 1], [0, 0], [0, 1]]


@pytest.mark.parametrize("cell", ["2", "yes", "-1", "nan"])
def test_a_cell_that_is_no_flag_is_named(cell: str) -> None:
    flags = LabelColumns(("a", "b"), [("1", "0"), ("0", cell), ("1", "1")])
    with pytest.raises(DataError, match=rf'row 3: b is "{cell}"'):
        number_labels(flags, KEYS, MANY, "t.csv")


def test_several_labels_without_multi_label_say_what_to_write() -> None:
    with pytest.raises(ConfigError, match='write "multi_label": true in task'):
        number_labels(LabelSets([("a",), ("b",), ()]), KEYS, ImageClassification(), "t.csv")


def test_numbers_are_values_and_a_column_is_a_target() -> None:
    labels = number_labels(
        LabelColumns(("age", "dose"), [("7", "0.5"), ("08", "1e1"), ("9", "-2")]), KEYS, REGRESSION, "t"
    )
    assert labels.names == ("age", "dose")
    assert labels.numbers.tolist() == [[7, 0.5], [8, 10], [9, -2]]
    one = number_labels(SingleLabels(["1", "2", "4"]), KEYS, REGRESSION, "t")
    assert one.names == ("value",)
    assert one.numbers.shape == (3, 1)


@pytest.mark.parametrize("text", ["", "many", "nan", "inf", "1,5"])
def test_a_label_that_is_no_number_is_named(text: str) -> None:
    with pytest.raises(DataError, match="row 4: value is") as caught:
        number_labels(SingleLabels(["1", "2", text]), KEYS, REGRESSION, "t.csv")
    assert '"kind": "image_classification"' in str(caught.value)


def test_values_are_standardised_by_the_training_examples_alone() -> None:
    labels = number_labels(SingleLabels(["0", "10", "1000"]), KEYS, REGRESSION, "t")
    scheme = labels.scheme(np.array([0, 1]))
    assert (scheme.mean, scheme.deviation) == ((5.0,), (5.0,))
    assert LabelScheme.from_json(scheme.to_json()) == scheme
    with pytest.raises(DataError, match="value has the same value in all training examples"):
        labels.scheme(np.array([2]))


def test_strata_of_values_are_parts_of_equal_size() -> None:
    keys = [str(number) for number in range(100)]
    labels = number_labels(SingleLabels([str(number**3) for number in range(100)]), keys, REGRESSION, "t")
    strata, names = labels.strata
    assert np.bincount(strata).tolist() == [20] * 5
    assert len(names) == 5
    constant = number_labels(SingleLabels(["1"] * 100), keys, REGRESSION, "t").strata
    assert set(constant[0]) == {0}
    assert len(constant[1]) == 1


@pytest.mark.parametrize(
    ("raw", "task"),
    [
        (LabelSets([("edema|mass",), ("mass",), ()]), MANY),
        (LabelColumns(("a|b", "c"), [("1", "0"), ("0", "1"), ("1", "1")]), MANY),
        (SingleLabels(["a", "b", "a"]), ImageClassification(multi_label=True, classes={"a": "x|y", "b": "z"})),
    ],
)
def test_a_class_that_would_read_as_two_is_refused(raw: Any, task: ImageClassification) -> None:
    with pytest.raises(ConfigError, match=r'has the label ".\w*\|\w+", and "\|" stands between'):
        number_labels(raw, KEYS, task, "cases.csv")


def test_a_bar_in_a_class_is_fine_where_an_example_has_one_label() -> None:
    assert number_labels(SingleLabels(["a|b", "c", "c"]), KEYS, ImageClassification(), "cases.csv").names == (
        "a|b",
        "c",
    )


def test_a_listed_class_that_differs_in_case_alone_is_pointed_at() -> None:
    task = ImageClassification(classes={"RBC": "red", "wbc": "white"})
    with pytest.raises(DataError, match='"WBC": row 3; did you mean it by "wbc"'):
        number_labels(SingleLabels(["RBC", "WBC", "RBC"]), KEYS, task, "cases.csv")


def test_of_other_data_no_line_of_the_configuration_is_advised() -> None:
    words, sets = SingleLabels(["1.5", "cat", "2"]), LabelSets([("edema", "mass"), (), ("atrophy",)])
    flags, one = LabelColumns(("a", "b"), [("1", "1"), ("0", "1"), ("1", "0")]), ImageClassification()
    for raw, task, said in ((words, REGRESSION, "take these examples"), (sets, one, "--data"), (flags, one, "--data")):
        with pytest.raises((ConfigError, DataError), match=r"[Ww]rite") as own:
            number_labels(raw, KEYS, task, "more.csv")
        assert '" in task' in str(own.value) or "in task," in str(own.value)
        with reading_other_data("more.csv"), pytest.raises(DataError, match=said) as other:
            number_labels(raw, KEYS, task, "more.csv")
        assert "in task" not in str(other.value)
