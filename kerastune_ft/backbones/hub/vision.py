"""Vision backbones of keras-hub as one graph from pixels to features with positions, their scaling in front."""

from __future__ import annotations

import re
from typing import Any

import keras

from kerastune_ft.backbones.hub.blocks import replay
from kerastune_ft.config.facts.hub_families import HubFamily
from kerastune_ft.graph import keras_private

_ANY_SIDE = 224


def encoder(body: keras.Model, size: tuple[int, int], converter: Any) -> keras.Model:
    """Return the model images [batch, height, width, 3] of values 0 to 255 -> features with positions.

    `converter` is the preset's image converter, whose scaling becomes part of the model; without one, as for random
    weights, pixels are divided by 255.
    """
    images = keras.Input((*size, 3), name="image", dtype="float32")
    scale = 1 / 255 if converter is None else _factors(converter.scale, 1.0)
    offset = 0.0 if converter is None else _factors(converter.offset, 0.0)
    pixels = keras.layers.Rescaling(scale, offset=offset, name="preprocessing")(images)
    given = body.input
    inputs = dict.fromkeys(given, pixels) if isinstance(given, dict) else pixels
    features = replay(keras.Model(given, _with_positions(body)), inputs)
    return keras.Model(images, features, name=body.name)


def describe(converter: Any) -> str:
    """Return the words for the scaling in plans and in preprocessing.json."""
    if converter is None:
        return "0-1"
    if converter.scale is None and converter.offset is None:
        return "inside"
    return f"pixels x {_join_factors(converter.scale, 1.0)} + {_join_factors(converter.offset, 0.0)}"


def own_size(body: keras.Model, converter: Any) -> tuple[int, int]:
    """Return height and width of the images a model was made for; 224 where it takes any and nothing is said."""
    given = body.input
    shape = (next(iter(given.values())) if isinstance(given, dict) else given).shape
    if None not in shape[1:3]:
        return int(shape[1]), int(shape[2])
    size = converter.image_size if converter is not None else None
    return (int(size[0]), int(size[1])) if size else (_ANY_SIDE, _ANY_SIDE)


def prefix_tokens(body: keras.Model, family: HubFamily) -> int:
    """Return how many of the first positions are class tokens and registers."""
    if getattr(body, "use_class_token", True) is False:
        return 0
    return family.prefix_tokens + (getattr(body, "num_register_tokens", 0) if family.prefix_tokens else 0)


def _with_positions(body: keras.Model) -> Any:
    """Return the last features that have positions: the highest of a pyramid, what comes before a pooling head."""
    output = body.output
    if isinstance(output, dict):
        output = output[max(output, key=lambda name: int(re.sub(r"\D", "", name) or 0))]
    if len(output.shape) == 2:
        makers = {id(tensor): node for node in keras_private.nodes_in_order(body) for tensor in node.outputs}
        output = makers[id(output)].inputs[0]
    return output


def _factors(value: Any, neutral: float) -> Any:
    if value is None:
        return neutral
    return [float(one) for one in value] if isinstance(value, list | tuple) else float(value)


def _join_factors(value: Any, neutral: float) -> str:
    factors = _factors(value, neutral)
    return ", ".join(f"{one:.4g}" for one in factors) if isinstance(factors, list) else f"{factors:.4g}"
