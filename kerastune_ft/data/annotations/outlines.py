"""Objects of COCO as pixels: polygons, and runs of pixels (RLE) with or without compression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

# A character of compressed runs holds five bits of a number, the next bit says whether more follow; 48 is "0".
_FIRST, _BITS, _MORE, _SIGN = 48, 5, 0x20, 0x10


class UnusableOutlineError(Exception):
    """An outline that cannot be drawn; its text says why."""


def check_outline(outline: Any, size: tuple[int, int]) -> None:
    """Raise UnusableOutlineError where an outline cannot be drawn; nothing is drawn, which takes much longer."""
    if _has_runs(outline):
        _read_lengths(outline, size)
    else:
        _read_polygons(outline)


def draw_outline(outline: Any, size: tuple[int, int]) -> np.ndarray:
    """Return which pixels an object has, bool [height, width]; raise UnusableOutlineError where it is no outline.

    Polygons have the pixels whose centre is inside, several polygons all of theirs.
    """
    if _has_runs(outline):
        lengths = _read_lengths(outline, size)
        return np.repeat(np.arange(len(lengths)) % 2 == 1, lengths).reshape(size[1], size[0]).T
    drawn = np.zeros(size, bool)
    for points in _read_polygons(outline):
        _fill(drawn, points)
    return drawn


def _has_runs(outline: Any) -> bool:
    return isinstance(outline, Mapping) and "counts" in outline


def _read_polygons(outline: Any) -> list[np.ndarray]:
    """Return the corners of each polygon, float64 [corners, 2]: x and y."""
    if not isinstance(outline, list) or not outline or not all(isinstance(one, list) for one in outline):
        raise UnusableOutlineError("has neither polygons nor runs of pixels as its segmentation")
    return [_read_points(polygon) for polygon in outline]


def _read_points(polygon: Sequence[Any]) -> np.ndarray:
    try:
        points = np.asarray(polygon, np.float64).reshape(-1, 2)
    except (ValueError, TypeError):
        points = np.zeros((0, 2))
    if len(points) < 3 or not np.isfinite(points).all():
        raise UnusableOutlineError("has a polygon of fewer than three points, or of no numbers")
    return points


def _fill(drawn: np.ndarray, points: np.ndarray) -> None:
    """Set the pixels [height, width] whose centre is inside a polygon, by the even-odd rule."""
    height, width = drawn.shape
    starts, ends = points, np.roll(points, -1, axis=0)
    first = max(0, int(np.floor(points[:, 1].min() - 0.5)))
    last = min(height - 1, int(np.ceil(points[:, 1].max() - 0.5)))
    for row in range(first, last + 1):
        y = row + 0.5
        crosses = (starts[:, 1] <= y) != (ends[:, 1] <= y)
        if not crosses.any():
            continue
        one, other = starts[crosses], ends[crosses]
        x = np.sort(one[:, 0] + (y - one[:, 1]) * (other[:, 0] - one[:, 0]) / (other[:, 1] - one[:, 1]))
        columns = np.clip(np.ceil(x - 0.5), 0, width).astype(np.int64)
        for begin, end in columns.reshape(-1, 2):
            drawn[row, begin:end] = True


def _read_lengths(runs: Mapping[str, Any], size: tuple[int, int]) -> np.ndarray:
    """Return the lengths of runs of pixels, int64, which go down the columns and begin with one of none."""
    try:
        given = tuple(runs.get("size") or size)
        counts = runs["counts"]
        lengths = np.asarray(_unpack(counts) if isinstance(counts, str) else counts, np.int64).reshape(-1)
    except (ValueError, TypeError, OverflowError):
        raise UnusableOutlineError("has runs whose size or lengths are no numbers") from None
    if given != size:
        raise UnusableOutlineError(
            f"has runs of a picture of {given[-1]} x {given[0]} pixels, and its own is {size[1]} x {size[0]}"
        )
    height, width = size
    if (lengths < 0).any() or lengths.sum() != height * width:
        raise UnusableOutlineError(f"has runs of {int(lengths.sum()):,} pixels, and its picture {height * width:,}")
    return lengths


def _unpack(text: str) -> list[int]:
    """Return the lengths in a compressed text; from the fourth on each is written as its difference to two before."""
    found: list[int] = []
    place = 0
    while place < len(text):
        number, shift, more = 0, 0, True
        while more:
            if place >= len(text):
                raise UnusableOutlineError("has runs that end in the middle of a number")
            code = ord(text[place]) - _FIRST
            number |= (code & (_MORE - 1)) << (_BITS * shift)
            more = bool(code & _MORE)
            shift, place = shift + 1, place + 1
            if not more and code & _SIGN:
                number |= -1 << (_BITS * shift)
        found.append(number + found[-2] if len(found) > 2 else number)
    return found
