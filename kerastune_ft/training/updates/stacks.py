"""Many steps in one compiled call, on batches stacked in memory: small steps cost more to call than to compute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf


class StackedCall:
    """A graph function called on batch after batch of a stack, in a loop that the device runs.

    A stack is a structure of tensors [batches, ...]. The function is compiled for each structure and shape of a batch,
    as a function of its own, so that it computes what it computes when it is called for one batch alone.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        """`function` takes the parts of a batch, then what is the same for all batches; it returns tensors."""
        self._function = function
        self._calls: dict[Any, Callable[..., Any]] = {}

    def __call__(self, stack: tuple, first: int, count: int, *others: tf.Tensor) -> Any:
        """Return what the function gives for `count` batches from number `first` on, stacked, one after the other."""
        key = tuple((tensor.dtype, tuple(tensor.shape[1:])) for tensor in tf.nest.flatten((stack, others)))
        if key not in self._calls:
            self._calls[key] = self._compile(stack, others)
        return self._calls[key](stack, tf.constant(first, tf.int32), tf.constant(count, tf.int32), others)

    def _compile(self, stack: tuple, others: tuple) -> Callable[..., Any]:
        batch = tf.nest.map_structure(lambda tensor: tf.TensorSpec(tensor.shape[1:], tensor.dtype), stack)
        many = tf.nest.map_structure(lambda tensor: tf.TensorSpec([None, *tensor.shape[1:]], tensor.dtype), stack)
        alike = tuple(tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in others)
        one = tf.function(self._function, autograph=False).get_concrete_function(*batch, *alike)
        made = one.structured_outputs

        def run(stack: tuple, first: tf.Tensor, count: tf.Tensor, others: tuple) -> Any:
            def step(place: tf.Tensor, arrays: list[tf.TensorArray]) -> tuple[tf.Tensor, list[tf.TensorArray]]:
                own = tf.nest.map_structure(lambda tensor: tensor[first + place], stack)
                found = tf.nest.flatten(one(*own, *others))
                return place + 1, [array.write(place, value) for array, value in zip(arrays, found, strict=True)]

            arrays = [tf.TensorArray(each.dtype, count, element_shape=each.shape) for each in tf.nest.flatten(made)]
            begin = (tf.constant(0), arrays)
            _, arrays = tf.while_loop(lambda place, _: place < count, step, begin, parallel_iterations=1)
            return tf.nest.pack_sequence_as(made, [array.stack() for array in arrays])

        number = tf.TensorSpec([], tf.int32)
        return tf.function(run, autograph=False).get_concrete_function(many, number, number, alike)
