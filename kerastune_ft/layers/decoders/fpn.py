"""Panoptic FPN: a feature pyramid whose levels are brought to the finest and added (Kirillov et al., 2019)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from kerastune_ft.layers.addressed_seeds import layer_seed
from kerastune_ft.layers.decoders.blocks import PREFIX, classify_pixels, convolve, order_strides, resize, round_channels


def fpn_decoder(
    endpoints: Mapping[str, Any],
    classes: int,
    image_size: tuple[int, int],
    seed: int,
    *,
    width: int = 64,
    dropout: float = 0.0,
) -> Any:
    """Return logits [batch, height, width, classes] of `image_size` on the feature maps of a backbone.

    `endpoints` holds symbolic feature maps by `stride2`, `stride4`, ... `stride32`, any of them. The pyramid is that of
    Lin et al. (2017, arXiv:1612.03144): a 1x1 convolution of every map, to which the sum of the next coarser level,
    resized to its very size, is added. The branch on it is the semantic one of Kirillov et al. (2019,
    arXiv:1901.02446): every level goes through a 3x3 convolution and a doubling of its sides for each level that it is
    coarser than the finest (one convolution for the finest), all with `width` channels, rounded to a multiple of 8; the
    levels are added, and a 1x1 convolution gives the logits, which are resized to the image. `dropout` is that before
    it. Sides are those of the backbone's own maps instead of exact doubles, so any image size will do.

    Precision, normalisation and initial kernels are those of `unet_decoder`.
    """
    strides, channels = order_strides(endpoints), round_channels(width)
    sizes = {stride: endpoints[f"{PREFIX}{stride}"].shape[1:3] for stride in strides}
    branches = []
    above: Any = None
    for stride in reversed(strides):
        above = _join(endpoints[f"{PREFIX}{stride}"], above, stride, channels, seed)
        branches.append(_climb(above, stride, [finer for finer in reversed(strides) if finer < stride], sizes, seed))
    x = branches[0] if len(branches) == 1 else keras.layers.Add(name="head_sum", dtype="float32")(branches)
    return classify_pixels(x, classes, image_size, dropout, seed)


def _join(own: Any, above: Any, stride: int, channels: int, seed: int) -> Any:
    """Return a level of the pyramid, from the backbone's own map and the level above, the next coarser one."""
    name = _name(stride, "lateral")
    level = keras.layers.Conv2D(
        channels,
        1,
        name=name,
        dtype="float32",
        kernel_initializer=keras.initializers.GlorotUniform(layer_seed(seed, name)),
    )(own)
    if above is None:
        return level
    above = resize(above, own.shape[1:3], _name(stride, "above"))
    return keras.layers.Add(name=_name(stride, "level"), dtype="float32")([level, above])


def _climb(level: Any, stride: int, finer: list[int], sizes: Mapping[int, Any], seed: int) -> Any:
    """Return a level brought to the finest of the strides `finer`, the next finer one first, by a step for each."""
    channels = level.shape[-1]
    x = level
    for target in finer or [stride]:
        x = convolve(x, channels, 3, _name(stride, f"to{target}"), seed)
        x = resize(x, sizes[target], _name(stride, f"to{target}_resize"))
    return x


def _name(stride: int, part: str) -> str:
    return f"head_stride{stride}_{part}"
