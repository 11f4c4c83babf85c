from __future__ import annotations

import pytest

from kerastune_ft.config.options.tasks import ImageClassification, ImageRegression
from kerastune_ft.data.labels.decimal_commas import has_decimal_comma, have_decimal_commas, with_point
from kerastune_ft.data.labels.number import number_labels
from kerastune_ft.data.labels.raw import LabelColumns
from kerastune_ft.errors import DataError


@pytest.mark.parametrize(
    ("text", "point"),
    [("0,5", "0.5"), ("-1,25", "-1.25"), ("1.234,5", "1234.5"), (",5", ".5"), ("12.345.678,9", "12345678.9")],
)
def test_a_decimal_comma_is_seen(text: str, point: str) -> None:
    assert has_decimal_comma(text) and with_point(text) == point
    assert float(with_point(text)) == float(point)


@pytest.mark.parametrize("text", ["", "5", "0.5", "a,b", "1,2,3", "1.2,3", "1,", "x 1,5", "1e3,5"])
def test_anything_else_is_none(text: str) -> None:
    assert not has_decimal_comma(text) and with_point(text) == text


def test_columns_of_them_may_have_whole_numbers_and_gaps() -> None:
    assert have_decimal_commas(["1,0", "", "2", " 1,7 "])
    assert not have_decimal_commas(["1", "2"])
    assert not have_decimal_commas(["1,0", "2.5"])
    assert not have_decimal_commas(["1,0", "cat"])


def test_values_and_flags_with_commas_have_the_remedy() -> None:
    commas = LabelColumns(("size",), [["0,5"], ["1,5"]])
    with pytest.raises(DataError, match=r'a: size is "0,5"(.|\n)*Write a point for the decimal comma, as 0.5 for 0,5'):
        number_labels(commas, ["a", "b"], ImageRegression(kind="image_regression"), "a.csv")
    flags = LabelColumns(("cat", "dog"), [["1,0", "0,0"]])
    with pytest.raises(DataError, match="Write a point for the decimal comma"):
        number_labels(flags, ["a"], ImageClassification(multi_label=True), "a.csv")
    with pytest.raises(DataError, match=r"are none:\n  a: size is \"x\"\nRepair them"):
        number_labels(LabelColumns(("size",), [["x"]]), ["a"], ImageRegression(kind="image_regression"), "a.csv")
