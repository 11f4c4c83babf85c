"""A task with a person's own head, loss and metrics; all else is that of the task itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import tensorflow as tf

from kerastune_ft.backbones.endpoints import FEATURES
from kerastune_ft.config.run import RunConfig
from kerastune_ft.errors import ConfigError
from kerastune_ft.losses.options import NO_OPTIONS, LossOptions
from kerastune_ft.metrics.intervals.base import Sample
from kerastune_ft.own.head import build_head
from kerastune_ft.own.loss import compute_losses
from kerastune_ft.own.objects import OwnMetric, OwnObjects
from kerastune_ft.tasks.base import Loss, Measured, Task

# Of more examples a metric of Python, called a thousand times, would take minutes.
_MOST_RESAMPLED = 5000


def with_own_objects(task: Task, config: RunConfig) -> Task:
    """Return the task with the objects that a configuration carries, or itself.

    Raises ConfigError for objects that the task has no use for.
    """
    own = config.own
    if own is None:
        return task
    if task.no_own_objects:
        raise ConfigError(
            f"heads, losses and metrics of your own are not available for {task.kind}: {task.no_own_objects}"
        )
    if task.predicts_masks and own.metrics:
        raise ConfigError(
            f"metrics of your own are not available for {task.kind}, of which counts of pixels are kept and no outputs"
        )
    if taken := [name for name in own.metrics if name in task.metric_directions]:
        raise ConfigError(f"metrics[{taken[0]!r}]: {task.kind} measures {taken[0]} itself; write another name")
    return cast(Task, OwnTask(task, own, config.seed))


class OwnTask:
    """A task whose head, training loss and metrics may be a person's own."""

    def __init__(self, task: Task, own: OwnObjects, seed: int) -> None:
        self._task, self._own, self._seed = task, own, seed
        self.metric_directions = {
            **task.metric_directions,
            **{name: metric.direction for name, metric in own.metrics.items()},
        }

    def __getattr__(self, name: str) -> Any:
        """Return what the task itself has."""
        return getattr(self.__dict__["_task"], name)

    def head(self, features: Mapping[str, Any], mask: Any = None, windows: Any = None) -> Any:
        """Return the symbolic raw outputs of the own head, or of the task's."""
        if self._own.head is None:
            return self._task.head(features, mask, windows)
        # A head of masks gets the maps of all strides, by name.
        given = features.get(FEATURES, features)
        of_classes = not self._task.scheme.deviation
        shape = self._task.output_shape
        return build_head(self._own.head, given, shape, self._seed, mask, windows, of_classes=of_classes)

    def attach(self, model: Any, trained: Sequence[Any]) -> Task:
        """Return itself: tasks that compute losses with a model's variables have no own objects."""
        return cast(Task, self)

    def bind(self, model: Any, options: LossOptions = NO_OPTIONS) -> Loss:
        """Return the own loss as phases use it, or the task's."""
        return Task.bind(cast(Task, self), model, options)

    def loss(
        self, targets: Any, outputs: Any, weights: tf.Tensor, options: LossOptions = NO_OPTIONS
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the sum of the own losses, or of the task's, and the count to divide it by."""
        if self._own.loss is None:
            return self._task.loss(targets, outputs, weights, options)
        losses, counts = self.compute_own_losses(targets, outputs)
        # Padding may repeat an example, and must add nothing, not even NaN.
        total = tf.reduce_sum(tf.where(weights > 0, losses * weights, tf.zeros_like(losses)))
        return total, tf.reduce_sum(counts * weights)

    def compute_own_losses(self, targets: Any, outputs: Any) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the own loss of every example and what it counts, float32 [batch] each."""
        known, valid = self._task.split_valid(targets)
        return compute_losses(self._own.loss, known, outputs, valid)

    def summarise(self, measured: Measured) -> dict[str, float]:
        """Return the task's metrics of a split, then the own ones."""
        found = self._task.summarise(measured)
        return found | self.summarise_own(measured)

    def summarise_own(self, measured: Measured) -> dict[str, float]:
        """Return the own metrics of a split."""
        if not self._own.metrics:
            return {}
        targets, answers = self._answers(measured)
        return {name: measure_metric(name, each, targets, answers) for name, each in self._own.metrics.items()}

    def sample(self, measured: Measured) -> Sample:
        """Return the examples for intervals, which functions get where these are few enough."""
        base = self._task.sample(measured)
        functions = {name: each for name, each in self._own.metrics.items() if each.is_function}
        if not functions or base.examples > _MOST_RESAMPLED:
            return base
        targets, answers = self._answers(measured)

        def compute(counts: np.ndarray) -> Mapping[str, np.ndarray]:
            drawn = [np.repeat(np.arange(len(targets)), column.astype(np.int64)) for column in counts.T]
            own = {
                name: np.array([_try_metric(name, each, targets[rows], answers[rows]) for rows in drawn])
                for name, each in functions.items()
            }
            return {**base.compute(counts), **own}

        return Sample(base.examples, base.proportions, base.means, compute, base.rank, base.ranked_classes)

    def _answers(self, measured: Measured) -> tuple[np.ndarray, np.ndarray]:
        """Return targets and answers as people know them: probabilities, or values in the units of the labels."""
        columns = self._task.prediction_columns(measured)
        known = [values for name, values in columns.items() if name.startswith(("probability_", "value"))]
        targets, scheme = np.asarray(measured["targets"]), self._task.scheme
        if scheme.deviation:
            targets = targets * np.asarray(scheme.deviation) + np.asarray(scheme.mean)
        return targets, np.stack(known, axis=1).astype(np.float32)


def measure_metric(name: str, metric: OwnMetric, targets: np.ndarray, answers: np.ndarray) -> float:
    """Return a metric of a whole split as a number; raise ConfigError where it gives none."""
    try:
        if metric.is_function:
            return float(metric.function(targets, answers))
        metric.function.reset_state()
        metric.function.update_state(targets, answers)
        return float(metric.function.result())
    except Exception as error:
        said = " ".join(str(error).split())[:200]
        raise ConfigError(
            f"metrics[{name!r}]: it gives no number of targets {targets.shape} and outputs {answers.shape} "
            f"({type(error).__name__}: {said})"
        ) from error


def _try_metric(name: str, metric: OwnMetric, targets: np.ndarray, answers: np.ndarray) -> float:
    """Return a metric of a resample, NaN where it is not defined: a class may be missing there."""
    try:
        return measure_metric(name, metric, targets, answers)
    except ConfigError:
        return float("nan")
