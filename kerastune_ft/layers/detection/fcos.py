"""FCOS: a head that answers with a box and scores at every place of every level of a pyramid (Tian et al., 2019)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from kerastune_ft.graph.keras_private import rename
from kerastune_ft.layers.addressed_seeds import layer_seed
from kerastune_ft.layers.detection.pyramid import feature_pyramid, make_convolution, normalise

BOX, PLACE = 4, 3
"""The columns of a raw output beside the logits of the classes: a box, and the place that it is of."""

_DEPTH = 2
# The share of places that hold an object, to begin with: the negative ones would else drown all others.
_PRIOR = 0.01


def fcos_head(
    endpoints: Mapping[str, Any],
    classes: int,
    strides: Sequence[int],
    image_size: tuple[int, int],
    seed: int,
    *,
    width: int = 64,
    dropout: float = 0.0,
) -> Any:
    """Return raw outputs [batch, places, classes + 7] on the feature maps of a backbone.

    A row has the logits of the classes; a box as xmin, ymin, xmax, ymax in pixels of the model's image of height and
    width `image_size`; and where it was predicted: x and y of the place, and the stride of its level. So a row explains
    itself, whatever the image's size. Places are the centres of the cells of all levels in `strides`, fine to coarse,
    row by row; see `feature_pyramid` for what the levels are made of.

    Two towers of two 3x3 convolutions are shared by all levels, with a GroupNormalization for each level: one ends in
    the logits, the other in the distances from the place to the four edges, kept positive by a softplus and in units of
    two strides (FCOS: Fully Convolutional One-Stage Object Detection, arXiv:1904.01355, in which an exponential and a
    factor learnt for each level are used). There is no centre-ness: the scores themselves are trained to be the overlap
    (see `losses.boxes`). The bias of the logits begins where each score is 1 % (Lin et al., 2017, arXiv:1708.02002).
    `dropout` is that before the logits, of whole channels, the same ones at all places and levels. All is computed in
    float32; initial values are addressed by (seed, layer).
    """
    pyramid = feature_pyramid(endpoints, strides, width, seed)
    towers = {
        name: [make_convolution(width, 3, f"head_{name}_{number}", seed, bias=False) for number in range(1, _DEPTH + 1)]
        for name in ("classes", "boxes")
    }
    of_classes = _make_output(classes, "head_classes_output", seed, -math.log((1.0 - _PRIOR) / _PRIOR))
    # At first a box reaches about 2.6 strides from its place to each side.
    of_boxes = _make_output(BOX, "head_boxes_output", seed, 1.0)
    drop = keras.layers.Dropout(dropout, noise_shape=(None, 1, 1, None), name="head_dropout", dtype="float32")
    rows = []
    for stride, x in pyramid.items():
        name = f"head_stride{stride}"
        logits = of_classes(drop(_climb(x, towers["classes"], f"{name}_classes")))
        distances = of_boxes(_climb(x, towers["boxes"], f"{name}_boxes"))
        distances = keras.layers.Activation("softplus", name=f"{name}_softplus", dtype="float32")(distances)
        distances = keras.layers.Rescaling(2.0 * stride, name=f"{name}_distances", dtype="float32")(distances)
        steps = [_find_step(side, cells, stride) for side, cells in zip(image_size, x.shape[1:3], strict=True)]
        parts = [logits, *_place_boxes(distances, steps, stride, name)]
        joined = keras.layers.Concatenate(name=f"{name}_columns", dtype="float32")(parts)
        columns = classes + BOX + PLACE
        rows.append(keras.layers.Reshape((-1, columns), name=f"{name}_rows", dtype="float32")(joined))
    if len(rows) == 1:
        return rows[0]
    return keras.layers.Concatenate(axis=1, name="head_rows", dtype="float32")(rows)


def _make_output(channels: int, name: str, seed: int, bias: float) -> Any:
    return keras.layers.Conv2D(
        channels,
        3,
        padding="same",
        name=name,
        dtype="float32",
        kernel_initializer=keras.initializers.RandomNormal(0.0, 0.01, layer_seed(seed, name)),
        bias_initializer=keras.initializers.Constant(bias),
    )


def _climb(x: Any, tower: Sequence[Any], name: str) -> Any:
    for number, convolution in enumerate(tower, start=1):
        x = normalise(convolution(x), f"{name}_{number}_normalization")
        x = keras.layers.ReLU(name=f"{name}_{number}_relu", dtype="float32")(x)
    return x


def _find_step(side: int, cells: int, stride: int) -> float:
    """Return the pixels from one place to the next along a side of the image.

    Maps of convolutions without padding have fewer cells than the side has strides; their places are spread over it.
    """
    return float(stride) if cells in (side // stride, -(-side // stride)) else side / cells


def _place_boxes(distances: Any, steps: Sequence[float], stride: int, name: str) -> list[Any]:
    """Return the columns of boxes and places: first corner, second corner, place, and the stride of the level.

    Every operation has a name of its own, since Keras' own may be those of layers of the backbone.
    """

    def take(columns: slice, part: str) -> Any:
        return rename(distances[..., columns], f"{name}_{part}")

    ones = rename(keras.ops.ones_like(take(slice(1), "column")), f"{name}_ones")
    # Counted in the graph: an array could not be saved, nor would it fit images of another size.
    places = []
    for axis, letter in ((2, "x"), (1, "y")):
        counted = rename(keras.ops.cumsum(ones, axis=axis), f"{name}_count_{letter}")
        step = steps[axis - 1]
        scaled = keras.layers.Rescaling(step, offset=-step / 2.0, name=f"{name}_{letter}", dtype="float32")
        places.append(scaled(counted))
    place = keras.layers.Concatenate(name=f"{name}_places", dtype="float32")(places)
    before, behind = take(slice(2), "before"), take(slice(2, None), "behind")
    return [
        keras.layers.Subtract(name=f"{name}_first", dtype="float32")([place, before]),
        keras.layers.Add(name=f"{name}_second", dtype="float32")([place, behind]),
        place,
        keras.layers.Rescaling(float(stride), name=f"{name}_strides", dtype="float32")(ones),
    ]
