"""The input range of each family as stock layers, so that it is part of the model and of what is exported."""

from __future__ import annotations

from typing import Any

import keras

# keras.applications.imagenet_utils: mean and deviation of ImageNet, RGB, in 0-255 and in 0-1.
_CAFFE_MEAN_BGR = (103.939, 116.779, 123.68)
_TORCH_MEAN = (0.485, 0.456, 0.406)
_TORCH_DEVIATION = (0.229, 0.224, 0.225)


def preprocess(images: Any, how: str) -> Any:
    """Return symbolic images (values 0 to 255, RGB) in the range a family was trained on."""
    if how == "inside":
        return images
    if how == "0-1":
        return keras.layers.Rescaling(1 / 255, name="preprocessing")(images)
    if how == "tf":
        return keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="preprocessing")(images)
    if how == "torch":
        scale = [1 / (255 * deviation) for deviation in _TORCH_DEVIATION]
        offset = [-mean / deviation for mean, deviation in zip(_TORCH_MEAN, _TORCH_DEVIATION, strict=True)]
        return keras.layers.Rescaling(scale, offset=offset, name="preprocessing")(images)
    if how == "caffe":
        bgr = keras.ops.flip(images, axis=-1)
        return keras.layers.Rescaling(1.0, offset=[-mean for mean in _CAFFE_MEAN_BGR], name="preprocessing")(bgr)
    raise AssertionError(how)
