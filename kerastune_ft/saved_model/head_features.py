"""The features that enter the head of a trained model: what the backbone gives, after pooling."""

from __future__ import annotations

from typing import Any

import keras

from kerastune_ft.graph import keras_private
from kerastune_ft.layers.heads import FIRST_LAYERS


def find_head_features(model: keras.Model) -> Any:
    """Return the symbolic features [batch, features] that enter the head of a model, or of its last part."""
    nodes = {node.operation.name: node for node in keras_private.nodes_in_order(model)}
    first = next(nodes[name] for name in FIRST_LAYERS if name in nodes)
    # Of a layer of its own: Keras loses tensors that are both input and output.
    return keras.layers.Identity(dtype="float32", name="head_features")(first.inputs[0])


def with_head_features(model: keras.Model) -> keras.Model:
    """Return the model with the features that enter its head behind its raw outputs, [batch, outputs + features]."""
    outputs = keras.layers.Concatenate(name="outputs_and_features", dtype="float32")(
        [model.output, find_head_features(model)]
    )
    return keras.Model(model.input, outputs)
