"""Image classification: one of several classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.config.heads import Head
from kerastune_ft.config.tasks import ImageClassification as Options
from kerastune_ft.errors import ConfigError
from kerastune_ft.input.augment import augment
from kerastune_ft.input.decode import Geometry, decode
from kerastune_ft.layers.heads import dense_head
from kerastune_ft.tasks.base import Task


class ImageClassification(Task):
    """Softmax over classes on a pooled feature map; the outputs are logits."""

    kind = "image_classification"
    needs = "sequence"
    metric_directions: ClassVar[Mapping[str, str]] = {"loss": "min", "accuracy": "max", "macro_f1": "max", "auc": "max"}
    training_metrics = ("accuracy",)

    def __init__(self, options: Options, head: Head, classes: tuple[str, ...], seed: int) -> None:
        """`classes` are the names in the order of the labels' numbers."""
        self.classes = classes
        self._head, self._seed = head, seed
        positive = options.positive if options.positive is not None else classes[-1]
        if positive not in classes:
            raise ConfigError(f"task.positive: {positive!r} is not a class; the classes are {', '.join(classes)}")
        if options.positive is not None and len(classes) > 2:
            raise ConfigError(f"task.positive has no effect with {len(classes)} classes; remove it")
        self._positive = classes.index(positive)

    def head(self, features: Any) -> Any:
        """Return logits [batch, classes]."""
        return dense_head(features, self._head, len(self.classes), self._seed)

    def finish(self, outputs: Any) -> Any:
        """Return probabilities [batch, classes]."""
        return keras.layers.Softmax(name="probabilities", dtype="float32")(outputs)

    def inputs(self, example: Mapping[str, tf.Tensor], geometry: Geometry) -> tf.Tensor:
        """Return the decoded and resized image, uint8 [height, width, 3]."""
        return decode(example["image"], geometry)

    def targets(self, example: Mapping[str, tf.Tensor], geometry: Geometry) -> tf.Tensor:
        """Return the number of the class, int32."""
        return tf.cast(example["label"], tf.int32)

    def transform(
        self, inputs: tf.Tensor, targets: Any, keys: tf.Tensor, operations: Mapping[str, Any]
    ) -> tuple[Any, Any]:
        """Return augmented images; classes stay."""
        return augment(inputs, keys, operations), targets

    def loss(
        self, targets: Any, outputs: tf.Tensor, weights: tf.Tensor, smoothing: float = 0.0
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the summed cross-entropy and the number of real examples."""
        wanted = tf.one_hot(targets, len(self.classes), on_value=1.0 - smoothing, dtype=tf.float32)
        wanted += smoothing / len(self.classes)
        losses = tf.nn.softmax_cross_entropy_with_logits(wanted, tf.cast(outputs, tf.float32))
        return tf.reduce_sum(losses * weights), tf.reduce_sum(weights)

    def training_sums(self, targets: Any, outputs: tf.Tensor, weights: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return the number of correct predictions."""
        correct = tf.cast(tf.equal(tf.argmax(outputs, axis=-1, output_type=tf.int32), targets), tf.float32)
        return {"accuracy": tf.reduce_sum(correct * weights)}

    def evaluate(self, targets: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
        """Return loss, accuracy, macro F1 and AUC (binary: of `positive`; else macro one-vs-rest), by scikit-learn.

        AUC is NaN where a class has no example in the split; F1 then is over the classes that occur.
        """
        from sklearn import metrics

        probabilities = softmax(outputs)
        predicted = probabilities.argmax(axis=1)
        return {
            "loss": float(_losses(targets, outputs).mean()),
            "accuracy": float(metrics.accuracy_score(targets, predicted)),
            "macro_f1": float(metrics.f1_score(targets, predicted, average="macro", zero_division=0)),
            "auc": self._auc(targets, probabilities),
        }

    def _auc(self, targets: np.ndarray, probabilities: np.ndarray) -> float:
        from sklearn import metrics

        if len(np.unique(targets)) < len(self.classes):
            return float("nan")
        if len(self.classes) == 2:
            return float(metrics.roc_auc_score(targets == self._positive, probabilities[:, self._positive]))
        return float(metrics.roc_auc_score(targets, probabilities, multi_class="ovr", average="macro"))

    def predictions(self, targets: np.ndarray | None, outputs: np.ndarray) -> dict[str, np.ndarray]:
        """Return label, prediction, probability, probability_<class> and loss; without targets no label and loss."""
        probabilities = softmax(outputs)
        predicted = probabilities.argmax(axis=1)
        names = np.asarray(self.classes, dtype=object)
        columns: dict[str, np.ndarray] = {} if targets is None else {"label": names[targets]}
        columns |= {"prediction": names[predicted], "probability": probabilities.max(axis=1)}
        columns |= {f"probability_{name}": probabilities[:, number] for number, name in enumerate(self.classes)}
        return columns if targets is None else columns | {"loss": _losses(targets, outputs)}


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return probabilities from logits, in float64 so that rows sum to 1 within 1e-15."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    exponents = np.exp(shifted)
    return exponents / exponents.sum(axis=1, keepdims=True)


def _losses(targets: np.ndarray, logits: np.ndarray) -> np.ndarray:
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(targets)), targets]


def build(options: Options, head: Head, classes: tuple[str, ...], seed: int) -> ImageClassification:
    """Build the task for these classes."""
    return ImageClassification(options, head, classes, seed)
