"""The temperature that raw outputs are divided by, so that probabilities are as often right as they say.

Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", ICML 2017: one number, of the least log
loss on the validation split. Labels stay what they are. Of several labels every class has a number of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft.metrics.intervals.wilson import round_end

FILE = "model/calibration.json"
"""Where a run keeps its temperature."""
# A temperature beyond these is no estimate: the validation examples do not tell one.
_LOWEST, _HIGHEST = 0.02, 50.0

Temperature = float | Mapping[str, float]
"""A number, or of several labels one for each class by name."""


def fit_softmax(targets: np.ndarray, logits: np.ndarray) -> float | None:
    """Return the temperature of the least cross-entropy of class numbers [examples] and logits [examples, classes].

    None where no finite one is best: with every example answered rightly a lower one is always better, and with answers
    no better than chance a higher one. Logarithms of probabilities serve as well as logits.
    """
    if not len(targets):
        return None
    wide = logits.astype(np.float64)
    own = wide[np.arange(len(targets)), targets]

    def slope(sharpness: float) -> float:
        # Of the mean cross-entropy by 1 / temperature, in which it is convex.
        scaled = sharpness * wide
        weights = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        return float(np.mean((weights * wide).sum(axis=1) / weights.sum(axis=1) - own))

    return _find_root(slope)


def fit_sigmoids(wanted: np.ndarray, logits: np.ndarray) -> list[float | None]:
    """Return the temperature of every class, of flags and logits [examples, classes]; None as in `fit_softmax`."""
    found: list[float | None] = []
    for flags, column in zip(wanted.T.astype(np.float64), logits.T.astype(np.float64), strict=True):

        def slope(sharpness: float, flags: np.ndarray = flags, column: np.ndarray = column) -> float:
            return float(np.mean(column * (0.5 * (1.0 + np.tanh(0.5 * sharpness * column)) - flags)))

        # Without an example of the class, or with nothing else, there is nothing to fit.
        found.append(_find_root(slope) if 0 < flags.sum() < len(flags) else None)
    return found


def _find_root(slope: Callable[[float], float]) -> float | None:
    """Return the temperature at which a rising function of 1 / temperature is 0; None where that is out of range."""
    ends = 1 / _HIGHEST, 1 / _LOWEST
    if not (slope(ends[0]) < 0 < slope(ends[1])):
        return None
    from scipy.optimize import brentq

    root = brentq(lambda power: slope(math.exp(power)), math.log(ends[0]), math.log(ends[1]), xtol=1e-9)
    return round_end(math.exp(-root))


def describe_temperature(
    found: float | None | Mapping[str, float | None], chosen_on: str, examples: int, chosen_by: str | None = None
) -> dict[str, Any]:
    """Return the content of model/calibration.json; what could not be fitted has a temperature of 1, and is named.

    `chosen_by` names the model whose answers it was fitted to, where that is another one than the run's.
    """
    if isinstance(found, Mapping):
        known: Temperature = {name: 1.0 if value is None else value for name, value in found.items()}
        about: dict[str, Any] = {"not_fitted": [name for name, value in found.items() if value is None]}
    else:
        known, about = 1.0 if found is None else found, {"fitted": found is not None}
    chooser = {} if chosen_by is None else {"chosen_by": chosen_by}
    return {
        "method": "temperature", "temperature": known, **about, "chosen_on": chosen_on, **chooser, "examples": examples
    }  # fmt: skip


def list_gaps(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of model/calibration.json says that something could not be fitted: `fitted` or `not_fitted`."""
    return {name: described[name] for name in ("fitted", "not_fitted") if name in described}


def as_divisor(temperature: Temperature, names: Sequence[str]) -> np.ndarray:
    """Return what raw outputs [..., classes] are divided by, float64: one number, or one for each class.

    Raises ValueError for classes that are not those of `names`, and for numbers that are not above 0.
    """
    if isinstance(temperature, Mapping):
        if unknown := sorted({*temperature} ^ {*names}):
            raise ValueError(f"the temperatures are of other classes than the model: {', '.join(unknown)}")
        found = np.asarray([temperature[name] for name in names], np.float64)
    else:
        found = np.asarray(temperature, np.float64)
    if not (np.isfinite(found) & (found > 0)).all():
        raise ValueError(f"a temperature is a number above 0, and not {temperature}")
    return found


def move_thresholds(thresholds: np.ndarray, divisor: np.ndarray) -> np.ndarray:
    """Return thresholds of probabilities for calibrated ones, so that both give the same labels; float64 [classes]."""
    with np.errstate(divide="ignore"):
        logits = (np.log(thresholds) - np.log1p(-thresholds)) / divisor
    moved: np.ndarray = 0.5 * (1.0 + np.tanh(0.5 * logits))
    return moved
