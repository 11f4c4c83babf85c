"""Classification into one of several classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.task_facts import facts
from kerastune_ft.config.options.tasks import Classification as Options
from kerastune_ft.data.labels.raw import SEPARATOR
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.data.labels.spelling import explain_unknown, find_label
from kerastune_ft.errors import ConfigError
from kerastune_ft.losses import one_class as one_class_losses
from kerastune_ft.losses.options import NO_OPTIONS, LossOptions
from kerastune_ft.metrics import one_class
from kerastune_ft.metrics.calibration.temperature import Temperature, as_divisor
from kerastune_ft.metrics.class_figures import score_one_class
from kerastune_ft.metrics.decisions.sets import order_members
from kerastune_ft.metrics.intervals.base import Sample, measure
from kerastune_ft.metrics.intervals.one_class import Answers, make_sample
from kerastune_ft.metrics.outcomes.one_class import OneClassOutcomes, read_one_class
from kerastune_ft.rules import NEWEST, Rules
from kerastune_ft.solvers.losses import LinearLoss, SoftmaxLoss
from kerastune_ft.tasks import averages
from kerastune_ft.tasks.base import Measured, choose_metrics
from kerastune_ft.tasks.pooled_task import PooledTask, divide_outputs


class Classification(PooledTask):
    """Softmax over classes on pooled features; the outputs are logits [batch, classes]."""

    training_metrics = ("accuracy",)

    def __init__(self, options: Options, head: Head, scheme: LabelScheme, seed: int, rules: Rules = NEWEST) -> None:
        """`scheme` names the classes in the order of the labels' numbers."""
        super().__init__(options.kind, head, scheme, seed, rules)
        self.classes = classes = scheme.names
        self._chosen = choose_metrics(options, "one", len(scheme.names))
        self.metric_directions = {name: known.direction for name, known in facts(options).metrics.items()}
        positive = classes[-1] if options.positive is None else find_label(options.positive, classes)
        if positive is None:
            raise ConfigError(f"task.positive: {explain_unknown(str(options.positive), classes)}")
        if options.positive is not None and len(classes) > 2:
            raise ConfigError(f"task.positive has no effect with {len(classes)} classes; remove it")
        self._positive = classes.index(positive)
        self._divisor: np.ndarray | None = None
        self._limit: float | None = None

    def finish(self, outputs: Any) -> Any:
        """Return probabilities [batch, classes], calibrated after `set_temperature`."""
        return keras.layers.Softmax(name="probabilities", dtype="float32")(divide_outputs(outputs, self._divisor))

    def join(self, outputs: Sequence[Any]) -> Any:
        """Return the mean answer of several models; see `tasks.averages`."""
        return averages.join_probabilities(outputs)

    def average_outputs(self, outputs: np.ndarray) -> np.ndarray:
        """Return the mean answer of several models; see `tasks.averages`."""
        return averages.average_probabilities(outputs)

    def target(self, fields: Mapping[str, tf.Tensor], geometry: Any = None) -> tf.Tensor:
        """Return the number of the class, int32."""
        return tf.cast(fields["label"], tf.int32)

    def loss(
        self, targets: Any, outputs: tf.Tensor, weights: tf.Tensor, options: LossOptions = NO_OPTIONS
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the summed losses and the number of real examples; see `losses.one_class`."""
        losses = one_class_losses.compute_losses(targets, outputs, options)
        return tf.reduce_sum(losses * weights), tf.reduce_sum(weights)

    def linear_loss(self, options: LossOptions = NO_OPTIONS) -> LinearLoss:
        """Return the cross-entropy, as a solver takes it."""
        return SoftmaxLoss(len(self.classes), options.smoothing, options.class_weights)

    def training_sums(self, targets: Any, outputs: tf.Tensor, weights: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return the number of correct predictions."""
        correct = tf.cast(tf.equal(tf.argmax(outputs, axis=-1, output_type=tf.int32), targets), tf.float32)
        return {"accuracy": tf.reduce_sum(correct * weights)}

    def evaluate(self, targets: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
        """Return loss, accuracy, macro F1 and AUC, computed by scikit-learn.

        F1 is the mean over the classes that occur in the split. AUC is that of `positive` with two classes, else the
        macro mean of one-vs-rest; it is NaN where a class has no example in the split.
        """
        found = one_class.score(targets, outputs, self._positive, self._rules)
        if self._chosen:
            found |= measure(self._sample(targets, outputs, self._chosen))
        return {name: found[name] for name in self.metric_directions}

    def summarise_classes(self, measured: Measured) -> dict[str, dict[str, float]]:
        """Return precision, recall, F1 and the number of examples by class."""
        return score_one_class(measured["targets"], one_class.softmax(measured["outputs"]).argmax(axis=1), self.classes)

    def sample(self, measured: Measured) -> Sample:
        """Return classes, probabilities and losses of the examples, for intervals."""
        return self._sample(measured["targets"], measured["outputs"], tuple(self.metric_directions))

    def outcomes(self, measured: Measured) -> OneClassOutcomes:
        """Return the classes and logits of the examples."""
        return OneClassOutcomes(measured["targets"], measured["outputs"], self.classes, self._positive)

    def read_outcomes(self, rows: Sequence[Mapping[str, str]]) -> OneClassOutcomes:
        """Return the classes and logarithms of probabilities of rows of predictions.csv."""
        return read_one_class(rows, self.classes, self._positive)

    def _sample(self, targets: np.ndarray, outputs: np.ndarray, names: Sequence[str]) -> Sample:
        probabilities, losses = one_class.softmax(outputs), one_class.losses(targets, outputs)
        answers = Answers(targets, probabilities.argmax(axis=1), probabilities, losses, self._positive)
        return make_sample(answers, names, self._rules)

    def predictions(self, targets: np.ndarray | None, outputs: np.ndarray) -> dict[str, np.ndarray]:
        """Return label, prediction, probability, probability_<class> and loss; without targets no label or loss."""
        probabilities = one_class.softmax(outputs if self._divisor is None else outputs / self._divisor)
        predicted = probabilities.argmax(axis=1)
        names = np.asarray(self.classes, dtype=object)
        columns: dict[str, np.ndarray] = {} if targets is None else {"label": names[targets]}
        columns |= {"prediction": names[predicted], "probability": probabilities.max(axis=1)}
        columns |= {f"probability_{name}": probabilities[:, number] for number, name in enumerate(self.classes)}
        return columns if targets is None else columns | {"loss": one_class.losses(targets, outputs)}

    def constant(self, labels: np.ndarray) -> np.ndarray:
        """Return the logits of the classes' shares of the training examples."""
        counts = np.bincount(labels, minlength=len(self.classes))
        return np.log(np.maximum(counts, 1e-6) / len(labels)).astype(np.float32)

    def set_temperature(self, temperature: Temperature) -> None:
        """Divide logits by one number."""
        if isinstance(temperature, Mapping):
            raise ValueError(f"{self.kind} has one temperature for all classes, and not {dict(temperature)}")
        self._divisor = as_divisor(temperature, self.classes)

    def set_limits(self, limits: Sequence[float]) -> None:
        """Give every prediction the classes that are probable enough, by the one limit of a run."""
        (self._limit,) = limits

    def set_columns(self, outputs: np.ndarray) -> dict[str, np.ndarray]:
        """Return `set` after `set_limits`: the most probable class first; empty where none is probable enough."""
        if self._limit is None:
            return {}
        probabilities = one_class.softmax(outputs if self._divisor is None else outputs / self._divisor)
        sets = order_members(probabilities, self._limit)
        return {"set": np.asarray([SEPARATOR.join(self.classes[each] for each in own) for own in sets], object)}
