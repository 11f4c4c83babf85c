"""The contract between a task and the engine that trains it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.input.decode import Geometry


@dataclass(frozen=True)
class LossOptions:
    """What a phase changes about the loss it trains on; validation uses none of it."""

    smoothing: float = 0.0
    """The share of the target that is spread over all classes."""
    class_weights: tuple[float, ...] | None = None
    """By class, the factor on the losses of its examples; they do not change the count the sum is divided by."""


NO_OPTIONS = LossOptions()


class Task(ABC):
    """What a task needs from a backbone, and what it makes of examples, outputs and targets.

    The engine never looks into targets or outputs: it only carries them. All tensors of a batch have static shapes.
    """

    kind: str
    modality: str
    """What its examples are: `image` or `text`."""
    needs: str
    """What the head is put on: `sequence` is a feature map with positions."""
    metric_directions: Mapping[str, str]
    """By metric of `evaluate`, `min` or `max`: which way is better."""
    training_metrics: ClassVar[tuple[str, ...]] = ()
    """The names of `training_sums`, in its order."""
    scheme: LabelScheme
    """What the labels mean."""

    finished: ClassVar[str] = "probabilities"
    """What `finish` returns, in one word."""

    @abstractmethod
    def head(self, features: Any, mask: Any = None) -> Any:
        """Return the raw outputs of the model, symbolic, from the backbone's symbolic features.

        `mask` [batch, length] is 1 where a sequence of features is of the example and 0 where it is padding.
        """

    @abstractmethod
    def finish(self, outputs: Any) -> Any:
        """Return what a saved model gives its user (probabilities, say) from symbolic raw outputs."""

    @abstractmethod
    def targets(self, example: Mapping[str, tf.Tensor], geometry: Geometry | None = None) -> Any:
        """Return the fixed-shape target of one example; a graph function. `geometry` is that of an image."""

    @abstractmethod
    def loss(
        self, targets: Any, outputs: tf.Tensor, weights: tf.Tensor, options: LossOptions = NO_OPTIONS
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return (sum of losses, count) over a batch; `weights` [batch] is 0 for padding."""

    @abstractmethod
    def training_sums(self, targets: Any, outputs: tf.Tensor, weights: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return sums that, divided by the count, are shown as `train_<name>`: those of `training_metrics`."""

    @abstractmethod
    def evaluate(self, targets: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
        """Return the exact metrics of a split from all its targets and raw outputs, in order of examples."""

    @abstractmethod
    def predictions(self, targets: np.ndarray | None, outputs: np.ndarray) -> dict[str, np.ndarray]:
        """Return the columns of predictions.csv for raw outputs, in order."""

    def constant(self, labels: np.ndarray) -> np.ndarray | None:
        """Return the raw outputs of the best predictor that never looks at its input, [outputs].

        `labels` are those of the training examples, as the source numbers them.

        What a model must be better than to have learnt anything; None where the task knows no such thing.
        """
        return None

    def choose_thresholds(self, targets: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
        """Choose, from the validation split, what decisions need, keep it and return it; nothing by default."""
        return {}

    def set_thresholds(self, thresholds: Mapping[str, float]) -> None:
        """Decide as a trained run did: `thresholds` are what `choose_thresholds` returned there."""
        if thresholds:
            raise ValueError(f"{self.kind} decides nothing by thresholds, so {thresholds} belong to another task")
