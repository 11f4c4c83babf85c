"""Pixel counts of segmentation for each image, so that padding and replicas add up exactly.

Targets are masks of class numbers, uint8 [batch, height, width], in which `IGNORE` belongs to no class; outputs are
logits [batch, height, width, classes] of the same height and width.
"""

from __future__ import annotations

import math

import tensorflow as tf

from kerastune_ft.data.annotations.masks import IGNORE

# Pixels of an image that are counted at once: this bounds the memory of one matrix product, and float32 holds every
# integer up to 2 ** 24.
_CHUNK = 1 << 14


def pixel_accuracy(targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Return for each image the number of correct pixels divided by height x width, float32 [batch]."""
    right = tf.equal(tf.argmax(logits, -1, tf.int32), tf.cast(targets, tf.int32))
    return tf.reduce_sum(tf.cast(right, tf.float32), [1, 2]) * (1.0 / math.prod(targets.shape[1:3]))


def count_confusion(targets: tf.Tensor, predicted: tf.Tensor, classes: int) -> tf.Tensor:
    """Return the confusion matrix of the pixels of each image, int32 [batch, classes, classes].

    `predicted` holds class numbers, integers [batch, height, width]. Rows are true classes, columns predicted ones;
    ignored pixels are not counted. The counts are products of matrices of zeros and ones, which are exact on every
    device; `tf.math.bincount` is not deterministic on a GPU.
    """
    batch, *sides = targets.shape
    pixels = math.prod(sides)
    chunks = math.ceil(pixels / _CHUNK)
    size = math.ceil(pixels / chunks)
    filling = [[0, 0], [0, chunks * size - pixels]]

    def divide(numbers: tf.Tensor) -> tf.Tensor:
        """Return class numbers as [chunks, batch, size], filled up with ignored pixels."""
        flat = tf.reshape(tf.cast(numbers, tf.int32), [-1, pixels])
        padded = tf.pad(flat, filling, constant_values=IGNORE)
        return tf.transpose(tf.reshape(padded, [-1, chunks, size]), [1, 0, 2])

    def count(total: tf.Tensor, chunk: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        # Numbers beyond the classes become rows of zeros.
        true, found = (tf.one_hot(numbers, classes, dtype=tf.float32) for numbers in chunk)
        return total + tf.cast(tf.matmul(true, found, transpose_a=True), tf.int32)

    start = tf.zeros([tf.shape(targets)[0], classes, classes], tf.int32)
    counts = tf.foldl(count, (divide(targets), divide(predicted)), start)
    return tf.ensure_shape(counts, [batch, classes, classes])
