"""Everything that the report shows of boxes, as JSON values: what evaluation/boxes.json holds of the test split."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft.metrics.boxes.arrays import LIMIT, SIZES, is_box
from kerastune_ft.metrics.boxes.matches import RECALLS, Matches, match
from kerastune_ft.metrics.boxes.verdicts import ALONE, HIT, OTHER, Verdicts, count_confusion, judge
from kerastune_ft.metrics.detection import score_at_limit, score_classes, score_sizes
from kerastune_ft.metrics.intervals.base import find_intervals
from kerastune_ft.metrics.intervals.detection import make_class_sample, make_size_sample

_BINS = 20


def describe_boxes(
    detections: np.ndarray,
    truth: np.ndarray,
    names: Sequence[str],
    thresholds: Mapping[str, float],
    groups: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Return figures by class and by size with intervals, curves, the confusion matrix and how scores are spread.

    `thresholds` has for each class the score from which a detection is shown: precision, recall, F1 and the confusion
    matrix are of those, at an IoU of .5. `groups` has the group of every picture where pictures belong together. What
    is not defined is NaN.
    """
    matches = match(detections, truth, len(names))
    limits = np.array([thresholds[name] for name in names])
    verdicts = judge(detections, truth, limits)
    found = {
        "classes": _describe_classes(detections, truth, names, matches, verdicts, thresholds, groups),
        "sizes": _describe_sizes(detections, truth, names, matches, groups),
        "average_recall": score_sizes(detections, truth, len(names))["average_recall_at"],
        "curves": {name: _draw_curve(matches, number) for number, name in enumerate(names)},
        "confusion": count_confusion(detections, truth, verdicts, len(names)).tolist(),
        "scores": _count_scores(matches),
        "limit": LIMIT,
    }
    # Only where a picture has more of a class does another limit give other figures.
    if (most := _find_most(detections)) > LIMIT:
        more = score_at_limit(detections, truth, len(names), most)
        found["at_own_limit"] = {"limit": detections.shape[1], **more}
    return found


def _find_most(detections: np.ndarray) -> int:
    """Return the most detections of one class in a picture."""
    pictures, places = np.nonzero(is_box(detections))
    pairs = np.stack([pictures, detections[pictures, places, 4].astype(np.int64)], axis=1)
    return int(np.unique(pairs, axis=0, return_counts=True)[1].max(initial=0))


def _describe_classes(
    detections: np.ndarray,
    truth: np.ndarray,
    names: Sequence[str],
    matches: Matches,
    verdicts: Verdicts,
    thresholds: Mapping[str, float],
    groups: Sequence[str] | None,
) -> list[dict[str, Any]]:
    scores = score_classes(detections, truth, names)
    ends = find_intervals(make_class_sample(matches, names), groups)
    rows = []
    for number, name in enumerate(names):
        own, wanted = detections[..., 4] == number, truth[..., 4] == number
        hits = int((verdicts.detections[own] == HIT).sum())
        alarms = int(np.isin(verdicts.detections[own], (ALONE, OTHER)).sum())
        missed = int(np.isin(verdicts.truth[wanted], (ALONE, OTHER)).sum())
        rows.append(
            {
                "class": name,
                **scores[name],
                "interval": ends.get(name),
                "threshold": thresholds[name],
                "precision": _divide(hits, hits + alarms),
                "recall": _divide(hits, hits + missed),
                "f1": _divide(2 * hits, 2 * hits + alarms + missed),
                "hits": hits,
                "false_alarms": alarms,
                "missed": missed,
            }
        )
    return rows


def _divide(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _describe_sizes(
    detections: np.ndarray, truth: np.ndarray, names: Sequence[str], matches: Matches, groups: Sequence[str] | None
) -> list[dict[str, Any]]:
    scores = score_sizes(detections, truth, len(names))
    ends = find_intervals(make_size_sample(matches), groups)
    return [
        {
            "size": size,
            "average_precision": scores["average_precision"][size],
            "interval": ends.get(size),
            "average_recall": scores["average_recall"][size],
            "boxes": int(matches.wanted[place].sum()),
        }
        for place, size in enumerate(SIZES, 1)
    ]


def _draw_curve(matches: Matches, number: int) -> list[float] | None:
    """Return the largest precision at an IoU of .5 at each of the recalls 0, .01, ... 1 or above; None without truth.

    Their mean is the average precision at .5.
    """
    wanted = int(matches.wanted[0, number].sum())
    if not wanted:
        return None
    own = (matches.classes == number) & ~matches.is_ignored[0, 0]
    hits = np.cumsum(matches.is_hit[0, 0][own])
    precision = np.maximum.accumulate((hits / np.arange(1, len(hits) + 1))[::-1])[::-1]
    places = np.searchsorted(hits / wanted, RECALLS, side="left")
    return [round(value, 6) for value in np.append(precision, 0.0)[np.minimum(places, len(hits))].tolist()]


def _count_scores(matches: Matches) -> dict[str, list[int]]:
    """Return how many detections that find a true box at an IoU of .5, and how many that find none, have which score.

    Scores are counted in 20 equal parts from 0 to 1. Detections in crowds are in neither.
    """
    parts = np.clip((matches.scores * _BINS).astype(np.int64), 0, _BINS - 1)
    counts, is_hit = ~matches.is_ignored[0, 0], matches.is_hit[0, 0]
    return {
        name: np.bincount(parts[counts & own], minlength=_BINS).tolist()
        for name, own in (("hits", is_hit), ("false_alarms", ~is_hit))
    }
