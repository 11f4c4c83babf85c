"""U-Net: a decoder that climbs from the coarsest feature map to the finest (Ronneberger et al., 2015)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import keras

from kerastune_ft.layers.decoders.blocks import PREFIX, classify_pixels, convolve, order_strides, resize, round_channels

_COARSEST = 32


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
    strides = order_strides(endpoints)
    coarsest = strides[-1]
    x = convolve(endpoints[f"{PREFIX}{coarsest}"], _channels(coarsest, width), 3, f"{_name(coarsest)}_a", seed)
    for stride in reversed(strides[:-1]):
        x = _climb(x, endpoints[f"{PREFIX}{stride}"], stride, _channels(stride, width), seed)
    return classify_pixels(x, classes, image_size, dropout, seed)


def _climb(x: Any, skip: Any, stride: int, channels: int, seed: int) -> Any:
    """Return the map of the next finer stride from the one so far and the backbone's own."""
    name = _name(stride)
    x = resize(x, skip.shape[1:3], f"{name}_resize")
    skip = convolve(skip, channels, 1, f"{name}_skip", seed)
    x = keras.layers.Concatenate(name=f"{name}_concatenate", dtype="float32")([x, skip])
    for part in "ab":
        x = convolve(x, channels, 3, f"{name}_{part}", seed)
    return x


def _channels(stride: int, width: int) -> int:
    """Return the channels at a stride, a multiple of the groups of a normalisation."""
    return round_channels(width * math.sqrt(stride / _COARSEST))


def _name(stride: int) -> str:
    return f"head_stride{stride}"
