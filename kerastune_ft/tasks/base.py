"""The contract between a task and the engine that trains it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import tensorflow as tf

from kerastune_ft.config.chosen_metrics import explain_unfit
from kerastune_ft.config.options.task_facts import LabelKind
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.errors import ConfigError
from kerastune_ft.input.mixing import Mix
from kerastune_ft.losses import mixed
from kerastune_ft.losses.mixed import Mixed
from kerastune_ft.losses.options import NO_OPTIONS, LossOptions
from kerastune_ft.metrics.calibration.temperature import Temperature
from kerastune_ft.metrics.intervals.base import Sample
from kerastune_ft.metrics.outcomes.base import Outcomes
from kerastune_ft.solvers.losses import LinearLoss
from kerastune_ft.tiles.grid import TiledPicture

Measured = Mapping[str, np.ndarray]
"""The results of `Task.measure` for all examples of a split, by name: arrays [examples, ...] in the split's order."""


@dataclass(frozen=True)
class Placement:
    """How an image was brought to the model's size, so that results can be brought back to the image's own."""

    height: int
    """Pixels of the image itself."""
    width: int
    geometry: Any
    """The `input.decode.Geometry` that the image was fitted to."""


@dataclass(frozen=True)
class Prediction:
    """The prediction for one input: the cells of its row, and a mask or boxes where the task predicts these."""

    cells: dict[str, Any]
    """Texts and numbers by column: those of `Task.output_columns`."""
    mask: np.ndarray | None = None
    """The number of a class for every pixel of the input, uint8 [height, width]."""
    boxes: np.ndarray | None = None
    """The boxes of the input, float32 [boxes, 6]: xmin, ymin, xmax, ymax in its own pixels, class number, score."""


def choose_metrics(options: Any, labels: LabelKind, classes: int) -> tuple[str, ...]:
    """Return the names in `task.metrics`, the options of a task with this number of classes.

    Raises ConfigError for a metric that this number of classes does not have.
    """
    names = tuple(options.metrics or ())
    for index, name in enumerate(names):
        if why := explain_unfit(name, labels, classes):
            raise ConfigError(f"task.metrics[{index}]: {name}: {why}")
    return names


class Loss(Protocol):
    """The loss of a phase, for the model that the phase trains."""

    def __call__(self, targets: Any, outputs: Any, weights: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return scalar sums over a batch: `count`, `loss`, and those of `Task.training_sums`; a graph function.

        `weights` [batch] is 1 for examples and 0 for padding. A step adds up the sums of all replicas and
        micro-batches and divides by the sum of their counts, which need not be whole numbers.
        """


class Task(ABC):
    """Everything that depends on what is learned: head, targets, loss, metrics, and predictions.

    There is one implementation for each kind of labels, whatever the modality. The engine carries targets, raw outputs
    and the results of `measure` from one method to another and never looks into them: each may be a tensor or a nest of
    tensors. All tensors of a batch have static shapes, with the batch first. Methods called graph functions are traced
    by `tf.function` and must draw no random numbers.
    """

    kind: str
    """The kind of the task, as in the configuration."""
    metric_directions: Mapping[str, str]
    """For each metric of `summarise`, "min" or "max": which way is better."""
    training_metrics: ClassVar[tuple[str, ...]] = ()
    """The names of `training_sums`, in order."""
    scheme: LabelScheme
    """The meaning of the labels: the names of classes or values, and how values are standardised."""

    no_own_objects: ClassVar[str] = ""
    """Why a person's own head, loss and metrics have no place here; empty where they have."""

    jumping_metrics: ClassVar[frozenset[str]] = frozenset()
    """The metrics that an arbitrarily small change of outputs may move by more than rounding."""

    fill: ClassVar[float | None] = None
    """The value, 0 to 255, of pixels beyond images that are turned or made smaller; None where these are mirrored."""

    output_name: ClassVar[str] = "probabilities"
    """What `finish` returns, in a few words for preprocessing.json."""

    def endpoints(self, available: Mapping[str, Any], fits: Callable[[Sequence[str]], bool]) -> tuple[str, ...]:
        """Return the names of the backbone's endpoints that the head reads.

        `available` has the symbolic tensors by name: `features`, and `stride<n>` for feature maps. `fits` returns
        whether the feature cache has room for some endpoints of all examples. Raises ConfigError where the backbone
        lacks an endpoint that the head needs.
        """
        return ("features",)

    @abstractmethod
    def head(self, features: Mapping[str, Any], mask: Any = None, windows: Any = None) -> Any:
        """Return the symbolic raw outputs of the model from the symbolic endpoints by name.

        `mask` [batch, length], int32, is 1 where the features of a sequence belong to the example and 0 where they
        belong to padding; None where nothing is padded.
        """

    @property
    @abstractmethod
    def output_shape(self) -> tuple[int, ...]:
        """Return the shape of one example's raw outputs; the last axis has the classes or values."""

    @abstractmethod
    def finish(self, outputs: Any) -> Any:
        """Return the symbolic outputs of a saved model, such as probabilities, from symbolic raw outputs.

        Only stock Keras layers may be used, so that the saved model opens with Keras alone.
        """

    reads_image_size: ClassVar[bool] = False
    """Whether `restore` reads images as they were before they were brought to the model's size."""

    def restore(self, outputs: Any, images: Any, geometry: Any) -> Any:
        """Return the symbolic outputs of `finish` for the symbolic images that were fitted to `geometry`.

        By default they are as they are, which is right where they do not lie in the image. Stock operations only.
        """
        return outputs

    def describe_head(self, endpoints: Mapping[str, Any], outputs: Any) -> dict[str, Any]:
        """Return what the plan is to say of the head beside its layers, as JSON values; nothing by default.

        `endpoints` are the symbolic tensors it reads, `outputs` its symbolic raw outputs.
        """
        return {}

    @abstractmethod
    def join(self, outputs: Sequence[Any]) -> Any:
        """Return symbolic raw outputs that `finish` makes the mean of what it makes of each of several models' outputs.

        Only Keras' own operations may be used, as in `finish`.
        """

    @abstractmethod
    def average(self, measured: Sequence[Measured]) -> Measured:
        """Return what several models gave for the same examples, in the same order, as if one model had.

        Where `measure` keeps outputs it is their mean answer, as in `join`; where it keeps counts, their sums.
        """

    @abstractmethod
    def target(self, fields: Mapping[str, tf.Tensor], geometry: Any = None) -> Any:
        """Return the target of one example, of a static shape; a graph function.

        `fields` holds the example's `label`, or what `DataSource.label_fields` returns where labels lie in files of
        their own. `geometry` is the shape that the example's input is brought to; None where inputs have no size.
        """

    def transform(self, targets: Any, changes: Any) -> Any:
        """Return a batch of targets after the augmentation `changes` of its inputs; a graph function.

        By default targets stay as they are, which is right where they describe the whole example.
        """
        return targets

    def mix(self, targets: Any, others: Any, mix: Mix) -> Any:
        """Return the targets of a batch of examples that are mixed with others; a graph function.

        By default both are kept with their shares, and the loss is that of both (see `losses.mixed`).
        """
        return Mixed(targets, others, mix.share)

    def split_valid(self, targets: Any) -> tuple[Any, Any]:
        """Return targets as a loss of a person's own gets them, and which parts of them count; a graph function.

        By default whole examples count, and the second is None. Else it is 1 for the pixels that have a class, float32
        [batch, height, width], and the others are of the first class in the targets.
        """
        return targets, None

    @abstractmethod
    def loss(
        self, targets: Any, outputs: Any, weights: tf.Tensor, options: LossOptions = NO_OPTIONS
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the sum of losses over a batch and the count to divide it by, float32 scalars; a graph function.

        `weights` [batch] is 1 for examples and 0 for padding, which must add nothing to either.
        """

    def linear_loss(self, options: LossOptions = NO_OPTIONS) -> LinearLoss | None:
        """Return the loss of a phase as a convex solver takes it, for raw outputs that are linear in features.

        It is that of `loss`, in NumPy. None where the head of the task is never linear.
        """
        return None

    @abstractmethod
    def training_sums(self, targets: Any, outputs: Any, weights: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return sums over a batch, by the names of `training_metrics`; a graph function.

        Divided by the count of `loss` they are shown as `train_<name>`.
        """

    def attach(self, model: Any, trained: Sequence[Any]) -> Task:
        """Return the task for steps of a model, or of its tail, of which these variables train; by default itself."""
        return self

    def trim(self, model: Any) -> Any:
        """Return the part of a model whose outputs `loss` and `measure` take; by default all of it."""
        return model

    def bind(self, model: Any, options: LossOptions = NO_OPTIONS) -> Loss:
        """Return the loss of a phase for the model that it trains.

        The engine calls this anew for each phase and each copy of the model, so a loss may hold variables of `model`.
        """

        def compute_sums(targets: Any, outputs: Any, weights: tf.Tensor) -> dict[str, tf.Tensor]:
            sums, *more = [compute_part(own, outputs, shares) for own, shares in mixed.divide(targets, weights)]
            for part in more:
                sums = {name: sums[name] + part[name] for name in sums}
            return sums

        def compute_part(targets: Any, outputs: Any, weights: tf.Tensor) -> dict[str, tf.Tensor]:
            total, count = self.loss(targets, outputs, weights, options)
            return {"count": count, "loss": total, **self.training_sums(targets, outputs, weights)}

        return compute_sums

    @abstractmethod
    def measure(self, targets: Any, outputs: Any) -> dict[str, tf.Tensor]:
        """Return what metrics and predictions.csv need of a batch, by name, each [batch, ...]; a graph function.

        The host keeps the results of a whole split, so they must be small: counts of pixels rather than maps of logits.
        """

    def measure_tile(self, targets: Any, outputs: Any) -> dict[str, tf.Tensor]:
        """Return what `join_tiles` needs of a batch of tiles of pictures, by name, each [batch, ...]; a graph function.

        By default it is what `measure` returns.
        """
        return self.measure(targets, outputs)

    def join_tiles(
        self, picture: TiledPicture, truth: Mapping[str, np.ndarray], tiles: Iterable[Mapping[str, np.ndarray]]
    ) -> dict[str, np.ndarray]:
        """Return what `measure` returns, of a whole picture, from what `measure_tile` gave for each of its tiles.

        `truth` is what `DataSource.label_fields` has of the picture; `tiles` are read in order, one after the other.
        Raises TypeError for a task whose labels are of whole examples.
        """
        raise TypeError(f"{self.kind} has no tiles")

    @abstractmethod
    def summarise(self, measured: Measured) -> dict[str, float]:
        """Return the exact metrics of a split, by the names of `metric_directions`; NaN where one is undefined."""

    def summarise_classes(self, measured: Measured) -> dict[str, dict[str, float]]:
        """Return metrics of a split by class and name; none by default."""
        return {}

    @abstractmethod
    def sample(self, measured: Measured) -> Sample:
        """Return the examples of a split as intervals of the metrics of `summarise` need them."""

    @abstractmethod
    def outcomes(self, measured: Measured) -> Outcomes:
        """Return the answers for the examples of a split, as calibration, curves and decisions need them."""

    @abstractmethod
    def read_outcomes(self, rows: Sequence[Mapping[str, str]]) -> Outcomes:
        """Return the same of rows of predictions.csv.

        Raises KeyError and ValueError for rows that lack a column or hold something else.
        """

    @abstractmethod
    def prediction_columns(self, measured: Measured) -> dict[str, np.ndarray]:
        """Return the columns of predictions.csv for a split, each with one cell per example in order."""

    predicts_masks: ClassVar[bool] = False
    """Whether the predictions of `decode` have masks."""
    predicts_boxes: ClassVar[bool] = False
    """Whether the predictions of `decode` have boxes."""

    @property
    @abstractmethod
    def output_columns(self) -> tuple[str, ...]:
        """Return the names of the cells of every prediction of `decode`, in order."""

    @abstractmethod
    def decode(self, outputs: np.ndarray, placements: Sequence[Placement | None]) -> Iterator[Prediction]:
        """Yield the prediction of each input from its raw outputs, in order.

        `outputs` is [inputs, ...]; `placements` has for each input how it was brought to the model's size, or None.
        """

    def decode_tiles(self, picture: TiledPicture, tiles: Iterable[np.ndarray]) -> Prediction:
        """Return the prediction for a whole picture from the raw outputs of each of its tiles, in order.

        Raises TypeError for a task whose labels are of whole examples.
        """
        raise TypeError(f"{self.kind} has no tiles")

    @abstractmethod
    def difference(self, measured: Measured, outputs: np.ndarray, targets: Any) -> np.ndarray:
        """Return how far the outputs of a saved model are from what was measured, float [examples].

        `outputs` are those of the saved model, as `finish` gives them; `targets` are those of the same examples. The
        caller compares the result with the tolerance of the model's format.
        """

    def detail_tables(self, measured: Measured) -> dict[str, dict[str, np.ndarray]]:
        """Return more tables of a split: by the table's name its columns, one row per example; none by default."""
        return {}

    def part_tables(self, measured: Measured) -> dict[str, tuple[np.ndarray, dict[str, Any]]]:
        """Return tables of a split with any number of rows for an example; none by default.

        By the table's name, the place of each row's example, from 0, and the columns.
        """
        return {}

    def documents(self, measured: Measured, inputs: Sequence[Any]) -> dict[str, Any]:
        """Return descriptions of a split for other programs, as JSON values by name; none by default.

        `inputs` are what the examples are called.
        """
        return {}

    def describe(self, measured: Measured, groups: Sequence[str] | None) -> dict[str, Any]:
        """Return what the report shows of a split beside its metrics, as JSON values by name; nothing by default.

        `groups` has the group of every example, None where examples are not grouped.
        """
        return {}

    def summarise_constant(self, measured: Measured, labels: np.ndarray) -> dict[str, float] | None:
        """Return the metrics of the best predictor that ignores its input; None where the task has no such predictor.

        It is fitted to `labels`, those of the training examples as the data source numbers them, and scored on the
        targets in `measured`. A model has learned something only where it is better.
        """
        return None

    def describe_decisions(self) -> dict[str, Any]:
        """Return as JSON values what turns the outputs of a saved model into answers; nothing by default."""
        return {}

    def choose_thresholds(self, measured: Measured) -> dict[str, float]:
        """Choose decision thresholds on the validation split, use them from now on and return them; none by default."""
        return {}

    def set_thresholds(self, thresholds: Mapping[str, float]) -> None:
        """Use the thresholds that `choose_thresholds` returned in an earlier run.

        Raises ValueError for thresholds that this task does not have.
        """
        if thresholds:
            raise ValueError(f"{self.kind} has no decision thresholds, so {thresholds} belong to another task")

    def set_temperature(self, temperature: Temperature) -> None:
        """Divide raw outputs by a temperature, of model/calibration.json, in `finish` and `decode`.

        Probabilities are calibrated then, and labels stay what they are; metrics and predictions.csv are of raw outputs
        as before. `shown_thresholds` are those of the calibrated probabilities. Raises ValueError for a task without
        probabilities to calibrate, or a temperature of other classes.
        """
        raise ValueError(f"{self.kind} has no probabilities of whole examples that a temperature could calibrate")

    def set_limits(self, limits: Sequence[float]) -> None:
        """Give every prediction of `decode` a set of classes, or an interval of values, by limits of `Outcomes`.

        Of classes it is the column `set`, the most probable first with `|` between them; of values `low` and `high`.
        Raises ValueError for a task that has no sets.
        """
        raise ValueError(f"{self.kind} has no sets that hold the truth with a chosen probability")

    @property
    def shown_thresholds(self) -> dict[str, float]:
        """Return the probability of `finish` from which a class is predicted, by class; empty where none decides."""
        return {}
