"""The simple feature pyramid: maps of several strides from a backbone's only one (Li et al., ViTDet, 2022)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from kerastune_ft.layers.addressed_seeds import layer_seed

FINEST = 4
"""The finest stride of a pyramid that is made, where no other is asked for."""
_PREFIX = "stride"
_COARSEST = 32
# Channels are halved with every step to a finer map, and never below this.
_FEWEST_CHANNELS = 8


def simple_pyramid(features: Mapping[str, Any], finest: int, seed: int) -> dict[str, Any]:
    """Return feature maps by `stride<n>`, from `finest` to 32, made of the only one that a backbone has.

    Several maps are returned as they are, and so is one whose stride is `finest`. A finer map is made of the backbone's
    by transposed convolutions of 2x2 with stride 2, each of half the channels of the one before, between them a layer
    normalisation and GELU; a coarser one by max pooling; each level by layers of its own, as in the paper. What the
    paper has after that, convolutions to one width, is what a decoder begins with.

    All is computed in float32; initial kernels are addressed by (seed, layer).
    """
    if len(features) != 1:
        return dict(features)
    ((name, only),) = features.items()
    stride = int(name.removeprefix(_PREFIX))
    if stride == finest:
        return dict(features)
    levels = {}
    level = finest
    while level <= max(_COARSEST, stride):
        levels[f"{_PREFIX}{level}"] = _rescale(only, stride, level, seed)
        level *= 2
    return levels


def _rescale(x: Any, stride: int, level: int, seed: int) -> Any:
    """Return a map of the stride `level` made of one of another stride."""
    name, step = f"head_pyramid_{_PREFIX}{level}", 0
    while stride > level:
        if step:
            x = keras.layers.LayerNormalization(epsilon=1e-6, name=f"{name}_normalization{step}", dtype="float32")(x)
            x = keras.layers.Activation("gelu", name=f"{name}_gelu{step}", dtype="float32")(x)
        step += 1
        x = _double(x, f"{name}_up{step}", seed)
        stride //= 2
    while stride < level:
        step += 1
        x = keras.layers.MaxPooling2D(2, padding="same", name=f"{name}_pool{step}", dtype="float32")(x)
        stride *= 2
    return x


def _double(x: Any, name: str, seed: int) -> Any:
    """Return a map of twice the sides and half the channels."""
    return keras.layers.Conv2DTranspose(
        max(_FEWEST_CHANNELS, x.shape[-1] // 2),
        2,
        2,
        name=name,
        dtype="float32",
        kernel_initializer=keras.initializers.HeUniform(layer_seed(seed, name)),
    )(x)
