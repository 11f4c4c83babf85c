"""The loss of detection for each image, so that padding and replicas add up exactly.

Targets are boxes [batch, boxes, 7] in pixels of the model's image: xmin, ymin, xmax, ymax, the number of a class, 1 for
boxes that do not count, area; rows of class -1 are padding. Outputs are those of `layers.detection.fcos`: logits, a
box, and the place that it was predicted at. A loss is a sum over the places of an image, its count the places that are
matched to a box, which targets alone decide.
"""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from kerastune_ft.layers.detection.fcos import BOX
from kerastune_ft.losses.options import NO_OPTIONS, LossOptions

# Of the longest side of what a level is for, in strides: from half of it on a box belongs to the next level.
_REACH = 8.0
# How far from the centre of a box places are matched to it, in strides.
_RADIUS = 1.5
_BOX_WEIGHT = 2.0
# More pairs of a place and a box than this are compared in several parts, to save memory.
_MOST_PAIRS = 1 << 22
_FAR = 1e12
_TINY = 1e-6


class Matched(NamedTuple):
    """What the places of a batch of images are matched to; all [batch, places]."""

    boxes: tf.Tensor
    """The number of the box, int32; 0 for places without one."""
    is_matched: tf.Tensor
    """Whether there is one, bool."""
    is_ignored: tf.Tensor
    """Whether a place without one lies in a box that does not count, bool."""


def compute_losses(
    boxes: tf.Tensor, outputs: tf.Tensor, options: LossOptions = NO_OPTIONS
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the loss of each image and how many of its places are matched to a box, float32 [batch] each.

    It is the quality focal loss of every place and class, |t - p|^2 times the cross-entropy, where t is the overlap
    (IoU) of the predicted box with the matched one for its class, and 0 elsewhere (Li et al., 2020, Generalized Focal
    Loss, arXiv:2006.04388); and twice 1 - GIoU of the boxes of matched places (Rezatofighi et al., 2019,
    arXiv:1902.09630). Class weights are factors on the losses of matched places by their class, and leave the count as
    it is. Places in boxes that do not count, and in no other, have no loss.
    """
    outputs = tf.cast(outputs, tf.float32)
    classes = outputs.shape[-1] - BOX - 3
    logits, found, places = tf.split(outputs, [classes, BOX, 3], axis=-1)
    matched = match_places(boxes, tf.stop_gradient(places))
    true = tf.gather(boxes, matched.boxes, batch_dims=1)
    is_matched = tf.cast(matched.is_matched, tf.float32)
    overlap, generalised = _measure_overlap(found, true[..., :BOX])
    # Places without a box may have a row of padding here, whose class is -1.
    numbers = tf.maximum(tf.cast(true[..., 4], tf.int32), 0)
    target = tf.one_hot(numbers, classes) * is_matched[..., tf.newaxis]
    target *= tf.stop_gradient(overlap)[..., tf.newaxis]
    scores = tf.sigmoid(logits)
    losses = tf.nn.sigmoid_cross_entropy_with_logits(target, logits) * tf.square(target - scores)
    of_places = tf.reduce_sum(losses, -1) * tf.where(matched.is_ignored, 0.0, 1.0)
    of_places += _BOX_WEIGHT * (1.0 - generalised) * is_matched
    if options.class_weights is not None:
        weights = tf.gather(tf.convert_to_tensor(options.class_weights, tf.float32), numbers)
        of_places *= tf.where(matched.is_matched, weights, 1.0)
    return tf.reduce_sum(of_places, -1), tf.reduce_sum(is_matched, -1)


def match_places(boxes: tf.Tensor, places: tf.Tensor, most_pairs: int = _MOST_PAIRS) -> Matched:
    """Match every place [batch, places, 3] (x, y, stride) to one of the boxes [batch, boxes, 7] of its image, or none.

    As in FCOS with centre sampling (Tian et al., 2019, arXiv:1904.01355): a place is matched to a box that it lies in,
    within 1.5 strides of its centre in x and y, and whose farthest edge is from 4 to 8 strides away; any nearer at the
    finest level, any farther at the coarsest. Of several boxes it is the smallest. A box that no place would be matched
    to, as one between the places, gets the place of the finest level that is next to its centre. Boxes that do not
    count are matched to nothing.
    """
    batch, count, total = places.shape[0] or 1, places.shape[1], boxes.shape[1]
    step = max(1, most_pairs // (batch * count))
    numbers, costs, is_ignored = _match_part(boxes[:, :step], places)
    for start in range(step, total, step):
        own = _match_part(boxes[:, start : start + step], places)
        is_better = own[1] < costs
        numbers, costs = tf.where(is_better, own[0] + start, numbers), tf.minimum(own[1], costs)
        is_ignored |= own[2]
    is_matched = costs < _FAR
    return Matched(tf.where(is_matched, numbers, 0), is_matched, is_ignored & ~is_matched)


def _match_part(boxes: tf.Tensor, places: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return for every place the number of the best of these boxes, its area or else `_FAR`, and if it is ignored."""
    # Slices that keep the axis: TensorFlow's graphs lose a new axis behind an index into a stack.
    x, y, stride = (places[:, :, column : column + 1] for column in range(3))
    turned = tf.transpose(boxes, [0, 2, 1])
    left, top, right, bottom, number, crowd = (turned[:, column : column + 1, :] for column in range(6))
    counts = (number >= 0) & (crowd < 0.5)
    sides = x - left, y - top, right - x, bottom - y
    nearest = tf.minimum(tf.minimum(sides[0], sides[1]), tf.minimum(sides[2], sides[3]))
    farthest = tf.maximum(tf.maximum(sides[0], sides[1]), tf.maximum(sides[2], sides[3]))
    finest, coarsest = (reduce(stride, axis=1, keepdims=True) for reduce in (tf.reduce_min, tf.reduce_max))
    from_x, from_y = x - 0.5 * (left + right), y - 0.5 * (top + bottom)
    is_inside = nearest > 0
    is_central = tf.maximum(tf.abs(from_x), tf.abs(from_y)) < _RADIUS * stride
    is_of_level = (farthest >= tf.where(stride > finest, 0.5 * _REACH * stride, 0.0)) & (
        farthest < tf.where(stride < coarsest, _REACH * stride, _FAR)
    )
    can = is_inside & is_central & is_of_level & counts
    distance = tf.where(stride > finest, _FAR, tf.square(from_x) + tf.square(from_y))
    closest = tf.argmin(distance, 1, tf.int32)[:, tf.newaxis, :]
    is_closest = tf.range(places.shape[1])[tf.newaxis, :, tf.newaxis] == closest
    can |= is_closest & counts & ~tf.reduce_any(can, 1, keepdims=True)
    area = (right - left) * (bottom - top)
    costs = tf.where(can, area, _FAR)
    is_ignored = tf.reduce_any(is_inside & (number >= 0) & (crowd >= 0.5), -1)
    return tf.argmin(costs, -1, tf.int32), tf.reduce_min(costs, -1), is_ignored


def _measure_overlap(one: tf.Tensor, other: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return IoU and GIoU of boxes [..., 4], pair by pair."""
    first, second = tf.maximum(one[..., :2], other[..., :2]), tf.minimum(one[..., 2:], other[..., 2:])
    shared = _find_area(first, second)
    union = _find_area(one[..., :2], one[..., 2:]) + _find_area(other[..., :2], other[..., 2:]) - shared
    around = _find_area(tf.minimum(one[..., :2], other[..., :2]), tf.maximum(one[..., 2:], other[..., 2:]))
    overlap = shared / tf.maximum(union, _TINY)
    return overlap, overlap - (around - union) / tf.maximum(around, _TINY)


def _find_area(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    sides = tf.maximum(second - first, 0.0)
    return sides[..., 0] * sides[..., 1]
