"""Members of a cross-validation encode numbers and words by what they train on, and the ensemble for each of them."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np

from kerastune_ft.backbones.several import COLUMNS
from kerastune_ft.data.several.columns import ColumnCells
from kerastune_ft.data.several.encoding import ColumnEncoding
from kerastune_ft.folds.columns import divide_inputs, encode_columns, join_columns

CELLS = ColumnCells({"age": np.array([1.0, 2.0, 3.0, 10.0])}, {"ward": ["A", "B", "A", "C"]})


def session(inputs: Any) -> Any:
    encoding = ColumnEncoding.fit(CELLS, np.arange(4))
    config = SimpleNamespace(data=SimpleNamespace(inputs=inputs))
    return SimpleNamespace(
        config=config, loader=SimpleNamespace(encoding=encoding), source=SimpleNamespace(cells=CELLS)
    )


def test_a_member_learns_nothing_of_its_fold() -> None:
    found = encode_columns(session(SimpleNamespace(has_columns=True)), np.array([0, 1, 2]))
    assert found is not None
    assert (found.numbers[0].mean, found.words[0].known) == (2.0, ("A", "B"))
    assert found.encode(CELLS)[3, 1:].tolist() == [0, 0, 0], "C is none of its words"


def test_without_columns_there_is_nothing_to_encode() -> None:
    assert encode_columns(session(None), np.arange(3)) is None
    assert encode_columns(session(SimpleNamespace(has_columns=False)), np.arange(3)) is None
    assert join_columns(session(None), [None, None]) is None
    inputs = {"image": 1}
    assert divide_inputs(inputs, None, ["a", "b"]) == (inputs, {"a": inputs, "b": inputs})


def test_each_member_of_an_ensemble_gets_its_own_vector() -> None:
    whole = session(SimpleNamespace(has_columns=True))
    members = [encode_columns(whole, np.array(train)) for train in ([0, 1, 2], [1, 2, 3])]
    joined = join_columns(whole, members)
    assert joined == replace(whole.loader.encoding, members=tuple(members))
    inputs, own = divide_inputs({COLUMNS: None}, joined, ["a", "b"])
    model = keras.Model(inputs, [own[place][COLUMNS] for place in ("a", "b")])
    for found, member in zip(model({COLUMNS: joined.encode(CELLS)}), members, strict=True):
        np.testing.assert_array_equal(found, member.encode(CELLS))  # type: ignore[union-attr]
