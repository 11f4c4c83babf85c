"""What backpropagation keeps inside layers that are made of others, as the blocks of transformers, counted in a trace.

A graph of Keras shows of such a layer its outputs alone; the scores of its attention and what is between the parts of
its feed-forward net are many times as much.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from kerastune_ft.graph import keras_private, normalisation, randomness
from kerastune_ft.quiet_imports import without_warnings_of_keras

# Examples of a trace, a prime number: what is no multiple of it, as gradients of weights, is not of examples.
_ROWS = 97
# Operations whose outputs are what they read, in another shape or under another name.
_ALIASES = ("Identity", "Reshape", "ExpandDims", "Squeeze", "StopGradient", "PreventGradient", "IdentityN")
_SIZED = (tf.float32, tf.float16, tf.bfloat16, tf.float64, tf.bool, tf.int32, tf.int64, tf.uint8, tf.uint32)
# Those that compute nothing of an example.
_FREE = ("Placeholder", "Const", "ReadVariableOp", "VariableV2", "VarHandleOp", "NoOp")


@dataclass(frozen=True)
class Kept:
    """The bytes of one example inside a layer, beside its inputs and outputs."""

    kept: float
    """From the forward pass until its gradients are computed."""
    largest: float
    """At the widest place of its backward pass, what it has kept included."""


NOTHING = Kept(0.0, 0.0)


# What is known of layers, those that are alike once in a process.
_known: dict[str, Kept] = {}


def measure_inside(node: keras_private.Node, shape: Callable[[Any], Sequence[int]]) -> Kept:
    """Return what backpropagation keeps inside one use of a layer; nothing where it is not made of others.

    `shape` returns of a symbolic tensor that of one example, without open axes.
    """
    layer = node.operation
    if not isinstance(layer, keras.layers.Layer) or not keras_private.inner_layers(layer):
        return NOTHING
    tensors = [tensor for tensor in keras.tree.flatten(_both(node.arguments)) if isinstance(tensor, keras.KerasTensor)]
    specs = [tf.TensorSpec([_ROWS, *shape(tensor)], tensor.dtype) for tensor in tensors]
    try:
        key = f"{_describe(layer)} {specs}"
    except NotImplementedError:
        # A layer of a person's own, without a configuration.
        return NOTHING
    if key not in _known:
        try:
            _known[key] = _count(*_trace(layer, node.arguments, tensors, specs))
        except (ValueError, TypeError, NotImplementedError, RuntimeError, tf.errors.OpError):
            # No gradient of it is known, or it asks for more than its inputs: its outputs alone are counted.
            _known[key] = NOTHING
    return _known[key]


def _both(arguments: Any) -> tuple[Any, Any]:
    return arguments.args, arguments.kwargs


def _describe(layer: keras.layers.Layer) -> str:
    """Return what alike layers have in common: their kind, their options but for names, and what of them trains."""
    with without_warnings_of_keras():
        options = {name: value for name, value in layer.get_config().items() if name != "name"}
    trained = [variable.trainable for variable in layer.variables]
    said = json.dumps(options, default=str, sort_keys=True).replace(layer.name, "")
    return f"{type(layer).__module__}.{type(layer).__name__} {said} {trained}"


def _trace(
    layer: keras.layers.Layer, arguments: Any, tensors: Sequence[Any], specs: Sequence[tf.TensorSpec]
) -> tuple[list[tf.Operation], int, list[tf.Tensor]]:
    """Return the operations of a layer's forward and backward pass, how many are of the first, and its outputs."""
    places = {id(tensor): place for place, tensor in enumerate(tensors)}
    forward: list[int] = []
    made: list[tf.Tensor] = []

    def run(*given: tf.Tensor) -> list[tf.Tensor]:
        def fill(value: Any) -> Any:
            return given[places[id(value)]] if id(value) in places else value

        args, kwargs = keras.tree.map_structure(fill, _both(arguments))
        floats = [tensor for tensor in given if tensor.dtype.is_floating]
        variables = [variable.value for variable in layer.trainable_variables]
        with (
            randomness.address_draws(tf.zeros([_ROWS, 2], tf.uint32)),
            normalisation.count_by_weight(tf.ones([_ROWS])),
            tf.GradientTape(watch_accessed_variables=False) as tape,
        ):
            tape.watch([*floats, *variables])
            outputs = keras.tree.flatten(keras_private.call_in_training(layer, args, kwargs))
            computed = [output for output in outputs if output.dtype.is_floating]
        forward.append(len(computed[0].graph.get_operations()))
        made.extend(outputs)
        gradients = tape.gradient(computed, [*floats, *variables])
        return [tf.convert_to_tensor(gradient) for gradient in gradients if gradient is not None]

    traced = tf.function(run, autograph=False).get_concrete_function(*specs)
    operations = traced.graph.get_operations()
    # Gradients that nobody asked for, as those of the masks of dropout, are left out before a step is computed.
    needed = _find_needed([*traced.graph.outputs, *made])
    return (
        [operation for operation in operations if operation.name in needed],
        sum(operation.name in needed for operation in operations[: forward[0]]),
        made,
    )


def _find_needed(tensors: Sequence[tf.Tensor]) -> set[str]:
    """Return the names of the operations that tensors are computed by."""
    found: set[str] = set()
    stack = [tensor.op for tensor in tensors]
    while stack:
        operation = stack.pop()
        if operation.name not in found:
            found.add(operation.name)
            stack += [tensor.op for tensor in operation.inputs]
    return found


def _count(operations: Sequence[tf.Operation], forward: int, outputs: Sequence[tf.Tensor]) -> Kept:
    """Return what is kept and live, where each tensor is let go after what reads it last, in the order of the trace."""
    sources: dict[str, tf.Tensor] = {}
    last: dict[str, int] = {}
    for place, operation in enumerate(operations):
        for tensor in operation.inputs:
            last[_source(tensor, sources)] = place
        if operation.type in _ALIASES and operation.inputs:
            for output, read in zip(operation.outputs, operation.inputs, strict=False):
                sources[output.name] = sources.get(read.name, read)
    free = {_source(tensor, sources) for tensor in outputs}
    kept: dict[str, float] = {}
    for operation in operations[:forward]:
        for name, size in _new_tensors(operation).items():
            if name not in free and last.get(name, -1) >= forward:
                kept[name] = size
    live, largest = dict(kept), sum(kept.values())
    for place in range(forward, len(operations)):
        operation = operations[place]
        live |= _new_tensors(operation)
        largest = max(largest, sum(live.values()))
        for tensor in operation.inputs:
            name = _source(tensor, sources)
            if last[name] <= place:
                live.pop(name, None)
    return Kept(sum(kept.values()), largest)


def _source(tensor: tf.Tensor, sources: Mapping[str, tf.Tensor]) -> str:
    return str(sources.get(tensor.name, tensor).name)


def _new_tensors(operation: tf.Operation) -> dict[str, float]:
    """Return the bytes that an operation makes of an example, by the names of its outputs."""
    if operation.type in _ALIASES or operation.type in _FREE:
        return {}
    return {
        tensor.name: math.prod(tensor.shape) * tensor.dtype.size / _ROWS
        for tensor in operation.outputs
        if tensor.dtype in _SIZED and tensor.shape.is_fully_defined() and math.prod(tensor.shape) % _ROWS == 0
    }
