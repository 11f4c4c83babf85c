"""What linear models on frozen features say of examples that they were not fitted to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kerastune_ft.solvers.linear import fit_linear
from kerastune_ft.solvers.losses import LinearLoss

FOLDS = 5
STRENGTHS = (1.0, 1e-1, 1e-2, 1e-3, 1e-4)
"""L2 strengths of features whose deviation is one, in the order in which they are tried."""
_ITERATIONS, _TOLERANCE = 100, 1e-3
_LEAST_DEVIATION = 1e-6


def assign_folds(strata: np.ndarray, bundles: np.ndarray, addresses: np.ndarray, seed: int) -> np.ndarray:
    """Return the number of a fold for each example: every stratum divided alike, and no bundle.

    Copies, and examples of one group, are a bundle: a model that has seen the one knows the label of the other. The
    order in which bundles are dealt out follows from the seed and their examples' `addresses`, int64, alone.
    """
    _, first = np.unique(bundles, return_index=True)
    mixed = (addresses[first].astype(np.uint64) ^ np.uint64(seed)) * np.uint64(0x9E3779B97F4A7C15)
    order = np.lexsort([first, mixed >> np.uint64(1)])
    members = np.argsort(bundles, kind="stable")
    starts = np.searchsorted(bundles[members], np.unique(bundles))
    ends = np.append(starts[1:], len(bundles))
    held = np.zeros((FOLDS, int(strata.max()) + 1), np.int64)
    folds = np.empty(len(strata), np.int64)
    for bundle in order:
        own = members[starts[bundle] : ends[bundle]]
        counts = np.bincount(strata[own], minlength=held.shape[1])
        # Where it has least of what the bundle is of; then where least is.
        loads = held @ counts
        fold = int(np.lexsort([held.sum(axis=1), loads])[0])
        folds[own] = fold
        held[fold] += counts
    return folds


def predict_out_of_fold(features: np.ndarray, targets: np.ndarray, loss: LinearLoss, folds: np.ndarray) -> np.ndarray:
    """Return the outputs for every example of a linear model that was fitted to the other folds, float64.

    Features are standardised. The L2 strength is the one whose models lose least on the first fold; weaker ones are
    tried until the loss rises.
    """
    rows = standardise(features)
    numbers = [int(fold) for fold in np.unique(folds)]
    found = np.zeros((len(rows), loss.outputs))
    l2, found[folds == numbers[0]] = _choose_strength(rows, targets, loss, folds == numbers[0])
    for fold in numbers[1:]:
        found[folds == fold] = _predict(rows, targets, loss, folds == fold, l2)
    return found


def standardise(features: np.ndarray) -> np.ndarray:
    """Return features of mean 0 and deviation 1, float32; of constant ones nothing is left."""
    mean = features.mean(axis=0, dtype=np.float64)
    deviation = features.std(axis=0, dtype=np.float64)
    least = _LEAST_DEVIATION * max(float(deviation.max(initial=0.0)), 1e-30)
    scaled: np.ndarray = (features - mean) / np.where(deviation > least, deviation, np.inf)
    return scaled.astype(np.float32)


def _choose_strength(
    rows: np.ndarray, targets: np.ndarray, loss: LinearLoss, held: np.ndarray, strengths: Sequence[float] = STRENGTHS
) -> tuple[float, np.ndarray]:
    best: tuple[float, float, np.ndarray] | None = None
    for l2 in strengths:
        outputs = _predict(rows, targets, loss, held, l2)
        lost = float(loss.evaluate(targets[held], outputs)[0].mean())
        if best is not None and lost >= best[0]:
            break
        best = (lost, l2, outputs)
    assert best is not None
    return best[1], best[2]


def _predict(rows: np.ndarray, targets: np.ndarray, loss: LinearLoss, held: np.ndarray, l2: float) -> np.ndarray:
    head = fit_linear(rows[~held], targets[~held], loss, l2, iterations=_ITERATIONS, tolerance=_TOLERANCE).head
    outputs: np.ndarray = rows[held] @ head.kernel + head.bias
    return outputs
