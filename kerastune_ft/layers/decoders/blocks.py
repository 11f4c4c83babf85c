"""The layers that decoders are made of: convolutions with GroupNormalization, and bilinear resizing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from kerastune_ft.layers.addressed_seeds import layer_seed

PREFIX = "stride"
GROUPS = 8
"""The groups of a normalisation; every number of channels is a multiple of it."""


def order_strides(endpoints: Mapping[str, Any]) -> Sequence[int]:
    """Return the strides from fine to coarse; raise ValueError for what is no map of a stride."""
    wrong = sorted(name for name in endpoints if not name.removeprefix(PREFIX).isdecimal())
    if wrong or not endpoints:
        raise ValueError(f"a decoder takes feature maps named stride2 ... stride32, not {wrong or 'none'}")
    return sorted(int(name.removeprefix(PREFIX)) for name in endpoints)


def round_channels(wanted: float) -> int:
    """Return the nearest multiple of the groups of a normalisation, one for each at least."""
    return max(1, round(wanted / GROUPS)) * GROUPS


def convolve(x: Any, channels: int, size: int, name: str, seed: int) -> Any:
    """Return the map after a convolution, a GroupNormalization and a rectifier."""
    x = keras.layers.Conv2D(
        channels,
        size,
        padding="same",
        use_bias=False,
        name=name,
        dtype="float32",
        kernel_initializer=keras.initializers.HeUniform(layer_seed(seed, name)),
    )(x)
    x = keras.layers.GroupNormalization(GROUPS, name=f"{name}_normalization", dtype="float32")(x)
    return keras.layers.ReLU(name=f"{name}_relu", dtype="float32")(x)


def resize(x: Any, size: Sequence[int], name: str) -> Any:
    """Return the map resized bilinearly; as it is where it has the size."""
    if tuple(x.shape[1:3]) == tuple(size):
        return x
    return keras.layers.Resizing(*size, interpolation="bilinear", name=name, dtype="float32")(x)


def classify_pixels(x: Any, classes: int, image_size: tuple[int, int], dropout: float, seed: int) -> Any:
    """Return logits [batch, height, width, classes] of `image_size` by a 1x1 convolution behind dropout."""
    x = keras.layers.Dropout(dropout, name="head_dropout", dtype="float32")(x)
    logits = keras.layers.Conv2D(
        classes,
        1,
        name="head_output",
        dtype="float32",
        kernel_initializer=keras.initializers.GlorotUniform(layer_seed(seed, "head_output")),
    )(x)
    return resize(logits, image_size, "head_resize")
