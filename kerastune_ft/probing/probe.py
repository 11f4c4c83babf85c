"""A linear probe: the best linear model on features of the training split, measured on the validation split."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kerastune_ft.config.options.task_facts import LabelKind, facts
from kerastune_ft.config.options.tasks import Task
from kerastune_ft.errors import ConfigError
from kerastune_ft.metrics.intervals.base import find_intervals
from kerastune_ft.solvers.linear import Iterate, fit_linear
from kerastune_ft.solvers.losses import LinearLoss, SigmoidLoss, SoftmaxLoss, SquaredLoss
from kerastune_ft.training.session.session import Session

STRENGTHS = (1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5)
"""L2 strengths of features whose deviation is one, in the order in which they are tried."""
_LOSSES: Mapping[LabelKind, Callable[[int], LinearLoss]] = {
    "one": SoftmaxLoss,
    "several": SigmoidLoss,
    "values": SquaredLoss,
}
# A probe is compared with others, so that the last digits of its loss do not matter.
_ITERATIONS, _TOLERANCE = 100, 3e-4
# Up to so many training examples they too say which strength is best, each by a model of the other folds: validation
# alone, of a dozen examples, chose strengths that lost 15 points of accuracy on the rest.
_FEW, _FOLDS = 500, 5
# What a feature deviates by at least, as a share of the largest deviation: of constant ones nothing is learned.
_LEAST_DEVIATION = 1e-6


@dataclass(frozen=True)
class Probe:
    """A linear model on features, and what it reaches on the validation split."""

    kernel: np.ndarray
    """float64 [features, outputs], for features as they are."""
    bias: np.ndarray
    """float64 [outputs]."""
    l2: float
    """The L2 strength that was best on validation, of standardised features."""
    metrics: Mapping[str, float]
    """The task's metrics on validation."""
    train_metrics: Mapping[str, float]
    """The same on the training examples, which the model was fitted to."""
    losses: np.ndarray
    """The loss of every validation example, float64."""
    interval: tuple[float, float] | None
    """The interval of 95 % of the headline metric on validation, where one can be given."""
    seconds: float


def headline(task: Task) -> tuple[str, bool]:
    """Return the metric that probes are compared by, and whether more of it is better.

    Raises ConfigError for tasks whose outputs are no linear function of one row of features.
    """
    known = facts(task)
    if known.labels not in _LOSSES:
        raise ConfigError(
            f"task.kind: {task.kind} has no linear probe, since its answers are no function of a single row of "
            "features; compare backbones by short runs instead"
        )
    name = next(name for name, each in known.metrics.items() if each.headline)
    return name, known.metrics[name].direction == "max"


def fit_probe(
    session: Session,
    features: Mapping[str, np.ndarray],
    targets: Mapping[str, np.ndarray],
    strengths: Sequence[float] = STRENGTHS,
    *,
    standardise: bool = True,
) -> Probe:
    """Return the probe of least validation loss among the L2 strengths; `features` and `targets` are by split.

    Weaker strengths are tried until the loss rises, since the weakest take longest to fit. Where training examples are
    few, and belong to no groups, their loss by cross-validation counts for the strength too. Features are standardised
    by the training examples; without `standardise` they stay as they are, as for a head that a solver sets. Raises
    ConfigError for tasks without probes, see `headline`.
    """
    began = time.monotonic()
    name, _ = headline(session.config.task)
    loss = _LOSSES[facts(session.config.task).labels](len(session.task.scheme.names))
    width = features["train"].shape[1]
    mean, deviation = _moments(features["train"]) if standardise else (np.zeros(width), np.ones(width))
    rows = {split: (values - mean) / deviation for split, values in features.items()}

    def measure(head: Iterate, split: str) -> dict[str, np.ndarray]:
        outputs = (rows[split] @ head.kernel + head.bias).astype(np.float32)
        return {"targets": targets[split], "outputs": outputs}

    def lose(l2: float, head: Iterate) -> float:
        losses = [session.task.sample(measure(head, "validation")).means["loss"]]
        if len(strengths) > 1 and session.source.groups is None and len(rows["train"]) <= _FEW:
            losses += _hold_out(session, rows["train"], targets["train"], loss, l2)
        return float(np.concatenate(losses).mean())

    l2, best = _choose_strength(rows["train"], targets["train"], loss, strengths, lose)
    validation = measure(best, "validation")
    groups = session.source.groups
    own = None if groups is None else [groups[index] for index in session.source.splits["validation"]]
    kernel = best.kernel / deviation[:, None]
    sample = session.task.sample(validation)
    return Probe(
        kernel=kernel,
        bias=best.bias - mean @ kernel,
        l2=l2,
        metrics=session.task.summarise(validation),
        train_metrics=session.task.summarise(measure(best, "train")),
        losses=sample.means["loss"],
        interval=find_intervals(sample, own).get(name),
        seconds=time.monotonic() - began,
    )


def raw_strengths(features: np.ndarray) -> tuple[float, ...]:
    """Return L2 strengths for features as they are that weigh about as much as `STRENGTHS` on standardised ones.

    They have two significant digits, as somebody would write them.
    """
    variance = float(features.var(axis=0, dtype=np.float64).mean())
    return tuple(float(f"{strength * max(variance, 1e-12):.1e}") for strength in STRENGTHS)


def _choose_strength(
    rows: np.ndarray,
    targets: np.ndarray,
    loss: LinearLoss,
    strengths: Sequence[float],
    lose: Callable[[float, Iterate], float],
) -> tuple[float, Iterate]:
    """Return the first strength whose model loses no more than its successor's, and that model.

    `lose` returns the loss of a strength on examples that were not fitted, given the model of all training examples.
    """
    chosen: tuple[float, Iterate] | None = None
    least = math.inf
    for l2 in strengths:
        head = fit_linear(rows, targets, loss, l2, iterations=_ITERATIONS, tolerance=_TOLERANCE).head
        lost = lose(l2, head)
        if chosen is not None and not lost < least:
            break
        chosen, least = (l2, head), lost
    assert chosen is not None
    return chosen


def _hold_out(session: Session, rows: np.ndarray, targets: np.ndarray, loss: LinearLoss, l2: float) -> list[np.ndarray]:
    """Return the losses of training examples, by models that were fitted to the other folds of them."""
    folds = np.arange(len(rows)) % _FOLDS
    losses = []
    for fold in range(min(_FOLDS, len(rows) - 1)):
        left, held = folds != fold, folds == fold
        head = fit_linear(rows[left], targets[left], loss, l2, iterations=_ITERATIONS, tolerance=_TOLERANCE).head
        outputs = (rows[held] @ head.kernel + head.bias).astype(np.float32)
        losses.append(session.task.sample({"targets": targets[held], "outputs": outputs}).means["loss"])
    return losses


def _moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and deviation of every feature, float64; a constant one has a deviation of 1."""
    mean = features.mean(axis=0, dtype=np.float64)
    deviation = features.std(axis=0, dtype=np.float64)
    least = _LEAST_DEVIATION * max(float(deviation.max(initial=0.0)), 1e-30)
    return mean, np.where(deviation > least, deviation, 1.0)
