"""Metrics of predicted numbers, in the user's units."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def score(wanted: np.ndarray, values: np.ndarray, names: Sequence[str]) -> dict[str, float]:
    """Return MAE, RMSE and R2 of values [examples, targets], averaged over targets.

    Of several targets each has its own too: `mae_<name>` and so on. R2 is NaN with a single example.
    """
    found = _errors(wanted, values)
    if len(names) > 1:
        for number, name in enumerate(names):
            column = slice(number, number + 1)
            own = _errors(wanted[:, column], values[:, column])
            found |= {f"{metric}_{name}": value for metric, value in own.items()}
    return found


def losses(targets: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    """Return the squared error of each example in float64, averaged over targets."""
    return np.square(outputs.astype(np.float64) - targets.astype(np.float64)).mean(axis=1)


def _errors(wanted: np.ndarray, values: np.ndarray) -> dict[str, float]:
    from sklearn import metrics

    return {
        "mae": float(metrics.mean_absolute_error(wanted, values)),
        "rmse": float(metrics.root_mean_squared_error(wanted, values)),
        "r2": float(metrics.r2_score(wanted, values)) if len(wanted) > 1 else float("nan"),
    }
