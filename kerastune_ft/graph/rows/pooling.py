"""Pooling whose result for an example does not depend on its place in the batch.

TensorFlow's mean over the positions of a feature map takes the channels of all rows in packets; where their number is
no multiple of a packet, rows at different places are summed in different orders, and differ in the last bit. A stored
row could then differ from the same row computed again. Its average pooling sums each row alike.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

import keras
import tensorflow as tf


def bind(layers: Mapping[str, keras.layers.Layer]) -> None:
    """Make the global average poolings of images among these sum each row alike.

    Only the call of the instance is replaced: configuration and saving are those of the stock layer.
    """
    for layer in layers.values():
        if isinstance(layer, keras.layers.GlobalAveragePooling2D) and layer.data_format == "channels_last":
            layer.call = functools.partial(_average, layer, layer.call)


def _average(
    layer: keras.layers.GlobalAveragePooling2D, stock: Callable[[tf.Tensor], tf.Tensor], inputs: tf.Tensor
) -> tf.Tensor:
    size = inputs.shape[1:3]
    if inputs.dtype != tf.float32 or None in size:
        return stock(inputs)
    pooled = tf.nn.avg_pool2d(inputs, size, 1, "VALID")
    return pooled if layer.keepdims else tf.reshape(pooled, [-1, inputs.shape[3]])
