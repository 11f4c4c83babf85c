"""Classification into several classes at once: any number of them may apply to an example."""

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
from kerastune_ft.losses import several_classes as several_losses
from kerastune_ft.losses.options import NO_OPTIONS, LossOptions
from kerastune_ft.metrics import several_classes
from kerastune_ft.metrics.calibration.temperature import Temperature, as_divisor, move_thresholds
from kerastune_ft.metrics.class_figures import score_several_classes
from kerastune_ft.metrics.intervals.base import Sample, measure
from kerastune_ft.metrics.intervals.several_classes import Answers, make_sample
from kerastune_ft.metrics.outcomes.several_classes import SeveralClassesOutcomes, read_several_classes
from kerastune_ft.rules import NEWEST, Rules
from kerastune_ft.solvers.losses import LinearLoss, SigmoidLoss
from kerastune_ft.tasks import averages
from kerastune_ft.tasks.base import Measured, choose_metrics
from kerastune_ft.tasks.pooled_task import PooledTask, divide_outputs


class MultiLabelClassification(PooledTask):
    """A sigmoid per class on pooled features; the outputs are logits [batch, classes]."""

    training_metrics = ("accuracy",)

    def __init__(self, options: Options, head: Head, scheme: LabelScheme, seed: int, rules: Rules = NEWEST) -> None:
        """`scheme` names the classes in the order of the labels' columns."""
        super().__init__(options.kind, head, scheme, seed, rules)
        self.classes = scheme.names
        self._chosen = choose_metrics(options, "several", len(scheme.names))
        self.metric_directions = {name: known.direction for name, known in facts(options).metrics.items()}
        if options.positive is not None:
            raise ConfigError("task.positive has no effect with multi_label; remove it")
        self._chosen_later = options.thresholds == "best_f1"
        self._thresholds = np.full(len(self.classes), 0.5)
        self._divisor: np.ndarray | None = None
        if isinstance(options.thresholds, Mapping):
            if unknown := [name for name in options.thresholds if find_label(name, self.classes) is None]:
                raise ConfigError(f"task.thresholds: {explain_unknown(unknown[0], self.classes)}")
            self.set_thresholds(
                {find_label(name, self.classes) or name: value for name, value in options.thresholds.items()}
            )
        elif isinstance(options.thresholds, float):
            self._thresholds[:] = options.thresholds

    def finish(self, outputs: Any) -> Any:
        """Return a probability per class [batch, classes], calibrated after `set_temperature`; the sum is not 1."""
        scaled = divide_outputs(outputs, self._divisor)
        return keras.layers.Activation("sigmoid", name="probabilities", dtype="float32")(scaled)

    def join(self, outputs: Sequence[Any]) -> Any:
        """Return the mean answer of several models; see `tasks.averages`."""
        return averages.join_flags(outputs)

    def average_outputs(self, outputs: np.ndarray) -> np.ndarray:
        """Return the mean answer of several models; see `tasks.averages`."""
        return averages.average_flags(outputs)

    def target(self, fields: Mapping[str, tf.Tensor], geometry: Any = None) -> tf.Tensor:
        """Return 1 for each class that applies and 0 for the others, float32 [classes]."""
        return tf.cast(fields["label"], tf.float32)

    def loss(
        self, targets: Any, outputs: tf.Tensor, weights: tf.Tensor, options: LossOptions = NO_OPTIONS
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the summed losses and the number of real examples; see `losses.several_classes`."""
        losses = several_losses.compute_losses(targets, outputs, options, self._rules.weights_by_label)
        return tf.reduce_sum(losses * weights), tf.reduce_sum(weights)

    def linear_loss(self, options: LossOptions = NO_OPTIONS) -> LinearLoss:
        """Return the binary cross-entropies, as a solver takes it."""
        return SigmoidLoss(len(self.classes), options.smoothing, options.class_weights)

    def training_sums(self, targets: Any, outputs: tf.Tensor, weights: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return the number of examples whose labels are all predicted correctly, at the thresholds as they are now.

        Those of `best_f1` are 0.5 until they are chosen after training.
        """
        if self._rules.training_accuracy_at_thresholds:
            predicted = tf.cast(outputs, tf.float32) >= tf.constant(several_classes.logits_of(self._thresholds))
        else:
            predicted = outputs > 0
        right = tf.reduce_all(tf.equal(predicted, targets > 0.5), axis=-1)
        return {"accuracy": tf.reduce_sum(tf.cast(right, tf.float32) * weights)}

    def evaluate(self, targets: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
        """Return loss, accuracy, macro F1, AUC and mean average precision, computed by scikit-learn.

        Accuracy is the share of examples whose labels are all predicted correctly. The macro means are over the classes
        that occur in the split (for AUC, those that some examples have and others do not); NaN where there are none.
        """
        found = several_classes.score(targets, outputs, self._thresholds)
        if self._chosen:
            found |= measure(self._sample(targets, outputs, self._chosen))
        return {name: found[name] for name in self.metric_directions}

    def summarise_classes(self, measured: Measured) -> dict[str, dict[str, float]]:
        """Return precision, recall, F1 and the number of examples by class."""
        return score_several_classes(measured["targets"] > 0.5, self._decide(measured["outputs"]), self.classes)

    def sample(self, measured: Measured) -> Sample:
        """Return the classes, logits and losses of the examples, for intervals."""
        return self._sample(measured["targets"], measured["outputs"], tuple(self.metric_directions))

    def outcomes(self, measured: Measured) -> SeveralClassesOutcomes:
        """Return the flags and logits of the examples."""
        return SeveralClassesOutcomes(measured["targets"] > 0.5, measured["outputs"], self.classes, self._thresholds)

    def read_outcomes(self, rows: Sequence[Mapping[str, str]]) -> SeveralClassesOutcomes:
        """Return the flags and logits of rows of predictions.csv."""
        return read_several_classes(rows, self.classes, self._thresholds)

    def _sample(self, targets: np.ndarray, outputs: np.ndarray, names: Sequence[str]) -> Sample:
        losses = several_classes.losses(targets, outputs)
        answers = Answers(targets > 0.5, self._decide(outputs), outputs.astype(np.float64), losses)
        return make_sample(answers, names)

    def _decide(self, outputs: np.ndarray) -> np.ndarray:
        return several_classes.sigmoid(outputs) >= self._thresholds

    def predictions(self, targets: np.ndarray | None, outputs: np.ndarray) -> dict[str, np.ndarray]:
        """Return label, prediction, probability_<class> and loss; without targets neither label nor loss.

        Several labels in one cell are separated by `|`.
        """
        probabilities = several_classes.sigmoid(outputs if self._divisor is None else outputs / self._divisor)
        columns: dict[str, np.ndarray] = {} if targets is None else {"label": self._join_names(targets > 0.5)}
        columns["prediction"] = self._join_names(self._decide(outputs))
        columns |= {f"probability_{name}": probabilities[:, number] for number, name in enumerate(self.classes)}
        return columns if targets is None else columns | {"loss": several_classes.losses(targets, outputs)}

    def _join_names(self, flags: np.ndarray) -> np.ndarray:
        names = np.asarray(self.classes, dtype=object)
        return np.asarray([SEPARATOR.join(names[row]) for row in flags], dtype=object)

    def constant(self, labels: np.ndarray) -> np.ndarray:
        """Return the logits of the share of training examples that have each class."""
        shares = np.clip(labels.mean(axis=0, dtype=np.float64), 1e-6, 1 - 1e-6)
        return np.log(shares / (1 - shares)).astype(np.float32)

    def find_thresholds(self, targets: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
        """Set each class's threshold to that of the best F1 where the option is `best_f1`; return all thresholds."""
        if self._chosen_later:
            probabilities = several_classes.sigmoid(outputs)
            for number in range(len(self.classes)):
                self._thresholds[number] = several_classes.best_f1_threshold(
                    targets[:, number] > 0.5, probabilities[:, number]
                )
        return dict(zip(self.classes, self._thresholds.tolist(), strict=True))

    def describe_decisions(self) -> dict[str, Any]:
        """Return `thresholds`: the probability from which each class applies, in their order."""
        return {"thresholds": list(self.shown_thresholds.values())}

    def set_thresholds(self, thresholds: Mapping[str, float]) -> None:
        """Set the probability from which a class is predicted, by class."""
        for name, value in thresholds.items():
            self._thresholds[self.classes.index(name)] = value

    def set_temperature(self, temperature: Temperature) -> None:
        """Divide the logit of every class by its own number."""
        self._divisor = as_divisor(temperature, self.classes)

    @property
    def shown_thresholds(self) -> dict[str, float]:
        """Return the probability of `finish` from which a class is predicted, by class."""
        shown = self._thresholds if self._divisor is None else move_thresholds(self._thresholds, self._divisor)
        return dict(zip(self.classes, shown.tolist(), strict=True))
