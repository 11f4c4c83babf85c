"""How the values of a mask file become values of classes: colours, objects that are numbered, and their borders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kerastune_ft.config.options.mask_values import BORDER, is_colour, parse_values
from kerastune_ft.data.images.reading import ImageReading
from kerastune_ft.rules import Rules

_NEIGHBOURS = ((0, 1), (0, -1), (1, 1), (1, -1))


@dataclass(frozen=True)
class MaskReading:
    """The options of a run that decide which values the pixels of a mask file have."""

    photo: ImageReading = field(default_factory=ImageReading)
    """Whether EXIF orientation of its own turns a mask."""
    colours: bool = False
    """Whether the colours of a file count, and not its numbers."""
    objects: tuple[tuple[int, int], ...] = ()
    """The first and the last of values that number objects of one class; all of them become the first."""
    border: int = 0
    """How many pixels at the edge of an object have the value `BORDER` instead; 0 for none."""
    touching: bool = False
    """Whether only edges at which two objects touch count."""

    @classmethod
    def of(cls, options: Any, task: Any, rules: Rules) -> MaskReading:
        """Return what the options of data and of the task say, under the rules of a run."""
        photo = ImageReading.of(options, rules, is_own=True)
        classes, border = task.classes, task.border
        if not isinstance(classes, Mapping):
            return cls(photo)
        spans = [span for text in classes if (span := parse_values(text)) is not None and len(span) > 1]
        objects = tuple((span[0], span[-1]) for span in spans)
        width, touching = (0, False) if border is None else (border.width, border.touching)
        return cls(photo, any(map(is_colour, classes)), objects, width, touching)

    @property
    def key(self) -> tuple[Any, ...]:
        """What its results depend on, as texts can hold it."""
        more = (self.colours, self.objects, self.border, self.touching)
        return self.photo.key if more == (False, (), 0, False) else (*self.photo.key, *more)

    def join_objects(self, values: np.ndarray) -> np.ndarray:
        """Return values [height, width] in which objects have the value of their class, and of their border."""
        if not self.objects:
            return values
        is_object = np.zeros(values.shape, bool)
        joined = values.copy()
        for first, last in self.objects:
            inside = (values >= first) & (values <= last)
            joined[inside] = first
            is_object |= inside
        if not self.border:
            return joined
        edge = is_object & find_edges(values, self.border, is_object if self.touching else None)
        return np.where(edge, np.int32(BORDER), joined.astype(np.int32))


def find_edges(values: np.ndarray, width: int, among: np.ndarray | None = None) -> np.ndarray:
    """Return which pixels have one of another value within `width` steps to the sides, up or down.

    With `among`, a mask of pixels, both pixels must be of these. The border of the picture is no edge.
    """
    # The largest and the smallest value that a pixel can reach in `width` steps; all are one where these are.
    numbers = values.astype(np.int64)
    high, low = numbers.copy(), numbers.copy()
    if among is not None:
        high[~among], low[~among] = np.iinfo(np.int64).min, np.iinfo(np.int64).max
    for _ in range(width):
        high, low = _spread(high, np.maximum), _spread(low, np.minimum)
    edges: np.ndarray = (high > numbers) | (low < numbers)
    return edges if among is None else edges & among


def _spread(values: np.ndarray, choose: np.ufunc) -> np.ndarray:
    """Return for each pixel the largest, or smallest, of its own value and those of its four neighbours."""
    found = values.copy()
    for axis, step in _NEIGHBOURS:
        here, there = [slice(None)] * 2, [slice(None)] * 2
        here[axis], there[axis] = (slice(1, None), slice(None, -1)) if step > 0 else (slice(None, -1), slice(1, None))
        found[tuple(here)] = choose(found[tuple(here)], values[tuple(there)])
    return found
