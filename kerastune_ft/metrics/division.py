"""Quotients and means where there may be nothing to divide by."""

from __future__ import annotations

import numpy as np


def divide(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Return the quotient in float64, NaN where the denominator is 0."""
    undefined = np.full(np.broadcast_shapes(np.shape(numerator), np.shape(denominator)), np.nan)
    return np.divide(numerator, denominator, out=undefined, where=np.asarray(denominator) != 0)


def divide_sums(numerators: np.ndarray, denominators: np.ndarray) -> float:
    """Return the sum of one array divided by that of the other, both summed in float64; NaN where the second is 0."""
    return float(divide(numerators.sum(dtype=np.float64), denominators.sum(dtype=np.float64)))


def nan_mean(values: np.ndarray) -> np.ndarray:
    """Return the mean over the rows [rows, ...] that are not NaN; NaN where none is."""
    known = ~np.isnan(values)
    return divide(np.where(known, values, 0.0).sum(axis=0), known.sum(axis=0))
