"""What is explained of an answer, by kind of labels: a number that heat maps are the slopes of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import tensorflow as tf

from kerastune_ft.config.options.task_facts import LabelKind
from kerastune_ft.metrics.one_class import softmax


class Score(ABC):
    """The number that is explained of raw outputs [rows, outputs], and what erasing is measured by."""

    unit: ClassVar[str]
    """The words for what erasing takes away."""

    @abstractmethod
    def choose(self, outputs: np.ndarray) -> int:
        """Return which of the outputs [outputs] of an example is explained."""

    @abstractmethod
    def tensor(self, outputs: tf.Tensor, chosen: int) -> tf.Tensor:
        """Return the number whose slopes are taken, [rows]; a graph function."""

    @abstractmethod
    def measure(self, outputs: np.ndarray, chosen: int) -> np.ndarray:
        """Return what erasing is measured by, [rows]."""


class OneClassScore(Score):
    """The logarithm of the probability of the class that was answered."""

    unit = "probability"

    def choose(self, outputs: np.ndarray) -> int:
        """Return the likeliest class."""
        return int(outputs.argmax())

    def tensor(self, outputs: tf.Tensor, chosen: int) -> tf.Tensor:
        """Return the logarithms of its probability."""
        return tf.nn.log_softmax(tf.cast(outputs, tf.float32))[:, chosen]

    def measure(self, outputs: np.ndarray, chosen: int) -> np.ndarray:
        """Return its probabilities."""
        return softmax(outputs)[:, chosen]


class SeveralClassesScore(Score):
    """The logit of the likeliest class."""

    unit = "probability"

    def choose(self, outputs: np.ndarray) -> int:
        """Return the likeliest class."""
        return int(outputs.argmax())

    def tensor(self, outputs: tf.Tensor, chosen: int) -> tf.Tensor:
        """Return its logits."""
        return tf.cast(outputs, tf.float32)[:, chosen]

    def measure(self, outputs: np.ndarray, chosen: int) -> np.ndarray:
        """Return its probabilities."""
        probabilities: np.ndarray = 1 / (1 + np.exp(-np.clip(outputs[:, chosen].astype(np.float64), -50, 50)))
        return probabilities


class ValuesScore(Score):
    """The value itself, the first of several: what is hot makes it larger."""

    unit = "deviations of the labels"

    def choose(self, outputs: np.ndarray) -> int:
        """Return the first value."""
        return 0

    def tensor(self, outputs: tf.Tensor, chosen: int) -> tf.Tensor:
        """Return the values."""
        return tf.cast(outputs, tf.float32)[:, chosen]

    def measure(self, outputs: np.ndarray, chosen: int) -> np.ndarray:
        """Return the values, which raw outputs give in deviations of the labels."""
        return outputs[:, chosen].astype(np.float64)


SCORES: Mapping[LabelKind, Score] = {
    "one": OneClassScore(),
    "several": SeveralClassesScore(),
    "values": ValuesScore(),
}
"""By kind of labels, what is explained; a mask shows by itself what it rests on."""
