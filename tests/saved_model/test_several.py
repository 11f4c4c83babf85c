"""The saved model of several inputs standardises numbers and encodes words as the loader does."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from kerastune_ft.data.several.columns import ColumnCells
from kerastune_ft.data.several.encoding import ColumnEncoding
from kerastune_ft.saved_model.several import begin_columns, give_columns

CELLS = ColumnCells(
    {"age": np.array([10.0, 20.0, math.nan, 1.5e6]), "dose": np.array([1.0, 2.0, 3.0, 4.0])},
    {"ward": ["B", "A", "", "Z"], "arm": ["l", "r", "l", "up"]},
)


def test_columns_are_encoded_inside_to_the_last_bit_and_after_saving(tmp_path: Path) -> None:
    encoding = ColumnEncoding.fit(CELLS, np.arange(3))
    inputs, vector = begin_columns(encoding)
    keras.Model(inputs, vector).save(tmp_path / "columns.keras")
    opened = keras.models.load_model(tmp_path / "columns.keras")
    given = give_columns(encoding, CELLS)
    assert given["words"].tolist() == [[2, 1], [1, 2], [0, 1], [0, 0]]
    np.testing.assert_array_equal(np.asarray(opened(given)), encoding.encode(CELLS))


def test_one_column_needs_no_other() -> None:
    encoding = ColumnEncoding.fit(ColumnCells({}, {"arm": CELLS.words["arm"]}), np.arange(4))
    inputs, vector = begin_columns(encoding)
    assert list(inputs) == ["words"] and vector.shape == (None, 3)


def test_an_ensemble_encodes_for_each_member_inside(tmp_path: Path) -> None:
    layout = ColumnEncoding.fit(CELLS, np.arange(4))
    whole = replace(layout, members=tuple(layout.refit(CELLS, train) for train in (np.arange(3), np.array([0, 1]))))
    inputs, vector = begin_columns(whole)
    keras.Model(inputs, vector).save(tmp_path / "columns.keras")
    opened = keras.models.load_model(tmp_path / "columns.keras")
    np.testing.assert_array_equal(np.asarray(opened(give_columns(whole, CELLS))), whole.encode(CELLS))
