"""Operations that converters lack, or get wrong, in others that they know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras

from kerastune_ft.exporting.graphs.spectrograms import replace_mel, replace_transform
from kerastune_ft.graph import keras_private


def with_portable_operations(model: keras.Model) -> keras.Model:
    """Return a model with the same layers and weights, in which converters know every operation as far as can be.

    A model without others is returned itself. Raises ConfigError for an operation that has no such form.
    """
    if not _has_others(model):
        return model
    inputs = keras.tree.map_structure(
        lambda tensor: keras.Input(tuple(tensor.shape[1:]), dtype=tensor.dtype, name=tensor.name), model.input
    )
    return keras.Model(inputs, keras_private.run_graph(model, inputs, _call), name=model.name)


def _call(operation: Any, *arguments: Any, **options: Any) -> Any:
    if keras_private.is_functional(operation):
        return with_portable_operations(operation)(*arguments, **options)
    replace = _REPLACEMENTS.get(type(operation).__name__)
    return (operation if replace is None else replace(operation))(*arguments, **options)


def _has_others(model: keras.Model) -> bool:
    return any(
        type(node.operation).__name__ in _REPLACEMENTS
        or (keras_private.is_functional(node.operation) and _has_others(node.operation))
        for node in keras_private.nodes_in_order(model)
    )


class SumOfExponentials(keras.layers.Layer):
    """The logarithm of a sum of two exponentials, by the logarithm of 1 to 2 where Keras takes `log1p`."""

    def __init__(self, like: Any) -> None:
        """Take the place of the operation `like`, under a name that no other has."""
        super().__init__(name=f"{like.name}_portable", trainable=False, dtype="float32")

    def call(self, first: Any, second: Any) -> Any:
        """Return log(exp(first) + exp(second))."""
        less = -keras.ops.abs(first - second)
        return keras.ops.maximum(first, second) + keras.ops.log(1.0 + keras.ops.exp(less))


_REPLACEMENTS: Mapping[str, Callable[[Any], Any]] = {
    "MelSpectrogram": replace_mel,
    "STFT": replace_transform,
    "Logaddexp": SumOfExponentials,
}
"""What makes a replacement of an operation, by the name of its class: those of operations Keras does not export."""
