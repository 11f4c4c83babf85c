"""Where several inputs of a model meet: an encoder's output and what a decoder has made of its own tokens, say."""

from __future__ import annotations

from typing import Any

import keras

from kerastune_ft.graph import keras_private


def has_weights(operation: Any) -> bool:
    """Return whether an operation computes with variables; the statistics of `Normalization` are none."""
    return bool(getattr(operation, "variables", [])) and not isinstance(operation, keras.layers.Normalization)


def find_meetings(model: keras.Model) -> frozenset[int]:
    """Return the ids of the tensors made by operations in which two inputs meet, each computed with variables before.

    Two tensors that depend on an input in common do not meet, nor does a mask, which is computed with none. What is
    below all of them is the same wherever the model is cut above.
    """
    origins = {id(tensor): frozenset({number}) for number, tensor in enumerate(model.inputs)}
    weighted: set[int] = set()
    found: set[int] = set()
    for node in keras_private.nodes_in_order(model):
        read = [id(tensor) for tensor in node.inputs]
        computed = {origins[each] for each in read if each in weighted and origins[each]}
        if any(one.isdisjoint(other) for one in computed for other in computed):
            found |= {id(tensor) for tensor in node.outputs}
        if has_weights(node.operation) or not weighted.isdisjoint(read):
            weighted |= {id(tensor) for tensor in node.outputs}
        own = frozenset[int]().union(*(origins[each] for each in read))
        for tensor in node.outputs:
            origins.setdefault(id(tensor), own)
    return frozenset(found)
