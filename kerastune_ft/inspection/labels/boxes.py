"""What is found in boxes by themselves: objects with two boxes, odd sizes, pictures without any, rare classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from kerastune_ft.config.options.data import SPLITS
from kerastune_ft.data.labels.boxes import BoxLabels
from kerastune_ft.inspection.balance import find_imbalance
from kerastune_ft.inspection.findings import BARE, DOUBLE, ODD_BOXES, Finding, Row
from kerastune_ft.metrics.boxes.matches import find_overlaps

# Boxes of one picture that overlap by so much (IoU) are of one object.
_SAME = 0.9
# Boxes of a class from which on it is known what is usual, and the usual deviations from which on a box is odd.
_KNOWN, _FAR = 20, 4.0
# By what is measured: how many times the median of the class is odd at least, and the words for more and for less.
_MEASURES = (
    (lambda sides: np.sqrt(sides.prod(axis=1)), 4.0, ("larger", "smaller")),
    (lambda sides: sides[:, 0] / sides[:, 1], 3.0, ("wider for its height", "higher for its width")),
)


def find_in_boxes(labels: BoxLabels, indices: np.ndarray, splits: Sequence[str]) -> list[Finding | None]:
    """Return what is odd about the boxes of these examples, which rows name by position; `splits` are by position.

    Boxes that do not count (`iscrowd`, `difficult`, `task.min_size`) are not looked at.
    """
    own = [labels.boxes(index) for index in indices.tolist()]
    boxes = np.concatenate([np.zeros((0, 7)), *own]).astype(np.float64)
    positions = np.repeat(np.arange(len(own)), [len(each) for each in own])
    boxes, positions = boxes[boxes[:, 5] == 0], positions[boxes[:, 5] == 0]
    trained = labels.numbers[indices[np.array(splits) == "train"]].sum(axis=0).tolist()
    return [
        _find_double(boxes, positions, labels.names, splits),
        _find_odd(boxes, positions, labels.names, splits),
        _find_bare(labels.numbers[indices], splits),
        find_imbalance({"train": dict(zip(labels.names, trained, strict=True))}, "average precision by class", "boxes"),
    ]


def _find_double(
    boxes: np.ndarray, positions: np.ndarray, names: Sequence[str], splits: Sequence[str]
) -> Finding | None:
    """Return the objects with two boxes, those of two classes first."""
    rows: list[tuple[bool, Row]] = []
    for position in np.unique(positions).tolist():
        own = boxes[positions == position]
        overlaps = find_overlaps(own, own, np.zeros(len(own), bool))
        for first, second in np.argwhere(np.triu(overlaps >= _SAME, 1)).tolist():
            classes = dict.fromkeys(names[int(own[each, 4])] for each in (first, second))
            words = f"{' and '.join(classes)}, {_place(own[first])}: overlap (IoU) {overlaps[first, second]:.2f}"
            rows.append((len(classes) == 1, Row((position,), words)))
    if not rows:
        return None
    of_two = sum(not is_one for is_one, _ in rows)
    found = [row for _, row in sorted(rows, key=lambda each: each[0])]
    detail = f"{of_two} of two classes; {_count_pictures(found, splits)}"
    return Finding(DOUBLE, len(found), detail, "leave one box for each object in the annotations", found)


def _find_odd(boxes: np.ndarray, positions: np.ndarray, names: Sequence[str], splits: Sequence[str]) -> Finding | None:
    """Return the boxes of another size or shape than is usual in their class, the farthest off first."""
    rows: list[tuple[float, Row]] = []
    for number, name in enumerate(names):
        mine = np.flatnonzero(boxes[:, 4] == number)
        for measure, least, words in _MEASURES:
            for place, times in _find_far(measure(boxes[mine, 2:4] - boxes[mine, :2]), least):
                box = mine[place]
                factor = max(times, 1 / times)
                said = f"{name}, {_place(boxes[box])}: {factor:.1f} times {words[times < 1]} than is usual"
                rows.append((factor, Row((int(positions[box]),), said, figure=factor)))
    if not rows:
        return None
    found = [row for _, row in sorted(rows, key=lambda each: -each[0])]
    advice = "look at them in the page: is each a whole object, and one alone?"
    return Finding(ODD_BOXES, len(found), f"of {len(boxes):,}; {_count_pictures(found, splits)}", advice, found)


def _find_far(values: np.ndarray, least: float) -> Iterator[tuple[int, float]]:
    """Yield the places of values far from the median, each with how many times the median it is."""
    if len(values) < _KNOWN:
        return
    off = np.log(values) - np.median(np.log(values))
    usual = 1.4826 * float(np.median(np.abs(off)))
    for place in np.flatnonzero(np.abs(off) > max(np.log(least), _FAR * usual)).tolist():
        yield place, float(np.exp(off[place]))


def _find_bare(numbers: np.ndarray, splits: Sequence[str]) -> Finding | None:
    """Return the pictures without boxes; `numbers` are those of each class in each picture."""
    rows = [Row((position,), "no box that counts") for position in np.flatnonzero(~numbers.any(axis=1)).tolist()]
    if not rows:
        return None
    advice = "they are learnt as background: see that nobody forgot their boxes"
    return Finding(BARE, len(rows), _count_pictures(rows, splits), advice, rows)


def _place(box: np.ndarray) -> str:
    left, top, right, bottom = (round(float(edge)) for edge in box[:4])
    return f"{right - left} x {bottom - top} pixels at {left}, {top}"


def _count_pictures(rows: Sequence[Row], splits: Sequence[str]) -> str:
    """Return how many pictures of each split rows name, one each."""
    counts = Counter(splits[position] for position in {row.positions[0] for row in rows})
    return ", ".join(f"{counts[split]} in {split}" for split in SPLITS if counts[split])
