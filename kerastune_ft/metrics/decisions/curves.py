"""ROC and precision-recall curves of a class against the rest, and the areas below them with intervals.

Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27, 2006. A point is a threshold: examples whose
score is at least that are taken for the class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerastune_ft.metrics.decisions.scored import Scored
from kerastune_ft.metrics.division import divide
from kerastune_ft.metrics.intervals.base import find_quantiles
from kerastune_ft.metrics.intervals.draws import RESAMPLES, draw_counts
from kerastune_ft.metrics.intervals.ranking import METRICS, Ranking

MOST_CLASSES = 12
"""Of more classes those with the smallest area below the ROC curve are drawn and get intervals."""
MOST_POINTS = 100
# Examples times classes beyond which curves would take many seconds, and numbers computed for intervals of areas.
_MOST_RANKED = 3_000_000
_MOST_RESAMPLED = 60_000_000
_LEAST_RESAMPLES = 200
_DIGITS = 5


@dataclass(frozen=True)
class Trace:
    """The numbers of examples at or above each threshold, from the highest one, float64 [thresholds] each."""

    thresholds: np.ndarray
    """Every score that occurs, from the highest to the lowest."""
    hits: np.ndarray
    """Examples of the class."""
    false_alarms: np.ndarray
    """Examples that have not the class."""
    positives: int
    negatives: int


def trace(scored: Scored) -> Trace:
    """Return the counts at every threshold of a class."""
    order = np.argsort(-scored.scores, kind="stable")
    ranked, flags = scored.scores[order], scored.is_positive[order].astype(np.float64)
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True)) if len(ranked) else np.zeros(0, np.int64)
    hits = np.cumsum(flags)[ends] if len(ranked) else np.zeros(0)
    return Trace(ranked[ends], hits, ends + 1 - hits, int(flags.sum()), int(len(flags) - flags.sum()))


def list_points(traced: Trace, most: int = MOST_POINTS) -> list[list[float | None]]:
    """Return [threshold, sensitivity, specificity, precision] by falling threshold; first that of taking none.

    Of many thresholds those are kept that are spread evenly over both rates, with the first and the last.
    """
    sensitivity = divide(traced.hits, np.asarray(traced.positives))
    specificity = 1 - divide(traced.false_alarms, np.asarray(traced.negatives))
    precision = divide(traced.hits, traced.hits + traced.false_alarms)
    columns = np.stack([traced.thresholds, sensitivity, specificity, precision], axis=1)
    if len(columns) > most:
        way = np.nan_to_num(sensitivity) + np.nan_to_num(1 - specificity)
        wanted = np.linspace(way[0], way[-1], most)
        places = np.unique(np.append(np.searchsorted(way, wanted).clip(0, len(way) - 1), [0, len(way) - 1]))
        columns = columns[places]
    none = [None, 0.0 if traced.positives else None, 1.0 if traced.negatives else None, None]
    return [none, *([_round(value) for value in row] for row in columns.tolist())]


def describe_curves(scored: Sequence[Scored], groups: Sequence[str] | None = None) -> dict[str, Any] | None:
    """Return the areas of every class and the points of up to 12; None of more examples times classes than 3 million.

    `auc` is NaN where all examples or none have the class, `average_precision` where none has.
    """
    if not scored or not len(scored[0].scores) or len(scored) * len(scored[0].scores) > _MOST_RANKED:
        return None
    once = np.ones((len(scored[0].scores), 1))
    rankings = [Ranking(each.scores, each.is_positive) for each in scored]
    areas = [{name: float(found[0]) for name, found in each.compute(once, list(METRICS)).items()} for each in rankings]
    shown = sorted(range(len(scored)), key=lambda place: (np.isnan(areas[place]["auc"]), areas[place]["auc"], place))
    drawn = sorted(shown[:MOST_CLASSES])
    ends = _find_ends([rankings[place] for place in drawn], len(once), groups)
    classes = []
    for place, each in enumerate(scored):
        row: dict[str, Any] = {"class": each.name, "positives": int(each.is_positive.sum()), **areas[place]}
        if place in drawn:
            row |= {"intervals": ends[drawn.index(place)], "points": list_points(trace(each))}
        classes.append(row)
    return {"columns": ["threshold", "sensitivity", "specificity", "precision"], "classes": classes}


def _find_ends(
    rankings: Sequence[Ranking], examples: int, groups: Sequence[str] | None
) -> list[dict[str, tuple[float, float]]]:
    """Return the intervals of the areas of each ranking, by metric, of examples or whole groups drawn again."""
    grouped = None if groups is None or len(set(groups)) == examples else groups
    work = examples * max(len(rankings), 1) * len(METRICS)
    resamples = int(min(RESAMPLES, max(_LEAST_RESAMPLES, _MOST_RESAMPLED // work)))
    parts: list[dict[str, list[np.ndarray]]] = [{name: [] for name in METRICS} for _ in rankings]
    for counts in draw_counts(examples, grouped, resamples):
        for own, ranking in zip(parts, rankings, strict=True):
            for name, values in ranking.compute(counts, list(METRICS)).items():
                own[name].append(values)
    found = [{name: find_quantiles(np.concatenate(values)) for name, values in own.items()} for own in parts]
    return [{name: ends for name, ends in own.items() if ends is not None} for own in found]


def _round(value: float) -> float | None:
    return None if np.isnan(value) else float(f"{value:.{_DIGITS}g}")
