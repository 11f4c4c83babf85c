"""Image regression: one number, or several, for an image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.config.heads import Head
from kerastune_ft.config.tasks import ImageRegression as Options
from kerastune_ft.data.labels import Scheme
from kerastune_ft.input.decode import Geometry
from kerastune_ft.layers.heads import dense_head
from kerastune_ft.tasks.base import PLAIN, LossOptions
from kerastune_ft.tasks.images import ImageTask


class ImageRegression(ImageTask):
    """Values on a pooled feature map; the outputs are standardised by the training split, all else has user's units."""

    kind = "image_regression"
    metric_directions: ClassVar[Mapping[str, str]] = {"loss": "min", "mae": "min", "rmse": "min", "r2": "max"}
    training_metrics = ("mae",)
    finished = "values"

    def __init__(self, head: Head, scheme: Scheme, seed: int) -> None:
        """`scheme` holds the names of the targets, and the mean and deviation they are standardised by."""
        super().__init__(head, scheme, seed)
        self._mean = np.asarray(scheme.mean, np.float32)
        self._deviation = np.asarray(scheme.deviation, np.float32)

    def head(self, features: Any) -> Any:
        """Return standardised values [batch, targets], at first the mean of the training examples.

        Random ones would be off by several deviations, and unlearning them would take the first epochs.
        """
        return dense_head(features, self._head, len(self.scheme.names), self._seed, start_at_zero=True)

    def finish(self, outputs: Any) -> Any:
        """Return values in the user's units, [batch, targets]."""
        scale, offset = self._deviation.tolist(), self._mean.tolist()
        return keras.layers.Rescaling(scale, offset=offset, name="values", dtype="float32")(outputs)

    def targets(self, example: Mapping[str, tf.Tensor], geometry: Geometry) -> tf.Tensor:
        """Return the values in the user's units, float32 [targets]."""
        return tf.cast(example["label"], tf.float32)

    def loss(
        self, targets: Any, outputs: tf.Tensor, weights: tf.Tensor, options: LossOptions = PLAIN
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the sum of squared errors of standardised values, averaged over targets, and the examples' number."""
        errors = tf.cast(outputs, tf.float32) - (targets - self._mean) / self._deviation
        return tf.reduce_sum(tf.reduce_mean(tf.square(errors), axis=-1) * weights), tf.reduce_sum(weights)

    def training_sums(self, targets: Any, outputs: tf.Tensor, weights: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return the sum of absolute errors in the user's units, averaged over targets."""
        errors = tf.abs(tf.cast(outputs, tf.float32) * self._deviation + self._mean - targets)
        return {"mae": tf.reduce_sum(tf.reduce_mean(errors, axis=-1) * weights)}

    def evaluate(self, targets: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
        """Return loss (of standardised values), and MAE, RMSE and R2 in the user's units, means over targets.

        R2 is NaN with a single example.
        """
        from sklearn import metrics

        values = self.values(outputs)
        return {
            "loss": float(self._losses(targets, outputs).mean()),
            "mae": float(metrics.mean_absolute_error(targets, values)),
            "rmse": float(metrics.root_mean_squared_error(targets, values)),
            "r2": float(metrics.r2_score(targets, values)) if len(targets) > 1 else float("nan"),
        }

    def values(self, outputs: np.ndarray) -> np.ndarray:
        """Return raw outputs in the user's units, float64 [examples, targets]."""
        return outputs.astype(np.float64) * self._deviation + self._mean

    def _losses(self, targets: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        errors = outputs.astype(np.float64) - (targets.astype(np.float64) - self._mean) / self._deviation
        return np.square(errors).mean(axis=1)

    def predictions(self, targets: np.ndarray | None, outputs: np.ndarray) -> dict[str, np.ndarray]:
        """Return label, value and loss, or label_<target> and value_<target> of several; without targets the values."""
        values, names = self.values(outputs), self.scheme.names
        endings = [""] if len(names) == 1 else [f"_{name}" for name in names]
        columns: dict[str, np.ndarray] = {}
        for number, ending in enumerate(endings):
            if targets is not None:
                columns[f"label{ending}"] = targets[:, number].astype(np.float64)
            columns[f"value{ending}"] = values[:, number]
        return columns if targets is None else columns | {"loss": self._losses(targets, outputs)}

    def constant(self, targets: np.ndarray) -> np.ndarray:
        """Return the standardised mean of the training targets."""
        return ((targets.mean(axis=0, dtype=np.float64) - self._mean) / self._deviation).astype(np.float32)


def build(options: Options, head: Head, scheme: Scheme, seed: int) -> ImageRegression:
    """Build the task for the targets of the scheme."""
    return ImageRegression(head, scheme, seed)
