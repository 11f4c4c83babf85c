"""From raw outputs of a detection head to the boxes that are answered: the best of each object, by stock operations.

The same code makes the answers of a saved model, symbolically, and those that are measured, on tensors.
"""

from __future__ import annotations

from typing import Any

from keras import ops

from kerastune_ft.layers.detection.fcos import BOX

COLUMNS = 6
"""xmin, ymin, xmax, ymax, class, score."""
LEAST_SCORE = 0.05
"""The score below which a box is no answer."""

OVERLAP = 0.6
"""The intersection over union above which the worse one of two boxes of a class is no answer."""
USUAL_CANDIDATES = 600
"""The boxes of a picture that are compared with each other, where four times the answers are no more."""
# Each settles all boxes whose chain of better boxes, each suppressing the next, is one longer.
_ROUNDS = 20


def find_detections(outputs: Any, classes: int, image_size: tuple[int, int], limit: int) -> Any:
    """Return detections [batch, limit, 6] of raw outputs [batch, places, classes + 7] of `fcos_head`.

    Rows are xmin, ymin, xmax, ymax in pixels of the model's image, clipped to it, the number of a class, and the score,
    the highest first; rows of -1 fill up. Of the boxes of one class that overlap by more than 0.6 (intersection over
    union) only the best is kept, as greedy non-maximum suppression does.
    """
    height, width = map(float, image_size)
    count = int(outputs.shape[1]) * classes
    candidates = count_candidates(int(outputs.shape[1]), classes, limit)
    scores = ops.sigmoid(outputs[..., :classes])
    best, places = ops.top_k(ops.reshape(scores, (-1, count)), candidates)
    rows, numbers = ops.floor_divide(places, classes), ops.mod(places, classes)
    corners = outputs[..., classes : classes + BOX]
    across, upright = ops.clip(corners[..., 0::2], 0.0, width), ops.clip(corners[..., 1::2], 0.0, height)
    clipped = ops.concatenate([across[..., :1], upright[..., :1], across[..., 1:], upright[..., 1:]], -1)
    boxes = ops.take_along_axis(clipped, ops.expand_dims(rows, -1), axis=1)
    numbers = ops.cast(numbers, "float32")
    kept = find_kept(boxes, numbers)
    score, chosen = ops.top_k(best * kept, min(limit, candidates))
    found = ops.concatenate(
        [
            ops.take_along_axis(boxes, ops.expand_dims(chosen, -1), axis=1),
            ops.expand_dims(ops.take_along_axis(numbers, chosen, axis=1), -1),
            ops.expand_dims(score, -1),
        ],
        -1,
    )
    is_answer = ops.expand_dims(score, -1) >= LEAST_SCORE
    found = ops.where(is_answer, found, -1.0)
    missing = limit - min(limit, candidates)
    return ops.pad(found, ((0, 0), (0, missing), (0, 0)), constant_values=-1.0) if missing else found


def count_candidates(places: int, classes: int, limit: int) -> int:
    """Return how many boxes of a picture are compared with each other, for `limit` answers at most."""
    return min(max(USUAL_CANDIDATES, 4 * limit), places * classes)


def find_kept(boxes: Any, numbers: Any) -> Any:
    """Return 1 for the boxes [batch, boxes, 4], best first, that no better one of their class suppresses, else 0.

    `numbers` [batch, boxes] are those of the classes. Greedy suppression is the fixed point of "a box is kept where no
    kept better box overlaps it", which is reached after as many rounds as the longest chain of boxes has, each
    suppressed by the one before. There are 20, and one more that checks them: what is not settled then, of a chain that
    is longer, counts as suppressed.
    """
    rank = ops.cumsum(ops.ones_like(numbers), axis=1)
    is_better = ops.expand_dims(rank, 2) < ops.expand_dims(rank, 1)
    is_alike = ops.equal(ops.expand_dims(numbers, 2), ops.expand_dims(numbers, 1))
    # From a better box, along the first axis, to the one that it suppresses.
    suppresses = ops.cast(measure_overlaps(boxes), "float32")
    suppresses = suppresses * ops.cast(is_better, "float32") * ops.cast(is_alike, "float32")
    kept = before = ops.ones_like(numbers)
    for _ in range(_ROUNDS + 1):
        before = kept
        kept = 1.0 - ops.minimum(ops.sum(suppresses * ops.expand_dims(kept, -1), axis=1), 1.0)
    return kept * before


def measure_overlaps(boxes: Any) -> Any:
    """Return which of boxes [batch, boxes, 4] overlap by more than suppression allows, bool [batch, boxes, boxes]."""
    first = ops.maximum(ops.expand_dims(boxes[..., :2], 2), ops.expand_dims(boxes[..., :2], 1))
    second = ops.minimum(ops.expand_dims(boxes[..., 2:], 2), ops.expand_dims(boxes[..., 2:], 1))
    sides = ops.maximum(second - first, 0.0)
    shared = sides[..., 0] * sides[..., 1]
    areas = (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])
    # No sum: of one image Keras takes the second part for the bias of a layer, and adds it along another axis.
    union = ops.expand_dims(areas, 2) - (shared - ops.expand_dims(areas, 1))
    return shared > union * OVERLAP
