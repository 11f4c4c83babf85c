"""Applies a model's layers to images of another size, where nothing in its graph depends on the size."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from kerastune_ft.graph import keras_private


class NotResizable(Exception):
    """Something in a graph is made for one size; the message says what."""


def at_size(model: keras.Model, size: tuple[int, int]) -> keras.Model:
    """Return a model of the same layers for images of that height and width.

    Raises NotResizable where an operation is made for another size.
    """
    given = model.inputs[0]
    if len(model.inputs) != 1 or len(given.shape) != 4:
        raise NotResizable("it takes no images")
    images = keras.Input((*size, given.shape[-1]), name=given.name, dtype=given.dtype)

    def call(operation: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return operation(*arguments, **options)
        except Exception as error:
            raise NotResizable(f"{operation.name} ({type(operation).__name__}) is made for one size") from error

    made = keras.Model(images, keras_private.run_graph(model, images, call), name=model.name)
    _check_examples(made)
    return made


def _check_examples(model: keras.Model) -> None:
    """Raise NotResizable where examples would be mixed, as by a reshape that takes what it lacks from the batch."""
    rows = 2
    spec = tf.TensorSpec((rows, *model.inputs[0].shape[1:]), model.inputs[0].dtype)
    try:
        outputs = (
            tf.function(lambda images: model(images, training=False)).get_concrete_function(spec).structured_outputs
        )
    except Exception as error:
        raise NotResizable(next(iter(str(error).strip().splitlines()), type(error).__name__)) from error
    if any(tensor.shape[0] != rows for tensor in tf.nest.flatten(outputs)):
        raise NotResizable("a reshape in it is made for one size")
