"""Regression: one number or several for each example."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.backbones.endpoints import FEATURES
from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.task_facts import facts
from kerastune_ft.config.options.tasks import Regression as Options
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.input.mixing import Mix, mix_values
from kerastune_ft.layers.heads import dense_head
from kerastune_ft.losses import values as value_losses
from kerastune_ft.losses.options import NO_OPTIONS, LossOptions
from kerastune_ft.metrics import values as value_metrics
from kerastune_ft.metrics.intervals.base import Sample, measure
from kerastune_ft.metrics.intervals.values import make_sample
from kerastune_ft.metrics.outcomes.values import ValueOutcomes, read_values
from kerastune_ft.solvers.losses import LinearLoss, SquaredLoss
from kerastune_ft.tasks import averages
from kerastune_ft.tasks.base import Measured, choose_metrics
from kerastune_ft.tasks.pooled_task import PooledTask

_FAR = 1e3


class Regression(PooledTask):
    """Values on pooled features; targets and raw outputs are standardised, users see their own units."""

    metric_directions: Mapping[str, str]
    training_metrics = ("mae",)
    output_name = "values"

    def __init__(self, options: Options, head: Head, scheme: LabelScheme, seed: int) -> None:
        """`scheme` holds the names of the targets, and the mean and deviation they are standardised by."""
        super().__init__(options.kind, head, scheme, seed)
        self._mean, self._deviation = np.asarray(scheme.mean), np.asarray(scheme.deviation)
        self._limits: tuple[float, ...] = ()
        self._chosen = choose_metrics(options, "values", len(scheme.names))
        self._own = {name: known.direction for name, known in facts(options).metrics.items()}
        several = [f"_{name}" for name in scheme.names] if len(scheme.names) > 1 else []
        self.metric_directions = {
            f"{metric}{ending}": direction
            for ending in ("", *several)
            for metric, direction in self._own.items()
            if not (ending and metric == "loss")
        }

    def head(self, features: Mapping[str, Any], mask: Any = None, windows: Any = None) -> Any:
        """Return standardised values [batch, targets]; before training all are 0, the mean of the training examples.

        Random ones would be off by several standard deviations, and the first epochs would only undo that.
        """
        return dense_head(
            features.get(FEATURES, features),
            self._head,
            len(self.scheme.names),
            self._seed,
            mask=mask,
            windows=windows,
            start_at_zero=True,
        )

    def finish(self, outputs: Any) -> Any:
        """Return values in the user's units, [batch, targets]."""
        if not (np.abs(self._mean) > _FAR * self._deviation).any():
            scale, offset = self._deviation.tolist(), self._mean.tolist()
            return keras.layers.Rescaling(scale, offset=offset, name="values", dtype="float32")(outputs)
        # float32 has too few digits for values that are close together and far from 0, such as dates. Rescaling
        # computes in float32 whatever its dtype; the weights of a Dense layer keep their float64.
        layer = keras.layers.Dense(len(self._mean), name="values", dtype="float64", trainable=False)
        values = layer(outputs)
        layer.set_weights([np.diag(self._deviation), self._mean])
        return values

    def join(self, outputs: Sequence[Any]) -> Any:
        """Return the mean answer of several models; see `tasks.averages`."""
        return averages.join_values(outputs)

    def average_outputs(self, outputs: np.ndarray) -> np.ndarray:
        """Return the mean answer of several models; see `tasks.averages`."""
        return averages.average_values(outputs)

    def target(self, fields: Mapping[str, tf.Tensor], geometry: Any = None) -> tf.Tensor:
        """Return the standardised values, float32 [targets]."""
        return tf.cast((tf.cast(fields["label"], tf.float64) - self._mean) / self._deviation, tf.float32)

    def mix(self, targets: tf.Tensor, others: tf.Tensor, mix: Mix) -> tf.Tensor:
        """Return the values in between: the absolute error to both would be least at one of them."""
        return mix_values(targets, others, mix.share)

    def loss(
        self, targets: Any, outputs: tf.Tensor, weights: tf.Tensor, options: LossOptions = NO_OPTIONS
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the summed losses of standardised values and the number of real examples; see `losses.values`."""
        return tf.reduce_sum(value_losses.compute_losses(targets, outputs, options) * weights), tf.reduce_sum(weights)

    def linear_loss(self, options: LossOptions = NO_OPTIONS) -> LinearLoss:
        """Return the squared errors of standardised values, as a solver takes it."""
        return SquaredLoss(len(self.scheme.names))

    def training_sums(self, targets: Any, outputs: tf.Tensor, weights: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return the sum of absolute errors in the user's units, averaged over targets."""
        errors = tf.abs(tf.cast(outputs, tf.float32) - targets) * tf.constant(self._deviation, tf.float32)
        return {"mae": tf.reduce_sum(tf.reduce_mean(errors, axis=-1) * weights)}

    def evaluate(self, targets: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
        """Return the loss of standardised values, and MAE, RMSE and R2 in the user's units, averaged over targets.

        With several targets each has metrics of its own too: `mae_<target>` and so on. R2 is NaN for a single example.
        """
        loss = float(value_metrics.losses(targets, outputs).mean())
        wanted, values, names = self.values(targets), self.values(outputs), self.scheme.names
        found = {"loss": loss, **value_metrics.score(wanted, values, names)}
        if self._chosen:
            found |= measure(make_sample(wanted, values, np.zeros(len(values)), names, self._chosen))
        return found

    def sample(self, measured: Measured) -> Sample:
        """Return true and predicted values in the user's units, and losses, for intervals."""
        targets, outputs = measured["targets"], measured["outputs"]
        losses = value_metrics.losses(targets, outputs)
        return make_sample(self.values(targets), self.values(outputs), losses, self.scheme.names, tuple(self._own))

    def outcomes(self, measured: Measured) -> ValueOutcomes:
        """Return true and predicted values in the user's units."""
        return ValueOutcomes(self.values(measured["targets"]), self.values(measured["outputs"]), self.scheme.names)

    def read_outcomes(self, rows: Sequence[Mapping[str, str]]) -> ValueOutcomes:
        """Return the values of rows of predictions.csv."""
        return read_values(rows, self.scheme.names)

    def values(self, standardised: np.ndarray) -> np.ndarray:
        """Return standardised values in the user's units, float64 [examples, targets]."""
        return standardised.astype(np.float64) * self._deviation + self._mean

    def predictions(self, targets: np.ndarray | None, outputs: np.ndarray) -> dict[str, np.ndarray]:
        """Return label, value and loss (label_<target> and value_<target> for several); without targets the values."""
        values, names = self.values(outputs), self.scheme.names
        labels = None if targets is None else self.values(targets)
        endings = [""] if len(names) == 1 else [f"_{name}" for name in names]
        columns: dict[str, np.ndarray] = {}
        for number, ending in enumerate(endings):
            if labels is not None:
                # Standardising in float32 adds digits that the label does not have.
                digits = 5 - math.floor(math.log10(self._deviation[number]))
                columns[f"label{ending}"] = np.round(labels[:, number], digits)
            columns[f"value{ending}"] = values[:, number]
        return columns if targets is None else columns | {"loss": value_metrics.losses(targets, outputs)}

    def constant(self, labels: np.ndarray) -> np.ndarray:
        """Return the standardised mean of the training labels."""
        return ((labels.mean(axis=0, dtype=np.float64) - self._mean) / self._deviation).astype(np.float32)

    def set_limits(self, limits: Sequence[float]) -> None:
        """Give every prediction an interval of this half width, in the user's units, by target."""
        self._limits = tuple(limits)

    def set_columns(self, outputs: np.ndarray) -> dict[str, np.ndarray]:
        """Return `low` and `high` after `set_limits`, of several targets `low_<target>` and so on."""
        values, names = self.values(outputs), self.scheme.names
        columns: dict[str, np.ndarray] = {}
        for number, limit in enumerate(self._limits):
            ending = "" if len(names) == 1 else f"_{names[number]}"
            columns |= {f"low{ending}": values[:, number] - limit, f"high{ending}": values[:, number] + limit}
        return columns
