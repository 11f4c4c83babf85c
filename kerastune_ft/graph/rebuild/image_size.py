"""Applies a model's layers to images of another size, where nothing in its graph depends on the size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from kerastune_ft.graph import keras_private

Size = tuple[int, int]
"""Height and width."""

# What brings its input to a size of its own, whatever that is.
_RESIZING: tuple[type, ...] = (keras.layers.Resizing, keras.layers.CenterCrop)
_RESIZE = "Resize"


class NotResizable(Exception):
    """Something in a graph is made for one size; the message says what."""


def at_size(model: keras.Model, size: Size) -> keras.Model:
    """Return a model of the same layers for images of that height and width.

    Raises NotResizable where an operation is made for another size, or the images are too small for it.
    """
    given = model.inputs[0]
    if len(model.inputs) != 1 or len(given.shape) != 4:
        raise NotResizable("it takes no images")
    images = keras.Input((*size, given.shape[-1]), name=given.name, dtype=given.dtype)
    return _run(model, images, [images], {})


def continue_at(model: keras.Model, below: keras.Model, resized: keras.Model) -> keras.Model:
    """Return a model of the same layers for images of the size of `resized`, which is `below` at that size.

    `model` begins with the layers of `below` and goes on from its outputs. What follows may bring maps to the size of
    one of these outputs, or of the images, as decoders do: it then brings them to the new size of the same thing.
    Raises NotResizable where an operation that follows is made for another size, and where outputs that were as large
    as one of these are so no more.
    """
    sizes: dict[Size, Size] = {}
    pairs = zip([*below.outputs, *below.inputs], [*resized.outputs, *resized.inputs], strict=True)
    for before, after in ((_size_of(before), _size_of(after)) for before, after in pairs):
        if before is None or after is None:
            continue
        if sizes.setdefault(before, after) != after:
            raise NotResizable(f"maps of {before[0]} x {before[1]} become maps of several sizes")
    above = keras_private.model_between(below.outputs, model.output)
    made = _run(above, _structure(resized.outputs), resized.inputs, sizes)
    before, found = _size_of(model.output), _size_of(made.output)
    if before is None or found is None:
        return made
    wanted = sizes.get(before, found)
    if found != wanted:
        raise NotResizable(f"its outputs would be {found[0]} x {found[1]}, not {wanted[0]} x {wanted[1]}")
    return made


def _run(model: keras.Model, given: Any, inputs: Sequence[Any], sizes: Mapping[Size, Size]) -> keras.Model:
    """Return the model from `inputs` to what the operations of `model` make of the tensors given."""

    def call(operation: Any, *arguments: Any, **options: Any) -> Any:
        if isinstance(operation, _RESIZING) or type(operation).__name__ == _RESIZE:
            operation = _follow(operation, sizes)
        return _call(operation, *arguments, **options)

    made = keras.Model(_structure(inputs), keras_private.run_graph(model, given, call), name=model.name)
    _check_examples(made)
    return made


def _call(operation: Any, *arguments: Any, **options: Any) -> Any:
    try:
        return operation(*arguments, **options)
    except Exception as error:
        named = f"{operation.name} ({type(operation).__name__})"
        if "<= 0" in str(error) or "negative" in str(error).lower():
            raise NotResizable(f"the images are too small for {named}") from error
        raise NotResizable(f"{named} is made for one size") from error


def _follow(operation: Any, sizes: Mapping[Size, Size]) -> Any:
    """Return a layer that resizes maps as this one does, to what its size has become."""
    if isinstance(operation, keras.layers.Resizing):
        now = sizes.get((operation.height, operation.width))
        if now is not None:
            config = operation.get_config()
            return type(operation).from_config({**config, "height": now[0], "width": now[1]})
    raise NotResizable(f"{operation.name} ({type(operation).__name__}) brings its input to one size")


def _size_of(tensor: Any) -> Size | None:
    return tuple(tensor.shape[1:3]) if len(tensor.shape) == 4 else None


def _structure(tensors: Sequence[Any]) -> Any:
    return tensors[0] if len(tensors) == 1 else list(tensors)


def _check_examples(model: keras.Model) -> None:
    """Raise NotResizable for what only fails on tensors, and where examples would be mixed.

    A reshape that takes what it lacks from the batch would do that.
    """
    rows = 2
    spec = tf.TensorSpec((rows, *model.inputs[0].shape[1:]), model.inputs[0].dtype)
    compute = tf.function(lambda images: keras_private.run_graph(model, images, _call), autograph=False)
    outputs = compute.get_concrete_function(spec).structured_outputs
    if any(tensor.shape[0] != rows for tensor in tf.nest.flatten(outputs)):
        raise NotResizable("a reshape in it is made for one size")
