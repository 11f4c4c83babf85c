from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.losses.boxes import compute_losses, match_places
from kerastune_ft.losses.options import LossOptions

CLASSES = 3
SIZE = (64, 96)
STRIDES = (8, 16, 32)


def make_places() -> np.ndarray:
    """Return x, y and stride of all places of an image, [places, 3]."""
    rows = []
    for stride in STRIDES:
        for y in range(SIZE[0] // stride):
            rows += [((x + 0.5) * stride, (y + 0.5) * stride, stride) for x in range(SIZE[1] // stride)]
    return np.array(rows, np.float32)


PLACES = make_places()


def draw_batch(batch: int = 6, most: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Return boxes, the last image without any, and outputs; one box is ignored, one lies between all places."""
    random = np.random.default_rng(3)
    boxes = np.full((batch, most, 7), -1, np.float32)
    for number in range(batch - 1):
        for row in range(number % most + 1):
            sides = random.uniform(6, 60, 2)
            corner = random.uniform(0, np.array(SIZE[::-1]) - sides)
            boxes[number, row] = [*corner, *(corner + sides), random.integers(CLASSES), 0, sides.prod()]
    boxes[1, 1] = [41.5, 41.5, 43, 43, 2, 0, 2]
    boxes[2, 2, 5] = boxes[4, 0, 5] = 1
    outputs = np.zeros((batch, len(PLACES), CLASSES + 7), np.float32)
    outputs[..., :CLASSES] = random.normal(-2, 1, (batch, len(PLACES), CLASSES))
    distances = random.uniform(0, 40, (batch, len(PLACES), 4))
    outputs[..., CLASSES : CLASSES + 2] = PLACES[:, :2] - distances[..., :2]
    outputs[..., CLASSES + 2 : CLASSES + 4] = PLACES[:, :2] + distances[..., 2:]
    outputs[..., -3:] = PLACES
    return boxes, outputs


def match_by_hand(boxes: np.ndarray) -> tuple[list[int | None], list[bool]]:
    """Return for each place the box it is matched to, or None, and whether it is ignored."""
    real = [row for row, box in enumerate(boxes) if box[4] >= 0 and box[5] == 0]
    candidates: dict[int, list[int]] = {place: [] for place in range(len(PLACES))}
    for row in real:
        left, top, right, bottom = boxes[row, :4]
        found = []
        for place, (x, y, stride) in enumerate(PLACES):
            sides = [x - left, y - top, right - x, bottom - y]
            near = max(abs(x - (left + right) / 2), abs(y - (top + bottom) / 2)) < 1.5 * stride
            low = 0 if stride == min(STRIDES) else 4 * stride
            high = np.inf if stride == max(STRIDES) else 8 * stride
            if min(sides) > 0 and near and low <= max(sides) < high:
                found.append(place)
        if not found:
            fine = np.flatnonzero(PLACES[:, 2] == min(STRIDES))
            centre = [(left + right) / 2, (top + bottom) / 2]
            found = [int(fine[np.square(PLACES[fine, :2] - centre).sum(1).argmin()])]
        for place in found:
            candidates[place].append(row)
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    matched = [min(rows, key=lambda row: area[row]) if rows else None for rows in candidates.values()]
    crowds = [box for box in boxes if box[4] >= 0 and box[5] == 1]
    inside = [any(b[0] < x < b[2] and b[1] < y < b[3] for b in crowds) for x, y, _ in PLACES]
    return matched, [within and row is None for within, row in zip(inside, matched, strict=True)]


def lose_by_hand(boxes: np.ndarray, outputs: np.ndarray, weights: tuple[float, ...] = (1, 1, 1)) -> tuple[float, int]:
    matched, ignored = match_by_hand(boxes)
    total, count = 0.0, 0
    for place, row in enumerate(matched):
        out = outputs[place].astype(np.float64)
        scores = 1 / (1 + np.exp(-out[:CLASSES]))
        target, lost = np.zeros(CLASSES), 0.0
        if row is not None:
            one, other = out[CLASSES : CLASSES + 4], boxes[row, :4].astype(np.float64)
            areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
            width = min(one[2], other[2]) - max(one[0], other[0])
            height = min(one[3], other[3]) - max(one[1], other[1])
            shared = max(width, 0) * max(height, 0)
            union = sum(areas) - shared
            around = (max(one[2], other[2]) - min(one[0], other[0])) * (max(one[3], other[3]) - min(one[1], other[1]))
            target[int(boxes[row, 4])] = shared / union
            lost = 2 * (1 - (shared / union - (around - union) / around))
            count += 1
        if ignored[place]:
            continue
        entropy = -(target * np.log(scores) + (1 - target) * np.log(1 - scores))
        lost += (np.abs(target - scores) ** 2 * entropy).sum()
        total += lost * (1 if row is None else weights[int(boxes[row, 4])])
    return total, count


def test_losses_are_those_of_the_papers() -> None:
    boxes, outputs = draw_batch()
    losses, counts = compute_losses(tf.constant(boxes), tf.constant(outputs))
    expected = [lose_by_hand(*each) for each in zip(boxes, outputs, strict=True)]
    assert counts.numpy().tolist() == [count for _, count in expected]
    assert losses.numpy() == pytest.approx([total for total, _ in expected], rel=1e-5)
    assert counts[-1] == 0 and losses[-1] > 0
    # Images with boxes that do not count alone are like those without any.
    assert counts[4] > 0 and any(match_by_hand(boxes[4])[1])


def test_class_weights_are_factors_on_matched_places() -> None:
    boxes, outputs = draw_batch()
    weights = (0.5, 2.0, 3.0)
    losses, counts = compute_losses(tf.constant(boxes), tf.constant(outputs), LossOptions(class_weights=weights))
    expected = [lose_by_hand(*each, weights) for each in zip(boxes, outputs, strict=True)]
    assert losses.numpy() == pytest.approx([total for total, _ in expected], rel=1e-5)
    assert counts.numpy().tolist() == [count for _, count in expected]


def test_a_box_between_all_places_is_matched_to_the_next_one() -> None:
    boxes, _ = draw_batch()
    found = match_places(tf.constant(boxes), tf.constant(np.repeat(PLACES[np.newaxis], len(boxes), 0)))
    for number, own in enumerate(boxes):
        rows = set(found.boxes[number].numpy()[found.is_matched[number].numpy()].tolist())
        assert rows == {row for row, box in enumerate(own) if box[4] >= 0 and box[5] == 0}
    x, y, stride = PLACES[np.flatnonzero(found.boxes[1].numpy() == 1)[0]]
    assert (x, y, stride) == (44, 44, 8)


@pytest.mark.parametrize("pairs", [1, 3 * 6 * len(PLACES), 4 * 6 * len(PLACES)])
def test_boxes_in_parts_are_matched_as_all_at_once(pairs: int) -> None:
    """As many boxes as images, also in a graph."""
    boxes, _ = draw_batch()
    places = tf.constant(np.repeat(PLACES[np.newaxis], len(boxes), 0))
    whole = match_places(tf.constant(boxes), places)
    in_graph = tf.function(lambda own, at: match_places(own, at, pairs))(tf.constant(boxes), places)
    for one, other in zip(whole, in_graph, strict=True):
        assert np.array_equal(one, other)


def test_losses_do_not_depend_on_the_batch_and_have_gradients() -> None:
    boxes, outputs = (tf.constant(each) for each in draw_batch())
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        whole, _ = compute_losses(boxes, outputs)
    gradients = tape.gradient(whole, outputs).numpy()
    assert np.isfinite(gradients).all()
    for number in range(len(boxes)):
        alone, _ = compute_losses(boxes[number : number + 1], outputs[number : number + 1])
        assert float(alone[0]) == pytest.approx(float(whole[number]), rel=1e-6)
    matched = match_places(boxes, outputs[..., -3:]).is_matched.numpy()
    moved = np.abs(gradients[..., CLASSES : CLASSES + 4]).sum(-1) > 0
    assert np.array_equal(moved, matched)
