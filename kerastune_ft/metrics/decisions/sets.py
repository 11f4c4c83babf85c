"""Conformal sets: answers that hold the truth with a chosen probability, by what was right on examples not trained on.

Of classes: least ambiguous sets (LAC; Sadinle, Lei and Wasserman, JASA 114, 2019), all classes whose probability is at
least a threshold. Of values: intervals of one width around the prediction, by absolute residuals (Vovk, Gammerman and
Shafer, Algorithmic Learning in a Random World, 2005). Both promise the coverage for examples drawn like those that the
threshold comes from, on average over all of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerastune_ft.metrics.division import divide
from kerastune_ft.metrics.intervals.base import Sample, find_intervals, measure

# Of more classes intervals by class would take many seconds where whole groups are drawn.
_MOST_WITH_INTERVALS = 50


def check_coverage(coverage: float) -> float:
    """Return a coverage; raise ValueError for a number that is not between 0 and 1."""
    if not 0 < coverage < 1:
        raise ValueError(f"a coverage lies between 0 and 1, as 0.9, and is not {coverage:g}")
    return coverage


def find_limit(strangeness: np.ndarray, coverage: float) -> float:
    """Return the strangeness up to which an answer is let into the set, of those of the true answers [examples].

    It is the k-th smallest of n with k = ceil((n + 1) coverage), so that a new example's is not above it with at least
    this probability. Infinite, which lets all in, where n is too small for the coverage.
    """
    examples = len(strangeness)
    # (9 + 1) * .9 is 9 and not 9.000000000000002.
    place = math.ceil(round((examples + 1) * coverage, 9))
    return float(np.sort(strangeness)[place - 1]) if place <= examples else math.inf


def count_needed(coverage: float) -> int:
    """Return how many examples a coverage needs for sets that leave anything out."""
    return math.ceil(round(coverage / (1 - coverage), 9))


def order_members(probabilities: np.ndarray, limit: float) -> list[list[int]]:
    """Return for each row of probabilities [examples, classes] the classes in its set, the most probable one first."""
    inside = 1 - probabilities <= limit
    order = np.argsort(-probabilities, axis=1, kind="stable")
    return [[int(each) for each in row if own[each]] for row, own in zip(order, inside, strict=True)]


def describe_class_sets(
    probabilities: np.ndarray,
    targets: np.ndarray,
    names: Sequence[str],
    limit: float,
    groups: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Return how often sets of classes hold the true one, and how large they are: in all, and by true class.

    `sizes` counts sets by their size; those without a class, where none is probable enough, have 0.
    """
    inside = 1 - probabilities <= limit
    holds = inside[np.arange(len(targets)), targets].astype(np.float64)
    sizes = inside.sum(axis=1)
    own = {str(number): np.where(targets == number, holds, np.nan) for number in range(len(names))}
    with_ends = own if len(names) <= _MOST_WITH_INTERVALS else {}
    sample = Sample(
        len(targets), proportions={"coverage": holds, **with_ends}, means={"mean_size": sizes.astype(np.float64)}
    )
    values, ends = measure(sample), find_intervals(sample, groups)
    counts = np.bincount(targets, minlength=len(names))
    return {
        "coverage": values["coverage"],
        "interval": ends.get("coverage"),
        "mean_size": values["mean_size"],
        "mean_size_interval": ends.get("mean_size"),
        "sizes": {str(size): int(count) for size, count in enumerate(np.bincount(sizes)) if count},
        "classes": [
            {
                "class": name,
                "examples": int(counts[number]),
                "coverage": float(divide(holds[targets == number].sum(), counts[number])),
                "interval": ends.get(str(number)),
                "mean_size": float(divide(sizes[targets == number].sum(), counts[number])),
            }
            for number, name in enumerate(names)
        ],
    }


def describe_value_intervals(
    errors: np.ndarray, names: Sequence[str], limits: Sequence[float], groups: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return how often intervals of `limits` on both sides hold the true value, by target; errors [examples, targets].

    Every target is covered for itself, and not all of them at once.
    """
    holds = {str(number): (np.abs(errors[:, number]) <= limit).astype(float) for number, limit in enumerate(limits)}
    sample = Sample(len(errors), proportions=holds)
    values, ends = measure(sample), find_intervals(sample, groups)
    return {
        "targets": [
            {
                "target": name,
                "half_width": limits[number],
                "coverage": values[str(number)],
                "interval": ends.get(str(number)),
            }
            for number, name in enumerate(names)
        ]
    }
