"""Detections and the true boxes that they find, picture by picture, as COCO's protocol pairs them.

`metrics.detection` has the protocol in words. What is kept of every detection is enough to compute average precision of
any choice of pictures again, as intervals do a thousand times.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kerastune_ft.metrics.boxes.arrays import LIMIT, is_box

OVERLAPS = np.linspace(0.5, 0.95, 10)
"""The thresholds of IoU that average precision is the mean over."""
AT_50, AT_75 = 0, 5
"""The places of .5 and .75 among them."""
RECALLS = np.linspace(0.0, 1.0, 101)
"""The recalls at which precision is averaged."""
AREAS = np.array([[0, 1e10], [0, 32**2], [32**2, 96**2], [96**2, 1e10]], np.float64)
"""The smallest and the largest area in pixels of any box, and of those of `SIZES` of `arrays.py`."""


@dataclass(frozen=True)
class Matches:
    """The detections of a split, class by class by falling score; equal scores in the order of their pictures."""

    pictures: np.ndarray
    """The place of each detection's picture, int64 [detections]."""
    places: np.ndarray
    """Its place among the detections of the picture, int64 [detections]."""
    classes: np.ndarray
    """Its class, int64 [detections]."""
    scores: np.ndarray
    """float64 [detections]"""
    is_hit: np.ndarray
    """Whether it found a true box, by size and overlap; bool [sizes with all first, overlaps, detections]."""
    is_ignored: np.ndarray
    """Whether it counts neither as right nor as wrong; of the same shape."""
    truth: np.ndarray
    """The place of the true box in its picture that it found with an IoU of .5, or -1; int64 [detections]."""
    wanted: np.ndarray
    """How many true boxes there are, without those that are ignored; int64 [sizes with all first, classes, pictures]"""


def match(detections: np.ndarray, truth: np.ndarray, classes: int, limit: int = LIMIT) -> Matches:
    """Return the detections of pictures with what each of them found; at most `limit` of a class in a picture."""
    pictures, places = np.nonzero(is_box(detections))
    rows = detections[pictures, places].astype(np.float64)
    order = np.lexsort((places, -rows[:, 5], rows[:, 4], pictures))
    pictures, places, rows = pictures[order], places[order], rows[order]
    kept = _rank_in_group(_name_groups(pictures, rows, classes)) < limit
    pictures, places, rows = pictures[kept], places[kept], rows[kept]
    true_pictures, true_places = np.nonzero(is_box(truth))
    true = truth[true_pictures, true_places].astype(np.float64)
    outside = _is_outside(true[:, 6]) | (true[:, 5] != 0)
    found = np.full((len(AREAS), len(OVERLAPS), len(rows)), -1, np.int64)
    groups, true_groups = (_name_groups(*each, classes) for each in ((pictures, rows), (true_pictures, true)))
    for own, others in _pair_groups(groups, true_groups):
        overlaps = find_overlaps(rows[own], true[others], true[others, 5] != 0)
        chosen = _find_true(overlaps, true[others, 5] != 0, outside[:, others])
        found[:, :, own] = np.where(chosen >= 0, others[chosen], -1)
    is_hit = found >= 0
    areas = (rows[:, 2] - rows[:, 0]) * (rows[:, 3] - rows[:, 1])
    rest = np.broadcast_to(_is_outside(areas)[:, np.newaxis], found.shape)
    is_ignored = np.where(is_hit, _take_by_size(outside, found), rest)
    wanted = np.zeros((len(AREAS), classes, len(truth)), np.int64)
    for size, ignored in enumerate(outside):
        np.add.at(wanted[size], (true[~ignored, 4].astype(np.int64), true_pictures[~ignored]), 1)
    first = found[0, 0]
    sort = np.lexsort((places, pictures, -rows[:, 5], rows[:, 4]))
    return Matches(
        pictures[sort],
        places[sort],
        rows[sort, 4].astype(np.int64),
        rows[sort, 5],
        is_hit[:, :, sort],
        is_ignored[:, :, sort],
        np.where(first >= 0, true_places[first] if len(true_places) else -1, -1)[sort],
        wanted,
    )


def find_overlaps(found: np.ndarray, true: np.ndarray, is_crowd: np.ndarray) -> np.ndarray:
    """Return the IoU of every detection with every true box, float64 [detections, true boxes].

    With a crowd it is the share of the detection that lies inside the crowd's box.
    """
    sizes = [boxes[:, 2:4] - boxes[:, :2] for boxes in (found, true)]
    ends = [boxes[:, :2] + size for boxes, size in zip((found, true), sizes, strict=True)]
    sides = np.minimum(ends[0][:, np.newaxis], ends[1]) - np.maximum(found[:, np.newaxis, :2], true[:, :2])
    shared = np.where((sides > 0).all(axis=-1), sides.prod(axis=-1), 0.0)
    areas = [size.prod(axis=-1) for size in sizes]
    whole = np.where(is_crowd, areas[0][:, np.newaxis], areas[0][:, np.newaxis] + areas[1] - shared)
    return np.divide(shared, whole, out=np.zeros_like(shared), where=whole > 0)


def _find_true(overlaps: np.ndarray, is_crowd: np.ndarray, is_ignored: np.ndarray) -> np.ndarray:
    """Return which true box each detection of a picture and class finds, or -1; [sizes, overlaps, detections].

    The detections are those of the highest score first. One that overlaps a box that counts never finds one that is
    ignored; of boxes that it overlaps alike it finds the last.
    """
    count = overlaps.shape[1]
    found = np.full((len(AREAS), len(OVERLAPS), len(overlaps)), -1, np.int64)
    is_free = np.ones((len(AREAS), len(OVERLAPS), count), bool)
    counts = ~is_ignored[:, np.newaxis]
    limits = OVERLAPS[:, np.newaxis]
    sizes, thresholds = np.meshgrid(np.arange(len(AREAS)), np.arange(len(OVERLAPS)), indexing="ij")
    for number in np.flatnonzero(overlaps.max(axis=1) >= OVERLAPS[0]):
        own = overlaps[number]
        can = is_free & (own >= limits)
        better = can & counts
        can = np.where(better.any(axis=2, keepdims=True), better, can)
        last = count - 1 - np.where(can, own, -1.0)[:, :, ::-1].argmax(axis=2)
        has = can.any(axis=2)
        found[:, :, number] = np.where(has, last, -1)
        is_free[sizes[has], thresholds[has], last[has]] = is_crowd[last[has]]
    return found


def _is_outside(areas: np.ndarray) -> np.ndarray:
    """Return which areas a size does not have, bool [sizes, boxes]."""
    return (areas < AREAS[:, :1]) | (areas > AREAS[:, 1:])


def _take_by_size(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return values [sizes, true boxes] at places [sizes, overlaps, detections]; of place -1 anything."""
    if not values.shape[1]:
        return np.zeros(places.shape, bool)
    return values[np.arange(len(values))[:, np.newaxis, np.newaxis], places]


def _name_groups(pictures: np.ndarray, rows: np.ndarray, classes: int) -> np.ndarray:
    """Return a number for the picture and class of each row."""
    return pictures * classes + rows[:, 4].astype(np.int64)


def _rank_in_group(groups: np.ndarray) -> np.ndarray:
    """Return how many rows of its group stand before each row; rows of a group stand together."""
    starts = np.flatnonzero(np.concatenate([[True], groups[1:] != groups[:-1]])) if len(groups) else np.array([], int)
    lengths = np.diff(np.append(starts, len(groups)))
    ranks: np.ndarray = np.arange(len(groups)) - np.repeat(starts, lengths)
    return ranks


def _pair_groups(groups: np.ndarray, true_groups: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield, for each picture and class that has both, the places of its detections and those of its true boxes."""
    order = np.argsort(true_groups, kind="stable")
    ordered = true_groups[order]
    for group in np.intersect1d(groups, true_groups):
        first, end = np.searchsorted(groups, [group, group + 1])
        yield np.arange(first, end), order[slice(*np.searchsorted(ordered, [group, group + 1]))]
