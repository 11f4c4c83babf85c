"""Answers that are boxes in the pictures' own pixels, from the thresholds of their classes on.

Truths are those of `BoxLabels.fields`: [boxes, 7], xmin, ymin, xmax, ymax, class, crowd and area.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.exporting.answers.base import Answer, Compared, Flip, Samples
from kerastune_ft.layers.detection.suppression import OVERLAP
from kerastune_ft.metrics.boxes.arrays import pad
from kerastune_ft.metrics.boxes.verdicts import judge

# Boxes that overlap less are two boxes.
_SAME = 0.5
# A hundredth of a pixel is a thousandth of the overlap of a box of 20 pixels, and a ten-thousandth of a score or less.
_OF_OVERLAP = 0.1
_COLUMNS = 6


def compare(
    scheme: LabelScheme, samples: Samples, rows: Sequence[Mapping[str, Any]], answers: Sequence[Answer]
) -> Compared:
    """Return for each sample how far scores and places of boxes are apart, and the samples with other boxes.

    Boxes of a class that overlap most are one and the same. The difference of two is that of their scores, or a tenth
    of what they do not share of their union. A box that only one of both has counts as a flip, whose gap is how far it
    is from not being answered: its score from the threshold of its class, or its overlap with another box from that
    from which suppression leaves the worse one out. Where that is so close that another box of the same object may
    have taken its place, it is the difference too.
    """
    assert samples.thresholds is not None
    thresholds = np.asarray(samples.thresholds, np.float64)
    run, export = ([_parse(each["boxes"], scheme.names) for each in found] for found in (rows, answers))
    differences, flips = [], []
    for name, one, other in zip(samples.names, run, export, strict=True):
        found = _match(one, other)
        differences.append(found.difference)
        if len(found.alone) or len(found.added):
            gap = _find_gap(one, other, found, thresholds)
            flips.append(Flip(name, _describe(one, found.alone, scheme), _describe(other, found.added, scheme), gap))
    return Compared(
        np.array(differences, np.float64),
        "of a score, or of ten parts of an overlap",
        flips,
        "F1 at IoU .5",
        _score(run, samples.truths, thresholds),
        _score(export, samples.truths, thresholds),
        flip="boxes that the run lacks, or lacks some, whose scores are more than {tolerance:g} above their thresholds",
    )


@dataclass(frozen=True)
class _Matches:
    """Boxes of two answers that are the same, and the places of those that are not in the other one."""

    difference: float
    alone: np.ndarray
    """Of the first."""
    added: np.ndarray
    """Of the second."""


def _parse(boxes: Sequence[Mapping[str, Any]], names: Sequence[str]) -> np.ndarray:
    """Return the boxes of a row of predictions, or of those that predict.py prints, [boxes, 6]."""
    numbers = {name: number for number, name in enumerate(names)}
    found = [[*each["box"], numbers[each["label"]], each["score"]] for each in boxes]
    return np.array(found, np.float64).reshape(-1, _COLUMNS)


def _match(one: np.ndarray, other: np.ndarray) -> _Matches:
    overlaps = _overlap(one, other)
    # A box may overlap two of its class about as much, and then its score tells which it is.
    order = np.argsort(-(overlaps - np.abs(one[:, None, 5] - other[None, :, 5])), axis=None, kind="stable")
    edges = _find_edges(one, other), _find_edges(other, one)
    free_one, free_other = np.ones(len(one), bool), np.ones(len(other), bool)
    largest = 0.0
    for place in order:
        row, column = divmod(int(place), max(1, len(other)))
        if overlaps[row, column] >= _SAME and free_one[row] and free_other[column]:
            free_one[row] = free_other[column] = False
            apart = max(abs(one[row, 5] - other[column, 5]), _OF_OVERLAP * (1.0 - overlaps[row, column]))
            largest = max(largest, min(apart, edges[0][row], edges[1][column]))
    return _Matches(float(largest), np.flatnonzero(free_one), np.flatnonzero(free_other))


def _find_edges(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return how far the overlap of each box with any other one is from that which suppression decides by."""
    found: np.ndarray = np.abs(_overlap(boxes, np.concatenate([boxes, others])) - OVERLAP)
    return found.min(axis=1, initial=np.inf)


def _overlap(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the intersection over union of every two boxes of one class, 0 of those of two: [boxes, other boxes]."""
    first = np.maximum(one[:, None, :2], other[None, :, :2])
    second = np.minimum(one[:, None, 2:4], other[None, :, 2:4])
    shared = np.prod(np.maximum(second - first, 0.0), axis=-1)
    areas = [np.prod(boxes[:, 2:4] - boxes[:, :2], axis=-1) for boxes in (one, other)]
    union = areas[0][:, None] + areas[1][None, :] - shared
    found: np.ndarray = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    # A box without any area is itself and nothing else.
    found[np.all(one[:, None, :4] == other[None, :, :4], axis=-1)] = 1.0
    return np.where(one[:, None, 4] == other[None, :, 4], found, 0.0)


def _find_gap(one: np.ndarray, other: np.ndarray, found: _Matches, thresholds: np.ndarray) -> float:
    """Return how far the box that only one answer has, and that is farthest from it, is from not being answered."""
    gaps = []
    for boxes, others, places in ((one, other, found.alone), (other, one, found.added)):
        above = boxes[places, 5] - thresholds[boxes[places, 4].astype(np.int64)]
        gaps.append(np.minimum(above, _find_edges(boxes, others)[places]))
    # A box that is back because the one that suppressed it is not there is as close as that one.
    between = _overlap(one[found.alone], other[found.added]) >= _SAME
    for row, column in np.argwhere(between):
        gaps[0][row] = gaps[1][column] = min(gaps[0][row], gaps[1][column])
    return float(np.concatenate(gaps).max())


def _describe(boxes: np.ndarray, places: np.ndarray, scheme: LabelScheme) -> str:
    """Return in words the best of the boxes that the other answer lacks, and how many there are."""
    if not len(places):
        return "no other box"
    best = boxes[places[np.argmax(boxes[places, 5])]]
    corners = ", ".join(f"{corner:.1f}" for corner in best[:4])
    more = f" and {len(places) - 1} more" if len(places) > 1 else ""
    return f"{scheme.names[int(best[4])]} {best[5]:.3f} at {corners}{more}"


def _score(found: Sequence[np.ndarray], truths: Sequence[Any], thresholds: np.ndarray) -> float:
    """Return F1 of all boxes at an IoU of .5, each true box found once; NaN without any box."""
    verdicts = judge(pad(found, _COLUMNS), pad([np.asarray(each) for each in truths], 7), thresholds).count()
    hits, missed, false_alarms = (int(verdicts[name].sum()) for name in ("hits", "missed", "false_alarms"))
    return 2 * hits / (2 * hits + missed + false_alarms) if hits + missed + false_alarms else float("nan")
