from __future__ import annotations

import pytest

from kerastune_ft.config.options.tasks import ImageClassification, ImageRegression
from kerastune_ft.data.labels.number import number_labels
from kerastune_ft.data.labels.raw import LabelColumns
from kerastune_ft.data.labels.written_numbers import (
    find_remedy,
    has_decimal_comma,
    have_decimal_commas,
    read_number,
    with_point,
)
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


def test_values_with_underscores_are_named_and_not_read_as_python_does() -> None:
    marked = LabelColumns(("price",), [["900"], ["1_000"]])
    with pytest.raises(DataError, match=r'b: price is "1_000"(.|\n)*Write no mark between thousands, as 1000'):
        number_labels(marked, ["a", "b"], ImageRegression(kind="image_regression"), "a.csv")


@pytest.mark.parametrize(("text", "number"), [("1.5", 1.5), (" -3e2 ", -300.0), ("1_000", None), ("nan", None)])
def test_numbers_are_those_that_tables_write(text: str, number: float | None) -> None:
    assert read_number(text) == number


def test_infinity_and_words_are_none() -> None:
    assert read_number("inf") is read_number("1,5") is read_number("old") is read_number("") is None


def test_what_is_nearly_a_number_has_a_remedy() -> None:
    assert "0.5 for 0,5" in (find_remedy(["old", "1,5"]) or "")
    assert "1000 for 1_000" in (find_remedy(["old", "2_500"]) or "")
    assert find_remedy(["old", "part_1", ""]) is None
