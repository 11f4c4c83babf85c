"""Convex losses of a linear head, in float64 NumPy: the losses that tasks train on, with their derivatives.

They are the formulas of `tasks/` again, since a solver of full batches needs them in float64 and without TensorFlow;
tests hold the two together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np


class LinearLoss(Protocol):
    """A convex loss of an example's outputs."""

    @property
    def outputs(self) -> int:
        """Return the number of outputs of the head."""

    @property
    def curvature(self) -> float:
        """Return the usual second derivative of the loss by an output: what a preconditioner needs, nothing else."""

    def evaluate(self, targets: np.ndarray, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the losses [rows] and their derivatives by the outputs [rows, outputs], float64."""


@dataclass(frozen=True)
class ClassLoss:
    """The options that losses over classes share, each of which reads them in its own way."""

    classes: int
    smoothing: float = 0.0
    class_weights: Sequence[float] | None = None

    @property
    def outputs(self) -> int:
        """Return the number of classes."""
        return self.classes


@dataclass(frozen=True)
class SoftmaxLoss(ClassLoss):
    """Cross-entropy of a softmax over classes; targets are numbers of classes, int [rows].

    With `smoothing` that share of the target is spread evenly over all classes. `class_weights` are factors on the
    losses of examples by their class; the mean is over examples all the same, whatever they weigh.
    """

    @property
    def curvature(self) -> float:
        """Return the second derivative where all classes are equally likely, along any change of outputs."""
        return 1.0 / self.classes

    def evaluate(self, targets: np.ndarray, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return losses and derivatives, see `LinearLoss`."""
        shifted = outputs - outputs.max(axis=1, keepdims=True)
        exponentials = np.exp(shifted)
        sums = exponentials.sum(axis=1, keepdims=True)
        rows, share = np.arange(len(targets)), self.smoothing / self.classes
        losses = np.log(sums[:, 0]) - (1.0 - self.smoothing) * shifted[rows, targets]
        if share:
            losses -= share * shifted.sum(axis=1)
        slopes = exponentials / sums - share
        slopes[rows, targets] -= 1.0 - self.smoothing
        if self.class_weights is not None:
            factors = np.asarray(self.class_weights, np.float64)[targets]
            losses, slopes = losses * factors, slopes * factors[:, None]
        return losses, slopes


@dataclass(frozen=True)
class SigmoidLoss(ClassLoss):
    """Binary cross-entropy of each class, in the mean over classes; targets are 0 or 1, [rows, classes].

    With `smoothing` half of that share is given to having a class and half to not having it. `class_weights` are
    factors on the losses of the examples that have the class.
    """

    @property
    def curvature(self) -> float:
        """Return the second derivative where having a class is as likely as not having it."""
        return 0.25 / self.classes

    def evaluate(self, targets: np.ndarray, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return losses and derivatives, see `LinearLoss`."""
        wanted = targets * (1.0 - self.smoothing) + 0.5 * self.smoothing
        decay = np.exp(-np.abs(outputs))
        losses = np.maximum(outputs, 0.0) - outputs * wanted + np.log1p(decay)
        slopes = np.where(outputs >= 0, 1.0, decay) / (1.0 + decay) - wanted
        if self.class_weights is not None:
            factors = 1.0 + targets * (np.asarray(self.class_weights, np.float64) - 1.0)
            losses, slopes = losses * factors, slopes * factors
        return losses.mean(axis=1), slopes / self.classes


@dataclass(frozen=True)
class SquaredLoss:
    """Squared errors, in the mean over values; targets are [rows, values]. With L2 this is ridge regression."""

    values: int

    @property
    def outputs(self) -> int:
        """Return the number of values."""
        return self.values

    @property
    def curvature(self) -> float:
        """Return the second derivative, the same everywhere."""
        return 2.0 / self.values

    def evaluate(self, targets: np.ndarray, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return losses and derivatives, see `LinearLoss`."""
        errors = outputs - targets
        return np.square(errors).mean(axis=1), errors * (2.0 / self.values)
