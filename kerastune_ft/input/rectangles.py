"""Rectangles in the images of a batch, one for each: where something is covered or pasted in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import tensorflow as tf


@dataclass(frozen=True)
class Rectangles:
    """One rectangle for each example, in pixels, [batch] each; `is_drawn` is false where an example has none."""

    is_drawn: tf.Tensor
    top: tf.Tensor
    left: tf.Tensor
    bottom: tf.Tensor
    right: tf.Tensor


def is_inside(rectangles: Rectangles, size: Sequence[int]) -> tf.Tensor:
    """Return which pixels of images of height and width `size` lie in their rectangle, bool [batch, height, width]."""
    height, width = map(float, size)
    inside_rows = _between(tf.range(height), rectangles.top, rectangles.bottom)[:, :, tf.newaxis]
    inside_columns = _between(tf.range(width), rectangles.left, rectangles.right)[:, tf.newaxis, :]
    return rectangles.is_drawn[:, tf.newaxis, tf.newaxis] & inside_rows & inside_columns


def _between(places: tf.Tensor, start: tf.Tensor, stop: tf.Tensor) -> tf.Tensor:
    """Return whether each pixel centre lies in an example's interval, [batch, places]."""
    centres = places[tf.newaxis, :] + 0.5
    return (centres >= start[:, tf.newaxis]) & (centres < stop[:, tf.newaxis])
