"""Thresholds that reach a sensitivity or a specificity on one split, and what they give on another."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from kerastune_ft.metrics.decisions.curves import Trace, trace
from kerastune_ft.metrics.decisions.scored import Scored
from kerastune_ft.metrics.intervals.base import Sample, find_intervals, measure

FIGURES = ("sensitivity", "specificity", "precision", "negative_precision")
"""What is measured at a threshold; the precisions are the positive and the negative predictive value."""


@dataclass(frozen=True)
class Aim:
    """A figure that a threshold is to reach on the split it is chosen on."""

    figure: str
    """`sensitivity` or `specificity`."""
    value: float

    def __str__(self) -> str:
        return f"{self.figure}={self.value:g}"


def read_aim(text: str) -> Aim:
    """Return the aim that a text such as `specificity=0.9` states; raise ValueError for any other text."""
    figure, _, number = text.partition("=")
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if figure.strip() not in _CHOOSE or not 0 < value <= 1:
        raise ValueError(
            f"{text!r} is no aim; write specificity=0.9 or sensitivity=0.95, with a number above 0 and up to 1"
        )
    return Aim(figure.strip(), value)


def choose_threshold(chosen: Scored, aim: Aim) -> float | None:
    """Return the threshold with the best of the other figure that reaches the aim on these examples.

    It lies half way between two scores, so that rounding changes no answer. None where the figure is not defined,
    without examples that have the class (sensitivity) or have it not (specificity).
    """
    found = trace(chosen)
    taken = _CHOOSE[aim.figure](found, aim.value)
    return None if taken is None else place_threshold(found, taken)


def place_threshold(found: Trace, taken: int) -> float:
    """Return the threshold that takes the examples with the `taken` highest different scores, and no others."""
    scores = found.thresholds
    if not taken:
        # Nothing is taken; probabilities of 1 are none either.
        return float((scores[0] + 1) / 2) if scores[0] < 1 else float(np.nextafter(scores[0], np.inf))
    below = scores[taken] if taken < len(scores) else min(0.0, scores[-1])
    middle = float((scores[taken - 1] + below) / 2)
    # Between two neighbouring numbers there is no room, and the higher one it must be.
    return middle if below < middle <= scores[taken - 1] else float(scores[taken - 1])


def _reach_sensitivity(found: Trace, value: float) -> int | None:
    if not found.positives:
        return None
    # A share like .95 of 20 is 19 and not 19.000000000000004.
    needed = math.ceil(round(value * found.positives, 9))
    return int(np.searchsorted(found.hits, needed)) + 1


def _reach_specificity(found: Trace, value: float) -> int | None:
    if not found.negatives:
        return None
    allowed = math.floor(round((1 - value) * found.negatives, 9))
    return int(np.searchsorted(found.false_alarms, allowed, side="right"))


_CHOOSE: Mapping[str, Callable[[Trace, float], int | None]] = MappingProxyType(
    {"sensitivity": _reach_sensitivity, "specificity": _reach_specificity}
)


def describe_aims(
    chosen: Sequence[Scored], measured: Sequence[Scored], aims: Sequence[Aim], groups: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """Return by class and aim the threshold chosen on some examples, and its figures with intervals on others.

    `chosen_figures` are those on the examples it was chosen on; `counts` are hits, misses, false alarms and right
    rejections on the others.
    """
    rows: list[dict[str, Any]] = []
    flags: dict[str, np.ndarray] = {}
    for own, other in zip(chosen, measured, strict=True):
        for aim in aims:
            threshold = choose_threshold(own, aim)
            row: dict[str, Any] = {"class": own.name, "aim": str(aim), "threshold": threshold}
            rows.append(row)
            if threshold is not None:
                row["chosen_figures"] = measure(_sample(own, threshold))
                row["counts"] = _count(other, threshold)
                # All at once: the draws of groups are the costly part.
                flags |= {f"{len(rows) - 1} {name}": hits for name, hits in _judge(other, threshold).items()}
    examples = len(measured[0].scores) if measured else 0
    sample = Sample(examples, proportions=flags)
    values, ends = (measure(sample), find_intervals(sample, groups)) if examples else ({}, {})
    for number, row in enumerate(rows):
        if row["threshold"] is not None:
            row["figures"] = {name: values.get(f"{number} {name}", math.nan) for name in FIGURES}
            row["intervals"] = {name: ends[key] for name in FIGURES if (key := f"{number} {name}") in ends}
    return rows


def _judge(scored: Scored, threshold: float) -> dict[str, np.ndarray]:
    """Return for each of `FIGURES` 1 or 0 by example, NaN where it does not count."""
    taken, positive = scored.scores >= threshold, scored.is_positive.astype(bool)
    hit, rejected = taken.astype(np.float64), (~taken).astype(np.float64)
    return {
        "sensitivity": np.where(positive, hit, np.nan),
        "specificity": np.where(positive, np.nan, rejected),
        "precision": np.where(taken, positive.astype(np.float64), np.nan),
        "negative_precision": np.where(taken, np.nan, (~positive).astype(np.float64)),
    }


def _sample(scored: Scored, threshold: float) -> Sample:
    return Sample(len(scored.scores), proportions=_judge(scored, threshold))


def _count(scored: Scored, threshold: float) -> dict[str, int]:
    taken, positive = scored.scores >= threshold, scored.is_positive.astype(bool)
    return {
        "hits": int((taken & positive).sum()),
        "misses": int((~taken & positive).sum()),
        "false_alarms": int((taken & ~positive).sum()),
        "rejections": int((~taken & ~positive).sum()),
    }
