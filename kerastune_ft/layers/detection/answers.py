"""What is made of the answers of a detection head: places in images of any size, and one answer of several models'."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from keras import ops

from kerastune_ft.layers.detection.fcos import BOX
from kerastune_ft.layers.detection.suppression import find_kept, measure_overlaps


def place_in_images(found: Any, images: Any, size: tuple[int, int], resize: str) -> Any:
    """Return detections [batch, boxes, 6] of the model's image of height and width `size` in pixels of `images`.

    `images` [batch, height, width, 3] are those that were fitted to it by `resize`, of any size. Of stock operations,
    the same arithmetic as that of `input.decode.find_window`; what reaches into the bars of `pad` is cut off.
    """
    # Of an open axis the length is counted, since Keras knows none while a model is made.
    ones = ops.ones_like(images[:, :, :, 0])
    height, width = ops.sum(ones[:, :, :1], axis=1), ops.sum(ones[:, :1, :], axis=2)
    top, left = 0.0 * height, 0.0 * width
    rows, columns = height, width
    if resize != "stretch":
        other_height = ops.floor(width * float(size[0]) / float(size[1]))
        other_width = ops.floor(height * float(size[1]) / float(size[0]))
        if resize == "crop":
            rows = ops.maximum(ops.minimum(height, other_height), 1.0)
            columns = ops.maximum(ops.minimum(width, other_width), 1.0)
            top, left = ops.floor((height - rows) * 0.5), ops.floor((width - columns) * 0.5)
        else:
            top = -ops.floor((ops.maximum(height, other_height) - height) * 0.5)
            left = -ops.floor((ops.maximum(width, other_width) - width) * 0.5)
            rows, columns = height - 2.0 * top, width - 2.0 * left

    def place(edges: Any, start: Any, length: Any, side: int, whole: Any) -> Any:
        # A difference, since Keras takes one number an image for a bias where there are as many images as boxes.
        return ops.minimum(ops.maximum(edges * (length / float(side)) - (0.0 - start), 0.0), whole)

    corners = [
        place(found[..., column], start, length, side, whole)
        for column, (start, length, side, whole) in enumerate(
            [(left, columns, size[1], width), (top, rows, size[0], height)] * 2
        )
    ]
    is_box = found[..., BOX : BOX + 1] >= 0.0
    placed = ops.concatenate([ops.stack(corners, axis=-1), found[..., BOX:]], axis=-1)
    return ops.where(is_box, placed, -1.0)


def merge_detections(found: Sequence[Any], limit: int) -> Any:
    """Return detections [batch, limit, 6] of several models' [batch, boxes, 6] for the same images.

    The score of a box is the mean over the models of the best score that each gives a box of its class which overlaps
    it by more than suppression allows, 0 for none; then the best are kept as in `find_detections`.
    """
    every = ops.concatenate(list(found), axis=1)
    boxes, numbers = every[..., :BOX], every[..., BOX]
    is_alike = ops.equal(ops.expand_dims(numbers, 2), ops.expand_dims(numbers, 1))
    overlaps = ops.cast(measure_overlaps(boxes), "float32") * ops.cast(is_alike, "float32")
    given = overlaps * ops.expand_dims(ops.maximum(every[..., BOX + 1], 0.0), 1)
    ends = [0]
    for each in found:
        ends.append(ends[-1] + int(each.shape[1]))
    best = [ops.max(given[..., start:end], axis=-1) for start, end in itertools.pairwise(ends)]
    scores = ops.sum(ops.stack(best, axis=-1), axis=-1) / float(len(found))
    scores = ops.where(numbers >= 0.0, scores, -1.0)
    order = ops.argsort(-scores, axis=1)
    boxes = ops.take_along_axis(boxes, ops.expand_dims(order, -1), axis=1)
    numbers, scores = ops.take_along_axis(numbers, order, axis=1), ops.take_along_axis(scores, order, axis=1)
    kept = find_kept(boxes, numbers) * ops.cast(scores > 0.0, "float32")
    score, chosen = ops.top_k(scores * kept, limit)
    rows = ops.concatenate([boxes, ops.expand_dims(numbers, -1)], axis=-1)
    rows = ops.take_along_axis(rows, ops.expand_dims(chosen, -1), axis=1)
    merged = ops.concatenate([rows, ops.expand_dims(score, -1)], axis=-1)
    return ops.where(ops.expand_dims(score, -1) > 0.0, merged, -1.0)
