from __future__ import annotations

import math

import numpy as np

from kerastune_ft.data.several.columns import ColumnCells
from kerastune_ft.inspection.columns import find_in_columns
from kerastune_ft.inspection.findings import FAR, MISSING, SAME, Finding

SPLITS = ["train"] * 60 + ["validation"] * 20 + ["test"] * 20


def find(cells: ColumnCells) -> dict[str, Finding]:
    return {each.kind: each for each in find_in_columns(cells, SPLITS) if each is not None}


def make_numbers(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(40, 5, 100)


def test_nothing_is_found_in_usual_columns() -> None:
    flags = (np.arange(100) % 50 == 0).astype(float)
    incomes = np.exp(np.random.default_rng(1).normal(8, 3, 100))
    cells = ColumnCells({"age": make_numbers(), "flag": flags, "income": incomes}, {"ward": ["A", "B"] * 50})
    assert find(cells) == {}


def test_missing_values_are_counted_by_column_and_split() -> None:
    age, words = make_numbers(), ["A", "B"] * 50
    age[[3, 70, 95]] = math.nan
    words[7] = ""
    found = find(ColumnCells({"age": age}, {"ward": words}))[MISSING]
    assert found.count == 4
    assert found.detail == "age: 3 of 100 (1 in train, 1 in validation, 1 in test); ward: 1 of 100 (1 in train)"
    assert [row.positions for row in found.rows] == [(3, 70, 95), (7,)]


def test_columns_of_one_value_in_training_tell_nothing() -> None:
    unit = np.full(100, 7.0)
    unit[90] = 8
    found = find(ColumnCells({"age": make_numbers(), "unit": unit}, {"ward": ["A"] * 100}))[SAME]
    assert found.count == 2
    assert found.detail == 'unit is 7, ward is "A" in all 60 training examples'


def test_a_column_that_some_lack_tells_who_lacks_it() -> None:
    unit = np.where(np.arange(100) % 2, 7.0, math.nan)
    assert SAME not in find(ColumnCells({"unit": unit}))


def test_numbers_far_off_are_named() -> None:
    age = make_numbers()
    age[40] = 4000
    found = find(ColumnCells({"age": age}))[FAR]
    assert found.count == 1
    assert found.rows[0].positions == (40,)
    assert found.rows[0].words.startswith("age is 4000, where 4")


def test_one_value_far_off_again_and_again_stands_for_something_else() -> None:
    age = make_numbers()
    age[::8] = -999
    found = find(ColumnCells({"age": age}))[FAR]
    assert found.count == 13
    assert found.detail == "age is -999 in 13 examples: it may stand for a missing value"


def test_few_numbers_say_nothing_of_what_is_far() -> None:
    cells = ColumnCells({"age": np.array([1.0, 2.0, 3.0, 1000.0])})
    assert find_in_columns(cells, SPLITS[:4])[2] is None
