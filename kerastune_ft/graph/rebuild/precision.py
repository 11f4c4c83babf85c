"""Rebuilds a model with other dtype policies: it computes in another type, with variables in float32."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import keras

from kerastune_ft.graph import keras_private, lora
from kerastune_ft.graph.rebuild.flat import copy_values
from kerastune_ft.graph.rebuild.hub_layers import repair_layer
from kerastune_ft.graph.recomputed import borrow_anew
from kerastune_ft.graph.units import Unit

FLOAT32, BFLOAT16, FLOAT16 = "float32", "mixed_bfloat16", "mixed_float16"


def rebuild(model: keras.Model, policy: str, kept: Sequence[keras.layers.Layer] = ()) -> keras.Model:
    """Return a functional model of new layers that compute by `policy`, with the values and names of the old ones.

    What comes before the first layer with weights, and the `kept` layers, stay as they are: pixels of values up to 255
    have more digits than half precision. Call it in the strategy's scope.
    """
    same = {id(layer) for layer in (*_before_weights(model), *kept)}

    def copy(layer: keras.layers.Layer) -> keras.layers.Layer:
        config = layer.get_config()
        made = type(layer).from_config(config if id(layer) in same else _with_policy(config, policy))
        repair_layer(made)
        return made

    made = keras.models.clone_model(model, clone_function=copy)
    borrow_anew(made)
    lora.attach_alike(model, made)
    copy_values(model, made)
    # Keras counts variables up that have no name of their own, and a variable is known by its path.
    for old, new in zip(model.variables, made.variables, strict=True):
        keras_private.set_path(new, old.path)
    return made


def unit_in(unit: Unit, model: keras.Model) -> Unit:
    """Return a unit with the layers of the same names in a rebuilt model."""
    layers = tuple(model.get_layer(layer.name) for layer in unit.layers)
    return dataclasses.replace(unit, layers=layers)


def _before_weights(model: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers on raw inputs: those that no layer with weights comes before, Normalization aside."""
    above: set[int] = set()
    found = []
    for node in keras_private.nodes_in_order(model):
        layer = node.operation
        weighty = bool(getattr(layer, "weights", ())) and not isinstance(layer, keras.layers.Normalization)
        if weighty or any(id(tensor) in above for tensor in node.inputs):
            above |= {id(tensor) for tensor in node.outputs}
        elif isinstance(layer, keras.layers.Layer):
            found.append(layer)
    return found


def _with_policy(config: Any, policy: str) -> Any:
    """Return a layer's configuration with the policy of it and of all layers inside it replaced."""
    if isinstance(config, list | tuple):
        return type(config)(_with_policy(entry, policy) for entry in config)
    if not isinstance(config, dict):
        return config
    return {
        key: policy if key == "dtype" and _is_policy(value) else _with_policy(value, policy)
        for key, value in config.items()
    }


def _is_policy(value: Any) -> bool:
    # An InputLayer names its dtype, which is no policy, by a plain string.
    name = value.get("config", {}).get("name") if isinstance(value, dict) else None
    return isinstance(name, str) and (name == FLOAT32 or name.startswith("mixed_"))
