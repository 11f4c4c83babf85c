"""Labels that are boxes: for each example any number of rectangles with a class each."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastune_ft.data.labels.box_sides import Sizes, fit_sides
from kerastune_ft.data.labels.classes import refuse_unlisted, sort_labels
from kerastune_ft.data.labels.counted import CountedLabels
from kerastune_ft.data.labels.raw import BoxLists, RawLabels
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.wording import counted, first_names

if TYPE_CHECKING:
    import tensorflow as tf

_COLUMNS = 7
_STEP = 8
_PERCENTILE = 10
_SHOWN = 10


class BoxLabels(CountedLabels):
    """Boxes: `numbers` is int64 [N, classes], those of each class in each picture that count."""

    kind = "boxes"
    contradiction = "there with different boxes, so one of these is wrong"
    without_class = "its average precision is undefined"
    requires_training = False
    beside_turned = "; their boxes must fit the turned photos"

    def __init__(
        self,
        names: tuple[str, ...],
        rows: np.ndarray,
        pictures: np.ndarray,
        sizes: np.ndarray,
        notes: Sequence[str] = (),
    ) -> None:
        """`rows` are float32 [boxes, 7] as of `boxes`, `pictures` the example of each in ascending order.

        `sizes` is int32 [N, 2], height and width of every picture; `notes` are sentences about the boxes.
        """
        self._rows, self._sizes, self._notes = rows, sizes, tuple(notes)
        self._starts = np.searchsorted(pictures, np.arange(len(sizes) + 1))
        self._tensors: tuple[tf.Tensor, tf.Tensor, tf.Tensor] | None = None
        counting = rows[:, 5] == 0
        numbers = np.zeros((len(sizes), len(names)), np.int64)
        np.add.at(numbers, (pictures[counting], rows[counting, 4].astype(np.int64)), 1)
        super().__init__(names, numbers)

    @property
    def texts(self) -> list[str]:
        """For each example, how many boxes of each class it has: `12 RBC, 1 WBC`."""
        return [
            ", ".join(f"{count} {name}" for count, name in zip(row.tolist(), self.names, strict=True) if count)
            for row in self.numbers
        ]

    @property
    def most(self) -> int:
        """The most boxes of one picture, ignored ones among them, rounded up to a multiple of 8; at least 8."""
        largest = int(np.diff(self._starts).max(initial=1))
        return max(_STEP, -(-largest // _STEP) * _STEP)

    def boxes(self, index: int) -> np.ndarray:
        """Return the boxes of an example, float32 [n, 7].

        Columns are the left, upper, right and lower edge in pixels of the picture, the number of the class, 1 for a box
        that counts neither in training nor in metrics, and the area of the object in pixels.
        """
        return self._rows[self._starts[index] : self._starts[index + 1]]

    def content(self, index: int) -> str:
        """Return the hash of an example's boxes."""
        return hashlib.sha256(np.ascontiguousarray(self.boxes(index), "<f4").tobytes()).hexdigest()

    def find_notes(self, splits: Mapping[str, np.ndarray]) -> list[str]:
        """Return how many boxes of each class the training pictures have, and what became of boxes that do not fit."""
        split = "train" if "train" in splits else next(iter(splits))
        mine = self.numbers[splits[split]]
        counts = [f"{count:,} {name}" for count, name in zip(mine.sum(axis=0).tolist(), self.names, strict=True)]
        said = f"boxes of the {split} split: {first_names(counts, _SHOWN)}"
        without = int((mine.sum(axis=1) == 0).sum())
        if without:
            said += f"; {counted(without, 'image')} {'has' if without == 1 else 'have'} none"
        return [said, *self._notes]

    def scheme(self, train: np.ndarray) -> LabelScheme:
        """Return the classes, the most boxes of a picture, and the size of the small ones among the training boxes."""
        return LabelScheme(self.kind, self.names, most=self.most, smallest=self._find_smallest(train))

    def _find_smallest(self, indices: np.ndarray) -> float:
        shares = []
        for index in indices.tolist():
            boxes = self.boxes(index)
            sides = np.maximum(boxes[:, 2:4] - boxes[:, :2], 0)[boxes[:, 5] == 0]
            shares.append(np.sqrt(sides.prod(axis=1, dtype=np.float64)) / max(1, self._sizes[index].max()))
        every = np.concatenate([np.zeros(0), *shares])
        return round(float(np.percentile(every, _PERCENTILE)), 6) if len(every) else 0.0

    def fields(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return `boxes`, float32 [n, 7] as of the method of this name, and `size`: height and width, int32 [2]."""
        import tensorflow as tf

        if self._tensors is None:
            # Made once and captured: a constant inside the graph would be copied into every graph that reads.
            with tf.init_scope(), tf.device("CPU:0"):
                self._tensors = tf.constant(self._rows), tf.constant(self._starts), tf.constant(self._sizes)
        rows, starts, sizes = self._tensors
        boxes = rows[tf.gather(starts, index) : tf.gather(starts, index + 1)]
        return {"boxes": tf.ensure_shape(boxes, [None, _COLUMNS]), "size": tf.gather(sizes, index)}


def number_boxes(raw: RawLabels, keys: Sequence[str], task: Any, origin: str, sizes: Sizes | None = None) -> BoxLabels:
    """Return the boxes of all examples, see `number_labels`; `box_sides` has the rules for those that do not fit."""
    if not isinstance(raw, BoxLists):
        raise ConfigError(f"data.label: {origin} gives no boxes, and {task.kind} learns from boxes")
    number, names, notes = _name_classes(raw, keys, task.classes, origin)
    texts = [text for one in raw.lists for text in one.classes]
    classes = np.fromiter((number[text] for text in texts), np.int64, len(texts))
    sides = fit_sides(raw, classes, keys, sizes)
    extents = sides.edges[:, 2:] - sides.edges[:, :2]
    small = extents.min(axis=1, initial=np.inf) < task.min_size
    crowd, difficult, areas = (
        np.concatenate([np.zeros(0, dtype), *(getattr(one, name) for one in raw.lists)])[sides.kept]
        for name, dtype in (("crowd", bool), ("difficult", bool), ("areas", np.float64))
    )
    areas = np.where(np.isnan(areas), extents.prod(axis=1), areas)
    rows = np.column_stack([sides.edges, classes[sides.kept], crowd | difficult | small, areas]).astype(np.float32)
    known = [(0, 0) if size is None else size for size in sizes or [None] * len(keys)]
    said = (
        (crowd, "a crowd (iscrowd)"),
        (difficult & ~crowd, "difficult"),
        (small & ~crowd & ~difficult, f"smaller than task.min_size, {task.min_size:g}"),
    )
    left = [f"{int(which.sum()):,} {why}" for which, why in said if which.any()]
    if left:
        notes.append(f"boxes: some count neither in training nor in metrics: {', '.join(left)}")
    return BoxLabels(names, rows, sides.pictures, np.array(known, np.int32).reshape(-1, 2), (*notes, *sides.notes))


def _name_classes(
    raw: BoxLists, keys: Sequence[str], wanted: Sequence[str] | Mapping[str, str] | None, origin: str
) -> tuple[dict[str, int], tuple[str, ...], list[str]]:
    """Return the number of the class of each label, the classes in order, and sentences for the user."""
    held = {text for one in raw.lists for text in one.classes}
    found = sort_labels(held)
    named = dict(wanted) if isinstance(wanted, Mapping) else {label: label for label in wanted or found}
    if unlisted := [label for label in found if label not in named]:
        refuse_unlisted(
            unlisted,
            lambda label: [key for key, one in zip(keys, raw.lists, strict=True) if label in one.classes],
            named,
        )
    names = tuple(dict.fromkeys(named.values()))
    if not names:
        raise DataError(f"data: {origin} has no box; check the annotations.")
    empty = [label for label in raw.named if label not in held and label not in named]
    notes = []
    if empty:
        are = "is a class that no box has, and none" if len(empty) == 1 else "are classes that no box has, and none"
        notes.append(f"boxes: {first_names(empty, _SHOWN)} {are} of this run")
    return {label: names.index(name) for label, name in named.items()}, names, notes
