"""What the folds say together: mean, spread and interval of every metric."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

# The least that metrics of which more is better can be, where it is not 0.
_LEAST = {"r2": -math.inf, "kappa": -1.0, "pearson": -1.0, "spearman": -1.0}


def summarise(
    values: Sequence[float], validated: float, trained: float, direction: str, metric: str = ""
) -> dict[str, float | None]:
    """Return mean, standard deviation and 95 % interval of a metric over models that share training examples.

    The deviation is that of a sample, of the models' own figures. The interval is of their mean, by the corrected
    resampled t-test (Nadeau & Bengio, 2003, Inference for the generalization error; for folds that are divided again
    by several seeds: Bouckaert & Frank, 2004): the variance of the mean of J values is s² (1 / J + validated /
    trained), with J - 1 degrees of freedom, since models whose training examples overlap vary less than independent
    ones; `validated` and `trained` are the examples of a fold. It stays within what a metric can be: 0 to 1 for those
    of `direction` "max", but for some by the name of `metric`, and 0 or more for those of "min". Without two finite
    values there is no spread and no interval.
    """
    found = np.asarray([value for value in values if math.isfinite(value)], np.float64)
    if not len(found):
        return {"mean": None, "deviation": None, "low": None, "high": None}
    mean = float(found.mean())
    if len(found) < 2:
        return {"mean": mean, "deviation": None, "low": None, "high": None}
    from scipy.stats import t

    deviation = float(found.std(ddof=1))
    half = float(t.ppf(0.975, len(found) - 1)) * deviation * math.sqrt(1 / len(found) + validated / trained)
    least, most = (_LEAST.get(metric, 0.0), 1.0) if direction == "max" else (0.0, math.inf)
    return {"mean": mean, "deviation": deviation, "low": max(mean - half, least), "high": min(mean + half, most)}


def summarise_members(
    members: Sequence[Mapping[str, Any]], directions: Mapping[str, str]
) -> dict[str, dict[str, float | None]]:
    """Return mean, deviation and interval by metric, of members with `metrics`, `validated` and `trained`."""
    validated, trained = (float(np.mean([each[name] for each in members])) for name in ("validated", "trained"))
    return {
        name: summarise([_as_number(each["metrics"][name]) for each in members], validated, trained, direction, name)
        for name, direction in directions.items()
    }


def _as_number(value: Any) -> float:
    return math.nan if value is None else float(value)
