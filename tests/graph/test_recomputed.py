"""Layers that compute with another layer's variables: at which side of a cut, and after the model is made anew."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from kerastune_ft.graph.partition import partition
from kerastune_ft.graph.rebuild import precision
from kerastune_ft.graph.recomputed import Borrower


class _Outer(Borrower):
    """Gives every example the kernel of a dense layer, times its number: [batch, 2] of [batch, 1]."""

    @property
    def loans(self) -> list[keras.Variable]:
        return [self.lender_layer.kernel]

    def call(self, numbers: Any) -> Any:
        return numbers * keras.ops.cast(keras.ops.sum(self.lender_layer.kernel, 0), self.compute_dtype)

    def compute_output_spec(self, numbers: Any) -> keras.KerasTensor:
        return keras.KerasTensor((numbers.shape[0], 2), self.compute_dtype)


def _model() -> keras.Model:
    values, numbers = keras.Input((3,), name="values"), keras.Input((1,), name="numbers")
    low = keras.layers.Dense(2, name="low")(values)
    passed = keras.layers.Rescaling(1.0, name="passed")(numbers)
    outer = _Outer("low", name="outer")
    added = keras.layers.Add(name="added")([low, outer(passed)])
    model = keras.Model({"values": values, "numbers": numbers}, keras.layers.Dense(1, name="high")(added))
    outer.borrow(model)
    return model


_GIVEN = {"values": np.ones((4, 3), "float32"), "numbers": np.arange(4, dtype="float32")[:, None]}


def test_what_it_reads_crosses_the_cut_and_not_what_it_computes() -> None:
    model = _model()
    assert len(model.variables) == 4
    parts = partition(model, ["added_none"], live=["added"])
    assert sorted(parts.cut_names) == ["low", "passed"]
    assert parts.prefix is not None
    middle = parts.prefix(_GIVEN)
    np.testing.assert_array_equal(parts.tail(middle), model(_GIVEN))
    # Above the sum nothing of it is needed.
    assert partition(model, ["high/kernel"]).cut_names == ("added",)


def test_it_belongs_to_the_tail_where_its_lender_trains() -> None:
    model = _model()
    assert partition(model, ["low/kernel"]).prefix is None
    assert partition(model, ["low/bias"]).prefix is None


def test_a_model_made_anew_lends_its_own_layers() -> None:
    model = _model()
    made = precision.rebuild(model, "mixed_bfloat16")
    assert made.get_layer("outer").lender_layer is made.get_layer("low")
    assert len(made.variables) == 4
    made.get_layer("low").kernel.assign(np.full((3, 2), 2.0))
    own = made.get_layer("outer")(np.ones((1, 1), "float32"))
    np.testing.assert_array_equal(np.asarray(own, "float32"), [[6.0, 6.0]])
