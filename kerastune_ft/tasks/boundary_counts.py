"""Counts of boundary pixels of segmentation for each image, see `metrics.boundaries`; whole numbers on every device."""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf

from kerastune_ft.data.annotations.masks import IGNORE
from kerastune_ft.metrics.boundaries import COUNTS

_SIDES = ((0, 1), (2, 1), (1, 0), (1, 2))


def count_boundaries(targets: tf.Tensor, predicted: tf.Tensor, classes: int, reach: float) -> tf.Tensor:
    """Return the counts of `metrics.boundaries` of each image, int32 [batch, classes, 4]; a graph function.

    `targets` and `predicted` are masks of class numbers [batch, height, width]. A pixel of a class is at its boundary
    where a pixel at one of its sides has another class. Ignored pixels of the truth have no class in either mask, and
    they and the border of the image are no boundary. `reach` is the largest distance, centre to centre, of what is
    near. The counts come from sums of zeros and ones, which are exact in float32.
    """
    true = tf.cast(targets, tf.int32)
    found = tf.where(tf.equal(true, IGNORE), IGNORE, tf.cast(predicted, tf.int32))
    disc = tf.constant(_draw_disc(reach))[..., tf.newaxis, tf.newaxis]

    def count(number: tf.Tensor) -> tf.Tensor:
        lines = [_find_boundary(mask, number) for mask in (true, found)]
        near = [tf.nn.conv2d(line, disc, 1, "SAME") > 0.5 for line in lines]
        pairs = [(line, where) for line, where in zip(lines, reversed(near), strict=True)]
        sums = [part for line, where in pairs for part in (line, tf.where(where, line, 0.0))]
        return tf.stack([tf.reduce_sum(tf.cast(part, tf.int32), [1, 2, 3]) for part in sums], axis=-1)

    counts = tf.map_fn(count, tf.range(classes), fn_output_signature=tf.int32)
    return tf.ensure_shape(tf.transpose(counts, [1, 0, 2]), [targets.shape[0], classes, len(COUNTS)])


def _find_boundary(mask: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
    """Return 1 for the boundary pixels of a class, float32 [batch, height, width, 1]."""
    own = tf.equal(mask, number)
    height, width = mask.shape[1:]
    other = tf.pad(tf.logical_not(own) & tf.not_equal(mask, IGNORE), [[0, 0], [1, 1], [1, 1]])
    beside = [other[:, top : top + height, left : left + width] for top, left in _SIDES]
    at_boundary = own & tf.reduce_any(tf.stack(beside), axis=0)
    return tf.cast(at_boundary, tf.float32)[..., tf.newaxis]


def _draw_disc(reach: float) -> np.ndarray:
    """Return 1 for the places whose distance to the middle one is at most `reach`, float32 [side, side]."""
    radius = math.floor(reach)
    steps = np.arange(-radius, radius + 1)
    return (steps[:, np.newaxis] ** 2 + steps**2 <= reach**2).astype(np.float32)
