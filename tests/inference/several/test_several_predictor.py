"""The predictor of several inputs: what one input lacks is the problem of its example."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.inputs import InputColumns
from kerastune_ft.data.several.columns import ColumnCells
from kerastune_ft.data.several.encoding import ColumnEncoding
from kerastune_ft.inference.decode_ahead import DecodedInput
from kerastune_ft.inference.items import Item
from kerastune_ft.inference.several.several_predictor import SeveralPredictor


class Reader:
    """Reads pictures of one pixel, whose value is the name's length; `bad` cannot be read."""

    def read(self, item: Item) -> DecodedInput:
        if item.name == "bad":
            return DecodedInput(item.name, None, "is damaged")
        return DecodedInput(item.name, tf.fill([1, 1, 3], len(item.name)), remarks=("are turned",))


class Model:
    """Adds up a picture and the columns; gives rows of them."""

    output_shape = (None, 1)

    def __call__(self, inputs: Any, training: bool) -> Any:
        return inputs["image"][:, 0, 0, :1] + tf.reduce_sum(inputs["columns"], 1, keepdims=True)


@pytest.fixture
def predictor() -> SeveralPredictor:
    made = object.__new__(SeveralPredictor)
    made._inputs = InputColumns(image="photo", numbers=("age",))
    made._readers, made._settings = {"image": Reader()}, None
    made._encoding = ColumnEncoding.fit(ColumnCells({"age": np.array([0.0, 2.0])}), np.arange(2))
    made._outputs = made._compute
    made._done, made._cut, made._remarks = 0, 0, __import__("collections").Counter()
    made._run_model = SimpleNamespace(
        model=Model(),
        cells=lambda outputs: ({"value": float(row[0])} for row in outputs),
        row=lambda name, problem, cells: {"input": name, "error": problem, **({} if problem else next(cells))},
    )
    return made


def item(photo: str, age: str) -> Item:
    return Item(photo, parts={"image": Item(photo)}, cells={"age": age})


def test_rows_are_in_order_and_say_what_is_wrong(predictor: SeveralPredictor) -> None:
    items = [item("abc", "2"), item("bad", "2"), item("ab", "old"), item("a", "")]
    rows = [row for rows in predictor.batches(items, 3) for row in rows]
    assert rows == [
        {"input": "abc", "error": None, "value": 4.0},
        {"input": "bad", "error": "photo: is damaged"},
        {"input": "ab", "error": 'age is "old", which is no number'},
        # The mean, which is 1, stands for a missing age.
        {"input": "a", "error": None, "value": 1.0},
    ]
    assert predictor.notes() == ["2 of 4 inputs are turned"]


def test_an_item_with_a_problem_of_its_own_keeps_it(predictor: SeveralPredictor) -> None:
    assert predictor.read(Item("line 3", problem="is not a JSON object")).problem == "is not a JSON object"
    found = predictor.read(item("abcd", "1"))
    assert math.isclose(float(found.values["columns"][0]), 0.0)
