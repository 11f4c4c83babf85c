"""The base of tasks with one vector of outputs per example, computed from pooled features."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.backbones.endpoints import FEATURES
from kerastune_ft.config.options.heads import Head
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.layers.heads import dense_head
from kerastune_ft.rules import NEWEST, Rules
from kerastune_ft.tasks.base import Measured, Placement, Prediction, Task


class PooledTask(Task):
    """One vector of outputs per example; a subclass gives the numbers their meaning.

    `measure` keeps targets and raw outputs as they are, since they are small.
    """

    def __init__(self, kind: str, head: Head, scheme: LabelScheme, seed: int, rules: Rules = NEWEST) -> None:
        """`scheme` names the outputs, in order; `rules` are those of the run."""
        self.kind, self.scheme = kind, scheme
        self._head, self._seed, self._rules = head, seed, rules

    def head(self, features: Mapping[str, Any], mask: Any = None, windows: Any = None) -> Any:
        """Return raw outputs [batch, names of the scheme]."""
        return dense_head(
            features.get(FEATURES, features), self._head, len(self.scheme.names), self._seed, mask=mask, windows=windows
        )

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Return the number of names of the scheme."""
        return (len(self.scheme.names),)

    def measure(self, targets: Any, outputs: Any) -> dict[str, tf.Tensor]:
        """Return `targets` and `outputs` as they are."""
        return {"targets": targets, "outputs": outputs}

    def summarise(self, measured: Measured) -> dict[str, float]:
        """Return the exact metrics of a split from all its targets and raw outputs."""
        return self.evaluate(measured["targets"], measured["outputs"])

    def average(self, measured: Sequence[Measured]) -> dict[str, np.ndarray]:
        """Return the targets and the mean answer of several models, as raw outputs."""
        outputs = self.average_outputs(np.stack([each["outputs"] for each in measured]))
        return {"targets": measured[0]["targets"], "outputs": outputs}

    def prediction_columns(self, measured: Measured) -> dict[str, np.ndarray]:
        """Return the columns of predictions.csv, one row per example."""
        return self.predictions(measured["targets"], measured["outputs"])

    @property
    def output_columns(self) -> tuple[str, ...]:
        """Return the names of the cells that `decode` gives."""
        return tuple(self._output_cells(np.zeros((1, len(self.scheme.names)), np.float32)))

    def decode(self, outputs: np.ndarray, placements: Sequence[Placement | None]) -> Iterator[Prediction]:
        """Yield the cells of every row of raw outputs."""
        columns = self._output_cells(outputs)
        for values in zip(*columns.values(), strict=True):
            yield Prediction(dict(zip(columns, values, strict=True)))

    def _output_cells(self, outputs: np.ndarray) -> dict[str, np.ndarray]:
        """Return the task's columns, with the predicted label under the name it has for users."""
        columns = {**self.predictions(None, outputs), **self.set_columns(outputs)}
        return {"label" if name == "prediction" else name: values for name, values in columns.items()}

    def set_columns(self, outputs: np.ndarray) -> dict[str, np.ndarray]:
        """Return the columns of sets of raw outputs, after `set_limits`; none by default."""
        return {}

    def difference(self, measured: Measured, outputs: np.ndarray, targets: Any) -> np.ndarray:
        """Return for each example the largest difference of a probability, or of a value in standard deviations."""
        columns = self.predictions(None, measured["outputs"])
        expected = [column for name, column in columns.items() if name.startswith(("probability_", "value"))]
        scale = np.asarray(self.scheme.deviation or 1.0)
        return (np.abs(outputs - np.stack(expected, axis=1)) / scale).max(axis=1)

    def summarise_constant(self, measured: Measured, labels: np.ndarray) -> dict[str, float] | None:
        """Return the metrics of the predictor whose raw outputs are always `constant`."""
        targets = measured["targets"]
        return self.evaluate(targets, np.tile(self.constant(labels), (len(targets), 1)))

    def choose_thresholds(self, measured: Measured) -> dict[str, float]:
        """Choose decision thresholds on the validation split, keep and return them."""
        return self.find_thresholds(measured["targets"], measured["outputs"])

    @abstractmethod
    def average_outputs(self, outputs: np.ndarray) -> np.ndarray:
        """Return the mean answer of raw outputs [models, examples, outputs] as raw outputs; see `tasks.averages`."""

    @abstractmethod
    def evaluate(self, targets: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
        """Return the exact metrics of a split from all its targets and raw outputs, in order of examples."""

    @abstractmethod
    def predictions(self, targets: np.ndarray | None, outputs: np.ndarray) -> dict[str, np.ndarray]:
        """Return the columns of predictions by name, from raw outputs; without targets those that need none."""

    @abstractmethod
    def constant(self, labels: np.ndarray) -> np.ndarray:
        """Return the raw outputs [outputs] of the best predictor that ignores its input.

        `labels` are those of the training examples, as the data source numbers them.
        """

    def find_thresholds(self, targets: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
        """Choose decision thresholds, keep and return them; none by default."""
        return {}


def divide_outputs(outputs: Any, divisor: np.ndarray | None) -> Any:
    """Return symbolic raw outputs [batch, classes] divided by temperatures, by a stock layer; as they are for None."""
    if divisor is None:
        return outputs
    scale = np.broadcast_to(1.0 / divisor, outputs.shape[-1:]).tolist()
    return keras.layers.Rescaling(scale, name="temperature", dtype="float32")(outputs)
