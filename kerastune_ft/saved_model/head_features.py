"""The features that enter the head of a trained model: what the backbone gives, after pooling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from kerastune_ft.graph import keras_private
from kerastune_ft.layers.heads import FIRST_LAYERS

ALONE = ("",)
"""The places of the members of a model that is no ensemble."""


def find_head_features(model: keras.Model, places: Sequence[str] = ALONE) -> Any:
    """Return the symbolic features [batch, features] that enter the head of a model, or of its last part.

    Of an ensemble they are those of all members, one behind the other; `places` are in front of their layers' names.
    """
    nodes = {node.operation.name: node for node in keras_private.nodes_in_order(model)}
    found = []
    for place in places:
        own = f"{place}_" if place else ""
        # What no member changed is there once, under its own name.
        first = next(nodes[name] for own_name in FIRST_LAYERS for name in (own + own_name, own_name) if name in nodes)
        # Of a layer of its own: Keras loses tensors that are both input and output.
        found.append(keras.layers.Identity(dtype="float32", name=f"{own}head_features")(first.inputs[0]))
    return found[0] if len(found) == 1 else keras.layers.Concatenate(dtype="float32", name="head_features")(found)


def with_head_features(model: keras.Model, places: Sequence[str] = ALONE) -> keras.Model:
    """Return the model with the features that enter its head behind its raw outputs, [batch, outputs + features]."""
    outputs = keras.layers.Concatenate(name="outputs_and_features", dtype="float32")(
        [model.output, find_head_features(model, places)]
    )
    return keras.Model(model.input, outputs)
