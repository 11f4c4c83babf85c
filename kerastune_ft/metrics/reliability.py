"""All that a report says of how far answers can be relied on: calibration, curves, thresholds and sets."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

from kerastune_ft.metrics.calibration.errors import describe_reliability
from kerastune_ft.metrics.calibration.temperature import Temperature
from kerastune_ft.metrics.decisions.curves import describe_curves
from kerastune_ft.metrics.decisions.sets import count_needed
from kerastune_ft.metrics.decisions.thresholds import Aim, describe_aims
from kerastune_ft.metrics.intervals.base import Sample, find_intervals, measure
from kerastune_ft.metrics.intervals.draws import count_groups
from kerastune_ft.metrics.outcomes.base import Outcomes

_COVERAGES = (0.9, 0.95)
_AIMS = (Aim("specificity", 0.9), Aim("specificity", 0.95), Aim("sensitivity", 0.9), Aim("sensitivity", 0.95))
# Of one class alone there is room for more aims.
_AIMS_OF_EACH = (Aim("specificity", 0.9), Aim("sensitivity", 0.9))


def describe_all(
    chosen: Outcomes, measured: Outcomes, temperature: Temperature | None, groups: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return what follows from the answers for examples, with all that is chosen taken from the `chosen` ones.

    `groups` has the group of every measured example where these belong together. Parts that a kind of labels has not
    are left out.
    """
    found: dict[str, Any] = {}
    if measured.examples and temperature is not None:
        found["calibration"] = describe_calibration(measured, temperature, groups)
    if (curves := describe_curves(measured.list_scored(), groups)) is not None:
        found["curves"] = curves
        drawn = {row["class"] for row in curves["classes"] if "points" in row}
        found["thresholds"] = _describe_thresholds(chosen, measured, drawn, groups)
    if measured.examples and not measured.no_sets:
        found["sets"] = [describe_sets(chosen, measured, coverage, groups) for coverage in _COVERAGES]
    return found


def describe_calibration(
    measured: Outcomes, temperature: Temperature, groups: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return reliability, Brier score and log loss as the probabilities are and at a temperature, and the changes.

    `intervals` are of 95 %; those of `changes` are of the differences of the same examples.
    """
    forms = {"raw": measured, "calibrated": measured.calibrate(temperature)}
    losses = {form: outcomes.losses() for form, outcomes in forms.items()}
    means = {f"{form} {name}": values for form, own in losses.items() for name, values in own.items()}
    means |= {f"change {name}": losses["calibrated"][name] - values for name, values in losses["raw"].items()}
    sample = Sample(measured.examples, means=means)
    values, ends = measure(sample), find_intervals(sample, groups)
    found: dict[str, Any] = {"temperature": temperature}
    for form, outcomes in forms.items():
        claims = outcomes.claims()
        if claims is not None:
            found[form] = {
                **{name: values[f"{form} {name}"] for name in losses[form]},
                "intervals": {name: ends[key] for name in losses[form] if (key := f"{form} {name}") in ends},
                **describe_reliability(claims, groups),
            }
    found["changes"] = {
        name: {"value": values[f"change {name}"], "interval": ends.get(f"change {name}")} for name in losses["raw"]
    }
    return found


def describe_sets(
    chosen: Outcomes, measured: Outcomes, coverage: float, groups: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return how sets that are to hold the truth with a probability, by `chosen` examples, do on the measured ones.

    `limits` are null where there are too few chosen examples (`needed` at least) for sets that leave anything out.
    """
    limits = chosen.find_limits(coverage)
    return {
        "wanted": coverage,
        "limits": [None if math.isinf(limit) else limit for limit in limits],
        "chosen_examples": chosen.examples,
        "needed": count_needed(coverage),
        **measured.describe_sets(limits, groups),
    }


def _describe_thresholds(
    chosen: Outcomes, measured: Outcomes, drawn: Collection[str], groups: Sequence[str] | None
) -> list[dict[str, Any]]:
    both = zip(chosen.list_scored(), measured.list_scored(), strict=True)
    pairs = [(own, other) for own, other in both if other.name in drawn]
    aims = _AIMS if len(pairs) == 1 else _AIMS_OF_EACH
    return describe_aims([own for own, _ in pairs], [other for _, other in pairs], aims, groups)


def describe_choice(
    split: str,
    measured: Outcomes,
    chosen_on: str,
    chosen: Outcomes,
    groups: Sequence[str] | None,
    chosen_by: str | None = None,
) -> dict[str, Any]:
    """Return of which examples figures are, and on which ones what they depend on was chosen.

    `chosen_by` names the model whose answers it was chosen by, where that is another one than the measured one.
    """
    return {
        "split": split,
        "examples": measured.examples,
        "groups": count_groups(groups, measured.examples),
        "chosen_on": chosen_on,
        "chosen_examples": chosen.examples,
        **({} if chosen_by is None else {"chosen_by": chosen_by}),
    }
