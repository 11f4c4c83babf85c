"""Cells of numbers and words: what is missing, and what is no number."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from kerastune_ft.config.options.inputs import InputColumns
from kerastune_ft.data.several.columns import cells_of_rows, parse_number, read_columns
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import ConfigError, DataError


def table(**cells: list[str]) -> TextTable:
    return TextTable(Path("cases.csv"), "row", range(2, 2 + len(next(iter(cells.values())))), cells)


@pytest.mark.parametrize("text", ["", "  ", "NA", "n/a", "NaN", "null", "None"])
def test_a_number_may_be_missing(text: str) -> None:
    found = parse_number(text)
    assert found is not None and math.isnan(found)


def test_numbers_are_numbers() -> None:
    assert parse_number("-1.5e3") == -1500
    assert parse_number("inf") is parse_number("1,5") is parse_number("old") is parse_number("1_000") is None


def test_a_cell_that_is_no_number_is_named_with_its_row() -> None:
    inputs = InputColumns(image="id", numbers=("age",))
    with pytest.raises(
        DataError, match=r'data.input.numbers: 1 cell of age in cases.csv is no number:\n.*row 3: age is "1,5"'
    ):
        read_columns(table(id=["a", "b"], age=["3", "1,5"]), inputs)
    with pytest.raises(ConfigError, match='has no column "age"'):
        read_columns(table(id=["a"]), inputs)


def test_cells_of_rows_are_chosen_and_named_by_content() -> None:
    inputs = InputColumns(image="id", numbers=("age",), words=("ward",))
    cells = read_columns(table(id=["a", "b", "c"], age=["3", "", "5"], ward=["B", "C", ""]), inputs)
    own = cells.select([2, 0])
    np.testing.assert_array_equal(own.numbers["age"], [5, 3])
    assert own.words["ward"] == ["", "B"]
    assert cells.names == ("age", "ward")
    assert cells.content(1) == ["nan", "C"]


def test_rows_of_a_request_may_lack_cells_and_say_what_is_wrong() -> None:
    cells, problems = cells_of_rows(["age"], ["ward"], [{"age": "4"}, {"age": "old", "ward": " B "}])
    assert problems == [None, 'age is "old", which is no number']
    assert cells.words["ward"] == ["", "B"]
    assert cells.numbers["age"][0] == 4
