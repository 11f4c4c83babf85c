"""A linear head by full-batch L-BFGS (Liu and Nocedal, 1989) on features in memory.

The head minimises, over kernel `W` and bias `b`,

    mean over examples of loss(W' x + b)  +  l2 / 2 * (sum of the squares of W)

The bias is not penalised. scikit-learn minimises the same with `C = 1 / (l2 * examples)` in LogisticRegression (twice
that for two classes, where it keeps one row of weights for both), with `C = 1 / (l2 * examples * classes)` for each
class of several labels, and with `alpha = l2 * examples * values / 2` in Ridge.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerastune_ft.solvers.losses import LinearLoss

# Features up to this many bytes are converted to float64 once; larger ones block by block, in every evaluation.
_WHOLE_BYTES = 1 << 29
_BLOCK_BYTES = 1 << 25
# Up to so many features the solver works in coordinates in which their covariance is one, else only their variances.
_MOST_WHITENED = 4096
# Rows that a covariance is taken of, for each feature and at least.
_ROWS_PER_FEATURE, _FEWEST_ROWS = 4, 2048
# What keeps the Cholesky factor finite where features are linearly dependent and l2 is tiny; of features divided by
# their sizes, so that one of huge values takes no digits from the others.
_JITTER = 1e-9
# Multiplications of an evaluation from which threads are worth their while.
_WORTH_THREADS = 10**7
# Updates that L-BFGS remembers, and the relative decrease that is none.
_STOPPING = {"maxcor": 10, "ftol": 1e-13}


@dataclass(frozen=True)
class Iterate:
    """A head after an iteration of the solver."""

    iteration: int
    """Iterations made; 0 is the start."""
    kernel: np.ndarray
    """float64 [features, outputs]."""
    bias: np.ndarray
    """float64 [outputs]."""
    loss: float
    """The mean loss over the examples, without the penalty."""
    penalty: float
    """`l2 / 2` times the sum of the squares of the kernel."""


@dataclass(frozen=True)
class LinearFit:
    """The head that a solver ended with."""

    head: Iterate
    is_converged: bool
    """Whether no step made it better any more; else the largest number of iterations was reached."""


def fit_linear(
    features: Any,
    targets: np.ndarray,
    loss: LinearLoss,
    l2: float,
    *,
    iterations: int = 1000,
    tolerance: float = 1e-6,
    start: tuple[np.ndarray, np.ndarray] | None = None,
    report: Callable[[Iterate], None] = lambda iterate: None,
) -> LinearFit:
    """Return the linear head of least loss and penalty on these features; the same bits for the same arrays.

    `features` is [examples, features]: an array of any float type, or anything with `shape` that gives rows by slices,
    such as an array mapped from a file; it is read in blocks, so that memory holds half a gigabyte of it at most. `l2`
    is above 0. It begins with weights of 0, or with the kernel and bias of `start` where they are better, and ends
    where the largest derivative, by coordinates in which the features have covariance 1, is below `tolerance`. `report`
    is called after every iteration; what it raises ends the fit.

    Features are centred and whitened for the solver alone: kernel, bias, loss and penalty are those of the features as
    given, and so is the minimum. Raises ValueError for `l2` of 0 or less, and for features that are not finite.
    """
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits

    if not l2 > 0:
        raise ValueError(f"l2 is {l2}; the strength of the penalty is above 0")
    done = 0

    def report_iteration(intermediate_result: Any) -> None:
        nonlocal done
        done += 1
        report(problem.iterate(intermediate_result.x, done))

    blocks = _Blocks(features)
    # Threads that wait for each other cost small products more than they save.
    is_small = blocks.rows * blocks.width * loss.outputs < _WORTH_THREADS
    with threadpool_limits(1 if is_small else None, "blas"):
        problem = _Problem(blocks, np.asarray(targets), loss, float(l2))
        found = minimize(
            problem.evaluate,
            problem.choose_start(start),
            method="L-BFGS-B",
            jac=True,
            callback=report_iteration,
            options={**_STOPPING, "maxiter": iterations, "maxfun": 20 * iterations + 100, "gtol": tolerance},
        )
        return LinearFit(problem.iterate(found.x, done), is_converged=found.status != 1)


class _Blocks:
    """Features in float64, in blocks of rows."""

    def __init__(self, features: Any) -> None:
        self.rows, self.width = (int(size) for size in features.shape)
        row_bytes = 8 * max(1, self.width)
        if self.rows * row_bytes <= _WHOLE_BYTES:
            features = np.asarray(features[:], np.float64)
        self._features = features
        self._step = max(1, _BLOCK_BYTES // row_bytes)

    def __iter__(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield the place of every block, and its features."""
        for start in range(0, self.rows, self._step):
            place = slice(start, min(self.rows, start + self._step))
            yield place, np.asarray(self._features[place], np.float64)

    def sample(self, most: int) -> np.ndarray:
        """Return at most so many rows, evenly spaced over all."""
        wanted = np.unique(np.linspace(0, self.rows - 1, min(self.rows, most)).astype(np.int64))
        return np.concatenate(
            [block[wanted[(wanted >= at.start) & (wanted < at.stop)] - at.start] for at, block in self]
        )


class _Problem:
    """The objective in the coordinates of the solver: kernels of centred, whitened features, and their bias."""

    def __init__(self, blocks: _Blocks, targets: np.ndarray, loss: LinearLoss, l2: float) -> None:
        self._blocks, self._targets, self._loss, self._l2 = blocks, targets, loss, l2
        self._mean = np.sum([block.sum(axis=0) for _, block in blocks], axis=0) / blocks.rows
        if not np.isfinite(self._mean).all():
            raise ValueError("features are not finite")
        self._scales = _find_scales(blocks, self._mean, loss.curvature, l2)
        self._bias_scale = 1.0 / np.sqrt(loss.curvature)
        self.size = (blocks.width + 1) * loss.outputs
        self._latest: tuple[np.ndarray, float, float] | None = None

    def choose_start(self, given: tuple[np.ndarray, np.ndarray] | None) -> np.ndarray:
        """Return the point of a kernel and bias, or that of weights of 0 where none are given or these are better."""
        zeros = np.zeros(self.size)
        if given is None:
            return zeros
        kernel, bias = (np.asarray(values, np.float64) for values in given)
        shifted = (bias + self._mean @ kernel) / self._bias_scale
        point = np.concatenate([self._scales.gather(kernel), shifted[None, :]]).ravel()
        return point if self.evaluate(point)[0] < self.evaluate(zeros)[0] else zeros

    def evaluate(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        """Return loss with penalty at a point, and the derivatives by its coordinates."""
        kernel, bias = self._weights(point)
        total, kernel_slopes, bias_slopes = 0.0, np.zeros_like(kernel), np.zeros_like(bias)
        for place, block in self._blocks:
            losses, slopes = self._loss.evaluate(self._targets[place], block @ kernel + bias)
            total += float(losses.sum())
            kernel_slopes += block.T @ slopes
            bias_slopes += slopes.sum(axis=0)
        rows = self._blocks.rows
        loss, penalty = total / rows, 0.5 * self._l2 * float(np.square(kernel).sum())
        # By the bias of centred features, of which the kernel's own share of the bias is a part.
        by_kernel = (kernel_slopes - np.outer(self._mean, bias_slopes)) / rows + self._l2 * kernel
        gradient = np.concatenate([self._scales.turn(by_kernel), self._bias_scale * bias_slopes[None, :] / rows])
        self._latest = point.copy(), loss, penalty
        return loss + penalty, gradient.ravel()

    def iterate(self, point: np.ndarray, iteration: int) -> Iterate:
        """Return the head at a point of the solver."""
        if self._latest is None or not np.array_equal(self._latest[0], point):
            self.evaluate(point)
        assert self._latest is not None
        kernel, bias = self._weights(point)
        return Iterate(iteration, kernel, bias, self._latest[1], self._latest[2])

    def _weights(self, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return kernel and bias on the features as given."""
        rows = point.reshape(-1, self._loss.outputs)
        kernel = self._scales.spread(rows[:-1])
        return kernel, self._bias_scale * rows[-1] - self._mean @ kernel


@dataclass(frozen=True)
class _Scales:
    """Coordinates in which the objective is about as curved in all directions."""

    spread: Callable[[np.ndarray], np.ndarray]
    """Turns coordinates [features, outputs] into a kernel."""
    gather: Callable[[np.ndarray], np.ndarray]
    """Turns a kernel into coordinates: the inverse of `spread`."""
    turn: Callable[[np.ndarray], np.ndarray]
    """Turns derivatives by the kernel into those by the coordinates: the transpose of `spread`."""


def _find_scales(blocks: _Blocks, mean: np.ndarray, curvature: float, l2: float) -> _Scales:
    """Return coordinates from the covariance of the features, or from their variances where there are very many."""
    from scipy.linalg import cholesky, solve_triangular

    sample = blocks.sample(max(_FEWEST_ROWS, _ROWS_PER_FEATURE * blocks.width)) - mean
    # The root of what the objective is curved along each feature.
    sizes = np.sqrt(curvature * np.square(sample).mean(axis=0) + l2)[:, None]
    if blocks.width > _MOST_WHITENED:
        return _Scales(lambda rows: rows / sizes, lambda kernel: kernel * sizes, lambda slopes: slopes / sizes)
    sample /= sizes[:, 0]
    curved = (sample.T @ sample) * (curvature / len(sample))
    curved[np.diag_indices_from(curved)] += l2 / np.square(sizes[:, 0]) + _JITTER
    lower = cholesky(curved, lower=True, overwrite_a=True)
    solve = functools.partial(solve_triangular, lower, lower=True)
    return _Scales(
        lambda rows: solve(rows, trans="T") / sizes,
        lambda kernel: lower.T @ (kernel * sizes),
        lambda slopes: solve(slopes / sizes),
    )
