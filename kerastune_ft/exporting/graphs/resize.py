"""Antialiased bilinear resizing by products of matrices, for converters that lack TensorFlow's own operation.

It is what `tf.image.resize(antialias=True)` and `keras.layers.Resizing` compute (the operation ScaleAndTranslate with a
triangle kernel): each pixel of the result is a weighted mean of pixels of the image, and the weights of rows and of
columns are independent. They are computed in the graph from the image's own size.
"""

from __future__ import annotations

import tensorflow as tf

from kerastune_ft.input.decode import Geometry, find_window


def resize(images: tf.Tensor, geometry: Geometry) -> tf.Tensor:
    """Return images [batch, height, width, 3] of any size fitted to `geometry` and rounded, float32.

    They are those that training sees, but for the last digits of float32, which may round to the next of 0 to 255. A
    graph function.
    """
    height, width = tf.shape(images)[1], tf.shape(images)[2]
    top, left, all_rows, all_columns = find_window(height, width, geometry)
    if geometry.resize == "crop":
        images = images[:, top : top + all_rows, left : left + all_columns]
        top, left, height, width = tf.zeros_like(top), tf.zeros_like(left), all_rows, all_columns
    # Bars are black: the weights of their pixels are computed, since all add up to 1, and left out.
    rows = make_weights(all_rows, geometry.height)[:, -top : -top + height]
    columns = make_weights(all_columns, geometry.width)[:, -left : -left + width]
    # Products that leave the weights on the right, of two dimensions, which runtimes need not repeat for the batch.
    across = tf.matmul(tf.transpose(images, [0, 2, 3, 1]), rows, transpose_b=True)
    fitted = tf.matmul(tf.transpose(across, [0, 3, 2, 1]), columns, transpose_b=True)
    shaped = tf.ensure_shape(tf.transpose(fitted, [0, 1, 3, 2]), [None, geometry.height, geometry.width, 3])
    return tf.round(shaped)


def make_weights(size: tf.Tensor, target: int) -> tf.Tensor:
    """Return the weights [target, size] of the pixels of a side for each pixel of the resized one, float32.

    The steps are those of the kernel of TensorFlow's ScaleAndTranslate, in their order, since float32 rounds each.
    """
    inverse = 1.0 / (float(target) / tf.cast(size, tf.float32))
    widening = tf.maximum(inverse, 1.0)
    centres = (tf.range(target, dtype=tf.float32) + 0.5) * inverse
    places = tf.cast(tf.range(size), tf.float32) + 0.5
    distances = tf.abs(places[tf.newaxis, :] - centres[:, tf.newaxis]) * (1.0 / widening)
    found = tf.nn.relu(1.0 - distances)
    return found / tf.reduce_sum(found, axis=1, keepdims=True)
