"""U-Net: a decoder that climbs from the coarsest feature map to the finest (Ronneberger et al., 2015)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from kerastune_ft.layers.addressed_seeds import layer_seed

_PREFIX = "stride"
_COARSEST = 32
_GROUPS = 8


def unet_decoder(
    endpoints: Mapping[str, Any],
    classes: int,
    image_size: tuple[int, int],
    seed: int,
    *,
    width: int = 64,
    dropout: float = 0.0,
) -> Any:
    """Return logits [batch, height, width, classes] of `image_size` on the feature maps of a backbone.

    `endpoints` holds symbolic feature maps by `stride2`, `stride4`, ... `stride32`, any of them. The coarsest goes
    through a 3x3 convolution; then for each finer one the map so far is resized to its very size, so any image size
    will do, laid beside a 1x1 convolution of it, and brought together by two 3x3 convolutions. A 1x1 convolution gives
    the logits, which are resized to the image. `width` is the number of channels at stride 32; it falls with the root
    of the stride (64, 48, 32, 24, 16) and is rounded to a multiple of 8. `dropout` is that before the logits.

    All is computed in float32. Every convolution is followed by a GroupNormalization, which looks at one example alone:
    the result is the same on any number of replicas, and there are no statistics that a frozen layer would hold on to.
    Initial kernels are addressed by (seed, layer), so they depend on nothing else that was built.
    """
    strides = _order(endpoints)
    coarsest = strides[-1]
    x = _convolve(endpoints[f"{_PREFIX}{coarsest}"], _channels(coarsest, width), 3, f"{_name(coarsest)}_a", seed)
    for stride in reversed(strides[:-1]):
        x = _climb(x, endpoints[f"{_PREFIX}{stride}"], stride, _channels(stride, width), seed)
    x = keras.layers.Dropout(dropout, name="head_dropout", dtype="float32")(x)
    logits = keras.layers.Conv2D(
        classes,
        1,
        name="head_output",
        dtype="float32",
        kernel_initializer=keras.initializers.GlorotUniform(layer_seed(seed, "head_output")),
    )(x)
    return _resize(logits, image_size, "head_resize")


def _order(endpoints: Mapping[str, Any]) -> Sequence[int]:
    """Return the strides from fine to coarse; raise ValueError for what is no map of a stride."""
    wrong = sorted(name for name in endpoints if not name.removeprefix(_PREFIX).isdecimal())
    if wrong or not endpoints:
        raise ValueError(f"a decoder takes feature maps named stride2 ... stride32, not {wrong or 'none'}")
    return sorted(int(name.removeprefix(_PREFIX)) for name in endpoints)


def _climb(x: Any, skip: Any, stride: int, channels: int, seed: int) -> Any:
    """Return the map of the next finer stride from the one so far and the backbone's own."""
    name = _name(stride)
    x = _resize(x, tuple(skip.shape[1:3]), f"{name}_resize")
    skip = _convolve(skip, channels, 1, f"{name}_skip", seed)
    x = keras.layers.Concatenate(name=f"{name}_concatenate", dtype="float32")([x, skip])
    for part in "ab":
        x = _convolve(x, channels, 3, f"{name}_{part}", seed)
    return x


def _convolve(x: Any, channels: int, size: int, name: str, seed: int) -> Any:
    x = keras.layers.Conv2D(
        channels,
        size,
        padding="same",
        use_bias=False,
        name=name,
        dtype="float32",
        kernel_initializer=keras.initializers.HeUniform(layer_seed(seed, name)),
    )(x)
    x = keras.layers.GroupNormalization(_GROUPS, name=f"{name}_normalization", dtype="float32")(x)
    return keras.layers.ReLU(name=f"{name}_relu", dtype="float32")(x)


def _resize(x: Any, size: tuple[int, int], name: str) -> Any:
    """Return the map resized bilinearly; as it is where it has the size."""
    if tuple(x.shape[1:3]) == tuple(size):
        return x
    return keras.layers.Resizing(*size, interpolation="bilinear", name=name, dtype="float32")(x)


def _channels(stride: int, width: int) -> int:
    """Return the channels at a stride: a multiple of the groups of a normalisation, one for each at least."""
    wanted = width * math.sqrt(stride / _COARSEST)
    return max(1, round(wanted / _GROUPS)) * _GROUPS


def _name(stride: int) -> str:
    return f"head_stride{stride}"
