"""What decisions cost where some mistakes are worse than others, and which decisions cost least."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kerastune_ft.metrics.decisions.curves import trace
from kerastune_ft.metrics.decisions.scored import Scored
from kerastune_ft.metrics.decisions.thresholds import place_threshold
from kerastune_ft.metrics.intervals.base import Sample, find_intervals, measure

MISSED, FALSE_ALARM, OTHERWISE = "missed", "false_alarm", "otherwise"


@dataclass(frozen=True)
class Policy:
    """A way to decide, and what it costs each example."""

    name: str
    costs: np.ndarray
    """Float64 [examples]."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """By class the score from which it is taken, where that is how the policy decides."""


def read_pair(document: Any, place: str) -> tuple[float, float]:
    """Return the costs of a missed example and of a false alarm, from `{"missed": 10, "false_alarm": 1}`.

    Raises ValueError for anything else; `place` is what messages call it.
    """
    if not isinstance(document, Mapping) or set(document) != {MISSED, FALSE_ALARM}:
        raise ValueError(f'{place}: write {{"{MISSED}": 10, "{FALSE_ALARM}": 1}}, both numbers, and nothing else')
    return _read_number(document[MISSED], f"{place}.{MISSED}"), _read_number(
        document[FALSE_ALARM], f"{place}.{FALSE_ALARM}"
    )


def read_pairs(document: Any, names: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Return the costs of a miss and of a false alarm by class: one pair for all, or `{"edema": {...}, ...}`.

    Raises ValueError for classes that there are not, or that are missing.
    """
    if isinstance(document, Mapping) and (set(document) & {MISSED, FALSE_ALARM}):
        return dict.fromkeys(names, read_pair(document, "costs"))
    _check_names(document, names, "costs")
    if missing := [name for name in names if name not in document and OTHERWISE not in document]:
        raise ValueError(f'costs: nothing is said of {missing[0]!r}; add it, or "{OTHERWISE}" for all that are left')
    return {
        name: read_pair(document.get(name, document.get(OTHERWISE)), f"costs.{name if name in document else OTHERWISE}")
        for name in names
    }


def read_matrix(document: Any, names: Sequence[str]) -> np.ndarray:
    """Return the cost of every answer [true class, answered class], from costs by true class and answer.

    `{"melanoma": {"naevus": 20}, "otherwise": 1}` says that a melanoma taken for a naevus costs 20, any other mistake
    1 and a right answer nothing. Raises ValueError for classes that there are not, and mistakes without a cost.
    """
    _check_names(document, names, "costs")
    general = document.get(OTHERWISE)
    matrix = np.zeros((len(names), len(names)))
    for row, true in enumerate(names):
        own = document.get(true, {})
        _check_names(own, names, f"costs.{true}")
        for column, answer in enumerate(names):
            usual = 0 if row == column else own.get(OTHERWISE, general)
            cost = own.get(answer, usual)
            if cost is None:
                raise ValueError(
                    f'costs: nothing is said of {true!r} taken for {answer!r}; add it, or "{OTHERWISE}" for all '
                    "mistakes that are left"
                )
            matrix[row, column] = _read_number(cost, f"costs.{true}.{answer}")
    return matrix


def _check_names(document: Any, names: Sequence[str], place: str) -> None:
    if not isinstance(document, Mapping):
        raise ValueError(f"{place}: this is no object with classes and what mistakes cost")
    if unknown := [name for name in document if name not in (*names, OTHERWISE)]:
        raise ValueError(f"{place}: there is no class {unknown[0]!r}; there are {', '.join(names)}")


def _read_number(value: Any, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value) or value < 0:
        raise ValueError(f"{place}: a cost is a number from 0 on, and not {value!r}")
    return float(value)


def choose_cheapest(chosen: Scored, missed: float, false_alarm: float) -> float:
    """Return the threshold with the least mean cost on these examples; of equal ones the highest."""
    found = trace(chosen)
    hits, alarms = np.insert(found.hits, 0, 0.0), np.insert(found.false_alarms, 0, 0.0)
    return place_threshold(found, int(np.argmin(missed * (found.positives - hits) + false_alarm * alarms)))


def price_threshold(scored: Scored, threshold: float, missed: float, false_alarm: float) -> np.ndarray:
    """Return what taking the examples from a threshold on costs each of them, float64 [examples]."""
    taken = scored.scores >= threshold
    return np.where(scored.is_positive, missed * ~taken, false_alarm * taken).astype(np.float64)


def describe_policies(policies: Sequence[Policy], groups: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Return the mean cost of each policy with its interval, and its difference to the first with that of pairs."""
    first = policies[0].costs
    means = {f"{number} cost": each.costs for number, each in enumerate(policies)}
    means |= {f"{number} change": each.costs - first for number, each in enumerate(policies) if number}
    sample = Sample(len(first), means=means)
    values, ends = measure(sample), find_intervals(sample, groups)
    return [
        {
            "decision": each.name,
            "cost": values[f"{number} cost"],
            "interval": ends.get(f"{number} cost"),
            "difference": values.get(f"{number} change"),
            "difference_interval": ends.get(f"{number} change"),
            **({"thresholds": dict(each.thresholds)} if each.thresholds else {}),
        }
        for number, each in enumerate(policies)
    ]
