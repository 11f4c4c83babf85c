"""Finds the tensor that a head is put on in a model that ends in a classifier: its last feature map."""

from __future__ import annotations

import re
from typing import Any

import keras

from kerastune_ft.graph import keras_private

_POOLS_ALL = re.compile(r"Global(Average|Max)Pooling|Flatten$")
_WITH_POSITIONS = (3, 4)


def last_feature_map(model: keras.Model) -> tuple[str, Any]:
    """Return the operation and the tensor that a head is put on.

    That is the last tensor of a flat model with positions in it, [height, width, channels] or [length, channels], which
    weights had a part in; without one, the model's own output. Shapes alone do not tell: a classifier may keep two axes
    of one position each, so everything that rests on globally pooled or flattened features alone has no positions.
    """
    pooled: set[int] = set()
    weighted: set[int] = set()
    name, found = "", None
    for node in keras_private.nodes_in_order(model):
        if isinstance(node.operation, keras.layers.InputLayer):
            continue
        sources = [id(tensor) for tensor in node.inputs]
        outputs = {id(tensor) for tensor in node.outputs}
        if _POOLS_ALL.match(type(node.operation).__name__) or (sources and pooled.issuperset(sources)):
            pooled |= outputs
        if getattr(node.operation, "weights", None) or weighted.intersection(sources):
            weighted |= outputs
            tensor = node.outputs[0]
            if id(tensor) not in pooled and len(tensor.shape) in _WITH_POSITIONS:
                name, found = node.operation.name, tensor
    if found is None:
        return producer(model, model.output), model.output
    return name, found


def producer(model: keras.Model, tensor: Any) -> str:
    """Return the name of the operation that a tensor of a model comes from."""
    return next(
        node.operation.name
        for node in keras_private.nodes_in_order(model)
        if any(one is tensor for one in node.outputs)
    )


def layers_above(model: keras.Model, tensor: Any) -> int:
    """Return how many layers of a model a head on this tensor leaves out."""
    return len(model.layers) - len(keras.Model(model.input, tensor).layers)
