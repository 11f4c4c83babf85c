"""Windows in a graph: parts of an example that a backbone reads one by one, as rows of a batch of their own.

`UnfoldWindows` lies where they begin and `FoldWindows` where they are brought together again. In between every tensor
has a row for each window, and outside of both a row for each example: at a cut too, see `graph.partition`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras

from kerastune_ft.graph import keras_private

# How the names of these layers end in a head that a caller built, where they are named by their classes.
_FOLD = "_fold_windows"


class _Reshaping(keras.layers.Layer):
    """A layer that moves values and never casts them."""

    def __init__(self, name: str, dtype: Any = None) -> None:
        """Take a name, and a dtype that has no effect."""
        super().__init__(name=name, dtype=dtype, autocast=False)

    def get_config(self) -> dict[str, Any]:
        """Return what the layer is made again from."""
        return {"name": self.name, "dtype": self.dtype_policy.name}


class UnfoldWindows(_Reshaping):
    """Gives every window a row of its own: [examples, windows, ...] becomes [examples x windows, ...]."""

    def call(self, inputs: Any) -> Any:
        """Return one row for each window; all axes but the first two must be static."""
        return keras.ops.reshape(inputs, (-1, *inputs.shape[2:]))

    def compute_output_spec(self, inputs: Any) -> keras.KerasTensor:
        """Return the symbolic result."""
        return keras.KerasTensor((None, *inputs.shape[2:]), inputs.dtype)


class FoldWindows(_Reshaping):
    """Undoes `UnfoldWindows`: [examples x windows, ...] becomes [examples, windows, ...]."""

    def call(self, inputs: Any, windows: Any) -> Any:
        """Return one row for each example; `windows` is an integer tensor [examples, windows, ...]."""
        examples, count = keras.ops.shape(windows)[:2]
        return keras.ops.reshape(inputs, (examples, count, *inputs.shape[1:]))

    def compute_output_spec(self, inputs: Any, windows: Any) -> keras.KerasTensor:
        """Return the symbolic result."""
        return keras.KerasTensor((*windows.shape[:2], *inputs.shape[1:]), inputs.dtype)


def make_folding_layers(names: Iterable[str]) -> dict[str, FoldWindows]:
    """Return by name new layers for the operations of a saved model that undo windows, of these layers of its head."""
    return {name: FoldWindows(name=name, dtype="float32") for name in names if name.endswith(_FOLD)}


def find_window_rows(model: keras.Model) -> tuple[frozenset[int], Any]:
    """Return the ids of the tensors of a functional model that have a row for each window, and what they fold by.

    That is the symbolic tensor [examples, windows, length] that a `FoldWindows` of the model reads; None without one.
    """
    rows: set[int] = set()
    shaping = None
    for node in keras_private.nodes_in_order(model):
        if isinstance(node.operation, FoldWindows):
            shaping = node.inputs[1]
        elif isinstance(node.operation, UnfoldWindows) or any(id(tensor) in rows for tensor in node.inputs):
            rows |= {id(tensor) for tensor in node.outputs}
    return frozenset(rows), shaping


def call_in_stock_operations(layer: Any, *arguments: Any, **options: Any) -> Any:
    """Call an operation of a graph, or what computes the same with Keras alone where it is one of these two layers."""
    if isinstance(layer, UnfoldWindows):
        (inputs,) = arguments
        return keras_private.rename(keras.ops.reshape(inputs, (-1, *inputs.shape[2:])), layer.name)
    if isinstance(layer, FoldWindows):
        return keras_private.rename(_fold_by_number(*arguments), layer.name)
    return layer(*arguments, **options)


def _fold_by_number(inputs: Any, windows: Any) -> Any:
    """Return rows of windows by example: looked up by number, since no stock layer takes sizes of another tensor."""
    ones = keras.ops.ones_like(keras.ops.max(windows, axis=-1))
    before = keras.ops.cumsum(ones, axis=0) - 1
    numbers = before * keras.ops.sum(ones, axis=1, keepdims=True) + keras.ops.cumsum(ones, axis=1) - 1
    return keras.ops.take(inputs, numbers, axis=0)
