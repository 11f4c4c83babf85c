"""Numbers are standardised and words numbered by the training split, with stated rules for what is missing."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from kerastune_ft.data.several.columns import ColumnCells
from kerastune_ft.data.several.encoding import MOST_CATEGORIES, ColumnEncoding
from kerastune_ft.errors import DataError

NAN = math.nan
CELLS = ColumnCells(
    {"age": np.array([10.0, 20.0, NAN, 30.0, NAN]), "dose": np.array([1.0, 2.0, 3.0, 4.0, NAN])},
    {"ward": ["B", "A", "", "B", "Z"], "arm": ["l", "r", "l", "r", ""]},
)
TRAIN = np.arange(4)


def test_vectors_follow_from_the_training_split_by_hand() -> None:
    encoding = ColumnEncoding.fit(CELLS, TRAIN)
    deviation = math.sqrt(200 / 3)
    doses = math.sqrt(1.25)
    wanted = [
        # age, dose, age is missing, ward (missing, A, B), arm (l, r)
        [-10 / deviation, -1.5 / doses, 0, 0, 0, 1, 1, 0],
        [0, -0.5 / doses, 0, 0, 1, 0, 0, 1],
        [0, 0.5 / doses, 1, 1, 0, 0, 1, 0],
        [10 / deviation, 1.5 / doses, 0, 0, 0, 1, 0, 1],
        # Z is unknown and counts as missing; a dose is missing in no training example, nor is an arm.
        [0, 0, 1, 1, 0, 0, 0, 0],
    ]
    np.testing.assert_allclose(encoding.encode(CELLS), wanted, rtol=1e-6)
    assert encoding.width == 8
    assert encoding.encode(CELLS).dtype == np.float32


def test_an_encoding_is_the_same_after_json() -> None:
    encoding = ColumnEncoding.fit(CELLS, TRAIN)
    again = ColumnEncoding.from_json(json.loads(json.dumps(encoding.to_json())))
    assert again == encoding


def test_what_is_missing_or_tells_nothing_is_said() -> None:
    cells = ColumnCells({**CELLS.numbers, "year": np.full(5, 2020.0), "at": 1.7e9 + np.arange(5)}, CELLS.words)
    said = " | ".join(ColumnEncoding.fit(cells, TRAIN).describe(cells, TRAIN))
    assert "age is missing in 2 of 5 examples: the mean of the training split stands for it, and one more input" in said
    assert "dose is missing in 1 of 5 examples, none of them of the training split: its mean stands for it" in said
    assert "year is 2020 in all examples and tells nothing" in said
    assert "at has a mean of 1.7e+09" in said and "few digits" in said
    assert "ward is missing in 1 of 5 examples: they are a category of their own" in said
    assert "ward has 1 word that none of the training split has, in 1 example: they count as missing" in said
    assert "arm is missing in 1 of 5 examples: none of them of the training split, so no category" in said


def test_columns_that_nothing_is_learnt_of_are_refused() -> None:
    with pytest.raises(DataError, match="none of the training examples has a age"):
        ColumnEncoding.fit(ColumnCells({"age": np.array([NAN, 1.0])}), np.array([0]))
    many = [str(number) for number in range(MOST_CATEGORIES + 1)]
    with pytest.raises(DataError, match="1,001 different words in 1,001 training examples"):
        ColumnEncoding.fit(ColumnCells({}, {"id": many}), np.arange(len(many)))
    with pytest.raises(DataError, match="none of the training examples has a ward"):
        ColumnEncoding.fit(ColumnCells({}, {"ward": ["", "B"]}), np.array([0]))


def test_folds_standardise_by_their_own_examples_in_one_layout() -> None:
    cells = ColumnCells({"age": CELLS.numbers["age"]}, {"ward": ["B", "A", "", "B", "Z"], "arm": CELLS.words["arm"]})
    layout, own = ColumnEncoding.fit(cells, np.arange(5)), ColumnEncoding.fit(cells, np.array([0, 1, 3]))
    fold = layout.refit(cells, np.array([0, 1, 3]))
    assert fold.width == layout.width == 1 + 1 + 4 + 3 and own.width == 1 + 2 + 2
    deviation = math.sqrt(200 / 3)
    wanted = [
        # age, age is missing, ward (missing, A, B, Z), arm (missing, l, r); what training lacks stays 0.
        [-10 / deviation, 0, 0, 0, 1, 0, 0, 1, 0],
        [0, 0, 0, 1, 0, 0, 0, 0, 1],
        [0, 0, 0, 0, 0, 0, 0, 1, 0],
        [10 / deviation, 0, 0, 0, 1, 0, 0, 0, 1],
        [0] * 9,
    ]
    np.testing.assert_allclose(fold.encode(cells), wanted, rtol=1e-6)
    np.testing.assert_array_equal(fold.encode(cells)[:, [0, 3, 4, 7, 8]], own.encode(cells))
    # Where training examples lack a word, one that only others have counts as missing.
    other = layout.refit(cells, np.arange(4)).encode(cells)
    assert other[4].tolist() == [0, 1, 1, 0, 0, 0, 0, 0, 0] and other[2, 2:6].tolist() == [1, 0, 0, 0]
    assert ColumnEncoding.from_json(json.loads(json.dumps(fold.to_json()))) == fold


def test_an_ensemble_has_the_vectors_of_its_members_one_behind_the_other() -> None:
    layout = ColumnEncoding.fit(CELLS, np.arange(5))
    members = tuple(layout.refit(CELLS, train) for train in (np.arange(4), np.array([0, 1, 4])))
    whole = replace(layout, members=members)
    assert whole.width == 2 * layout.width
    np.testing.assert_array_equal(whole.encode(CELLS), np.concatenate([each.encode(CELLS) for each in members], axis=1))
    assert ColumnEncoding.from_json(json.loads(json.dumps(whole.to_json()))) == whole
