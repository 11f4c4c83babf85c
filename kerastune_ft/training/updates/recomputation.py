"""Gradients of a tail in segments, of which each is computed again when its gradients are: less memory, more time.

Keras and TensorFlow can compute a layer again too, but not where variables are mirrored over replicas or where a layer
is asked for gradients of some of its variables alone. Here the chain rule is applied segment by segment instead, by
tapes of their own, with the variables that train and no other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from kerastune_ft.graph.rebuild.segments import Segment

Loss = Callable[[Any], tuple[Any, Any]]
"""From the outputs of a tail to what is differentiated, and what is returned beside the gradients."""


class SegmentedTail:
    """A tail cut into segments at the ends of its blocks."""

    def __init__(self, tail: keras.Model, segments: Sequence[Segment]) -> None:
        """`segments` are in the order in which they are computed; the last one makes the outputs of the tail."""
        self._inputs = tuple(id(tensor) for tensor in tail.inputs)
        self._segments = tuple(segments)

    def differentiate(self, features: Any, variables: Sequence[tf.Variable], loss: Loss) -> tuple[list[tf.Tensor], Any]:
        """Return the gradient of a loss by these variables, 0 where it does not depend on one, and what else it gives.

        It is computed in training mode, twice but for the last segment: once for its outputs alone, and once, when
        its gradient is known, for that of what it depends on.
        """
        known = dict(zip(self._inputs, keras.tree.flatten(features), strict=True))
        *below, last = self._segments
        for segment in below:
            known |= zip(segment.gives, _run(segment, [known[each] for each in segment.takes]), strict=True)
        found: list[Any] = [None] * len(variables)
        upstream: dict[int, Any] = {}
        given = [known[each] for each in last.takes]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([*_floats(given), *variables])
            outputs = _run(last, given)
            differentiated, beside = loss(outputs[0])
        _spread(tape, differentiated, None, last, given, variables, upstream, found)
        for segment in reversed(below):
            wanted = [upstream.pop(each, None) for each in segment.gives]
            if all(each is None for each in wanted):
                continue
            # Computed only when all that is above is done, and by operations that no optimiser takes for those before.
            with tf.control_dependencies([each for each in wanted if each is not None]):
                given = [tf.identity(known[each]) for each in segment.takes]
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch([*_floats(given), *variables])
                outputs = _run(segment, given)
                pairs = [pair for pair in zip(outputs, wanted, strict=True) if pair[1] is not None]
            made, gradients = zip(*pairs, strict=True)
            _spread(tape, list(made), list(gradients), segment, given, variables, upstream, found)
        zeros = (tf.zeros(variable.shape, variable.dtype) for variable in variables)
        return [zero if each is None else each for each, zero in zip(found, zeros, strict=True)], beside


def _run(segment: Segment, given: Sequence[Any]) -> list[Any]:
    outputs = segment.model(given[0] if len(given) == 1 else list(given), training=True)
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]


def _floats(tensors: Sequence[Any]) -> list[Any]:
    return [tensor for tensor in tensors if tensor.dtype.is_floating]


def _spread(
    tape: tf.GradientTape,
    target: Any,
    gradients: Any,
    segment: Segment,
    given: Sequence[Any],
    variables: Sequence[tf.Variable],
    upstream: dict[int, Any],
    found: list[Any],
) -> None:
    """Add the gradients that a tape gives to those of the tensors below, by their ids, and of the variables."""
    floats = _floats(given)
    made = tape.gradient(target, [*floats, *variables], output_gradients=gradients)
    places = [place for place, tensor in zip(segment.takes, given, strict=True) if tensor.dtype.is_floating]
    for place, gradient in zip(places, made[: len(floats)], strict=True):
        if gradient is not None:
            upstream[place] = gradient if place not in upstream else upstream[place] + gradient
    for number, gradient in enumerate(made[len(floats) :]):
        if gradient is not None:
            dense = tf.convert_to_tensor(gradient)
            found[number] = dense if found[number] is None else found[number] + dense
