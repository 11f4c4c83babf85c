"""The contract between a task and the engine that trains it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import tensorflow as tf

from kerastune_ft.data.labels.scheme import LabelScheme

Measured = Mapping[str, np.ndarray]
"""What `Task.measure` says of the examples of a split, by name: arrays with a row per example, in their order."""


@dataclass(frozen=True)
class Placement:
    """How an input was brought to the model's shape, to bring what was found back to the input's own."""

    height: int
    width: int
    """Of the image itself."""
    geometry: Any
    """The shape it was brought to."""


@dataclass(frozen=True)
class Prediction:
    """What is predicted for one input: a row of cells, and files of its own such as a mask."""

    cells: dict[str, Any]
    mask: np.ndarray | None = None
    """A class number for every pixel of the input, uint8 [height, width]."""


@dataclass(frozen=True)
class LossOptions:
    """What a phase changes about the loss it trains on; validation uses none of it."""

    smoothing: float = 0.0
    """The share of the target that is spread over all classes."""
    class_weights: tuple[float, ...] | None = None
    """By class, the factor on the losses of its examples; they do not change the count the sum is divided by."""


NO_OPTIONS = LossOptions()


class Loss(Protocol):
    """The loss of a phase, bound to the model that is trained."""

    def __call__(self, targets: Any, outputs: Any, weights: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return sums over a batch: `count`, `loss`, then the task's training sums; `weights` is 0 for padding.

        A step divides the sums of all replicas and micro-batches by the sum of their counts, which need not be whole.
        """


class Task(ABC):
    """What a task needs from a backbone, and what it makes of examples, outputs and targets.

    The engine never looks into targets or outputs: it only carries them, and what `measure` makes of them. All tensors
    of a batch have static shapes.
    """

    kind: str
    """The kind of the task, as configurations write it."""
    metric_directions: Mapping[str, str]
    """By metric of `summarise`, `min` or `max`: which way is better."""
    training_metrics: ClassVar[tuple[str, ...]] = ()
    """The names of `training_sums`, in its order."""
    scheme: LabelScheme
    """What the labels mean."""

    output_name: ClassVar[str] = "probabilities"
    """What `finish` returns, in one word."""

    def endpoints(self, available: Mapping[str, Any], fits: Callable[[Sequence[str]], bool]) -> tuple[str, ...]:
        """Return which of a backbone's endpoints the head is put on; `fits` tells whether the cache holds some."""
        return ("features",)

    @abstractmethod
    def head(self, features: Mapping[str, Any], mask: Any = None) -> Any:
        """Return the raw outputs of the model, symbolic, from the backbone's symbolic endpoints by name.

        `mask` [batch, length] is 1 where a sequence of features is of the example and 0 where it is padding.
        """

    @abstractmethod
    def finish(self, outputs: Any) -> Any:
        """Return what a saved model gives its user (probabilities, say) from symbolic raw outputs."""

    @abstractmethod
    def target(self, fields: Mapping[str, tf.Tensor], geometry: Any = None) -> Any:
        """Return the fixed-shape target of one example from what the source says of it; a graph function.

        `geometry` is the shape that the example's input is brought to.
        """

    def transform(self, targets: Any, changes: Any) -> Any:
        """Return a batch of targets after the changes of an augmentation; what is said of a whole example stays."""
        return targets

    @abstractmethod
    def loss(
        self, targets: Any, outputs: Any, weights: tf.Tensor, options: LossOptions = NO_OPTIONS
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return (sum of losses, count) over a batch; `weights` [batch] is 0 for padding."""

    @abstractmethod
    def training_sums(self, targets: Any, outputs: Any, weights: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return sums that, divided by the count, are shown as `train_<name>`: those of `training_metrics`."""

    def bind(self, model: Any, options: LossOptions = NO_OPTIONS) -> Loss:
        """Return the loss of a phase on the model that it trains; anew for each phase and each copy of the model."""

        def compute_sums(targets: Any, outputs: Any, weights: tf.Tensor) -> dict[str, tf.Tensor]:
            total, count = self.loss(targets, outputs, weights, options)
            return {"count": count, "loss": total, **self.training_sums(targets, outputs, weights)}

        return compute_sums

    @abstractmethod
    def measure(self, targets: Any, outputs: Any) -> dict[str, tf.Tensor]:
        """Return what metrics need of a batch, by name, each [batch, ...] and small; a graph function."""

    @abstractmethod
    def summarise(self, measured: Measured) -> dict[str, float]:
        """Return the exact metrics of a split."""

    def summarise_classes(self, measured: Measured) -> dict[str, dict[str, float]]:
        """Return metrics of a split by class; none where the task knows no such thing."""
        return {}

    @abstractmethod
    def prediction_columns(self, measured: Measured) -> dict[str, np.ndarray]:
        """Return the columns of predictions.csv, a row per example."""

    predicts_masks: ClassVar[bool] = False
    """Whether what `decode` gives has masks."""

    @property
    @abstractmethod
    def output_columns(self) -> tuple[str, ...]:
        """Return the names of the cells that `decode` gives."""

    @abstractmethod
    def decode(self, outputs: np.ndarray, placements: Sequence[Placement | None]) -> Iterator[Prediction]:
        """Yield a prediction for each row of raw outputs; `placements` say where the inputs come from."""

    @abstractmethod
    def difference(self, measured: Measured, outputs: np.ndarray, targets: Any) -> np.ndarray:
        """Return by example how far a saved model is from what was measured, to compare with a tolerance.

        `outputs` are those of the saved model, what `finish` returned; `targets` those of the examples.
        """

    def detail_tables(self, measured: Measured) -> dict[str, dict[str, np.ndarray]]:
        """Return more tables of a split by name, each columns with a row per example; none by default."""
        return {}

    def summarise_constant(self, measured: Measured, labels: np.ndarray) -> dict[str, float] | None:
        """Return the metrics, on a split, of the best predictor that never looks at its input.

        `labels` are those of the training examples, as the source numbers them. What a model must be better than to
        have learnt anything; None where the task knows no such thing.
        """
        return None

    def choose_thresholds(self, measured: Measured) -> dict[str, float]:
        """Choose, from the validation split, what decisions need, keep it and return it; nothing by default."""
        return {}

    def set_thresholds(self, thresholds: Mapping[str, float]) -> None:
        """Decide as a trained run did: `thresholds` are what `choose_thresholds` returned there."""
        if thresholds:
            raise ValueError(f"{self.kind} decides nothing by thresholds, so {thresholds} belong to another task")
