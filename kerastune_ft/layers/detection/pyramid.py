"""The feature pyramid: maps of one width in which every level knows what the coarser ones see (Lin et al., 2017)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from kerastune_ft.layers.addressed_seeds import layer_seed

_PREFIX = "stride"
_CHANNELS_OF_A_GROUP = 16


def feature_pyramid(endpoints: Mapping[str, Any], strides: Sequence[int], width: int, seed: int) -> dict[int, Any]:
    """Return feature maps of `width` channels by stride, from fine to coarse, made of those of a backbone.

    `endpoints` holds symbolic feature maps by `stride4`, `stride8` and so on, of which those below the coarsest of
    `strides` are read. Each goes through a 1x1 convolution; then, from the coarsest on, the sum of it and the level
    above, resized to its very size, goes on to the next finer one; a 3x3 convolution follows (Feature Pyramid Networks
    for Object Detection, arXiv:1612.03144). Strides beyond those of the backbone are made of its coarsest level by 3x3
    convolutions of stride 2 behind a ReLU, as in FCOS (Tian et al., 2019, arXiv:1904.01355).

    All is computed in float32, with a GroupNormalization behind the 1x1 convolutions (Wu and He, 2018,
    arXiv:1803.08494): it looks at one example alone, so replicas need not agree on statistics. Initial kernels are
    addressed by (seed, layer).
    """
    own = sorted(int(name.removeprefix(_PREFIX)) for name in endpoints)
    levels: dict[int, Any] = {}
    above = None
    for stride in reversed(own):
        name = f"head_stride{stride}"
        x = convolve(endpoints[f"{_PREFIX}{stride}"], width, 1, f"{name}_lateral", seed)
        x = normalise(x, f"{name}_lateral_normalization")
        if above is not None:
            x = keras.layers.Add(name=f"{name}_sum", dtype="float32")([x, _resize(above, x, f"{name}_resize")])
        levels[stride] = above = x
    levels = {stride: convolve(x, width, 3, f"head_stride{stride}_smooth", seed) for stride, x in levels.items()}
    coarsest = own[-1]
    while coarsest < max(strides):
        name = f"head_stride{2 * coarsest}"
        x = keras.layers.ReLU(name=f"{name}_relu", dtype="float32")(levels[coarsest])
        coarsest *= 2
        levels[coarsest] = convolve(x, width, 3, f"{name}_coarser", seed, step=2)
    return {stride: levels[stride] for stride in sorted(strides)}


def convolve(x: Any, channels: int, size: int, name: str, seed: int, step: int = 1) -> Any:
    """Return a map after a convolution in float32, with an initial kernel addressed by (seed, name)."""
    return make_convolution(channels, size, name, seed, step=step)(x)


def make_convolution(channels: int, size: int, name: str, seed: int, *, step: int = 1, bias: bool = True) -> Any:
    """Return the layer of `convolve`, to be called on several maps."""
    return keras.layers.Conv2D(
        channels,
        size,
        step,
        padding="same",
        use_bias=bias,
        name=name,
        dtype="float32",
        kernel_initializer=keras.initializers.HeUniform(layer_seed(seed, name)),
    )


def normalise(x: Any, name: str) -> Any:
    """Return a map normalised over groups of 16 channels, or of as many as divide them, of every example by itself."""
    channels = x.shape[-1]
    groups = max(1, channels // _CHANNELS_OF_A_GROUP)
    while channels % groups:
        groups -= 1
    return keras.layers.GroupNormalization(groups, name=name, dtype="float32")(x)


def _resize(x: Any, like: Any, name: str) -> Any:
    """Return a map at the size of another, bilinearly: sides of levels are halves only where these are even."""
    size = tuple(like.shape[1:3])
    return keras.layers.Resizing(*size, interpolation="bilinear", name=name, dtype="float32")(x)
