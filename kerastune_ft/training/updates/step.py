"""One phase's compiled calls on features: one update of the tail, and the tail's outputs for evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.graph import costs, normalisation, randomness
from kerastune_ft.graph.rebuild.segments import cut_segments
from kerastune_ft.losses.options import NO_OPTIONS, LossOptions
from kerastune_ft.tasks.base import Task
from kerastune_ft.tiles.grid import TiledPicture
from kerastune_ft.training.devices.devices import Devices
from kerastune_ft.training.features.prefix import as_float
from kerastune_ft.training.updates.gradient_norms import GradientNorms
from kerastune_ft.training.updates.loss_scale import LossScale
from kerastune_ft.training.updates.pretrained_pull import PretrainedPull
from kerastune_ft.training.updates.recomputation import Loss, SegmentedTail
from kerastune_ft.training.updates.stacks import StackedCall
from kerastune_ft.training.updates.step_numbers import StepNumbers
from kerastune_ft.training.updates.weight_average import WeightAverage

# Operations of an update from which on calling it costs nothing against computing it.
LARGEST_FLOPS = 5e8
# Forward and backward pass against the forward pass alone.
_PASSES = 3


class PhaseStep:
    """The step of a phase on one or many replicas.

    A replica computes the gradient of its *sum* of losses; sums, counts and gradients are reduced over the replicas
    together; then the gradient is divided by the count, clipped, and applied everywhere alike. So the update is that of
    one device on the whole batch, whatever share of real examples a replica got.
    """

    def __init__(
        self,
        devices: Devices,
        tail: keras.Model,
        task: Task,
        variables: Sequence[keras.Variable],
        *,
        address: str,
        optimizer: Any = None,
        clip_norm: float | None = None,
        accumulate: int = 1,
        loss: LossOptions = NO_OPTIONS,
        loss_scale: LossScale | None = None,
        norms: GradientNorms | None = None,
        average: WeightAverage | None = None,
        pull: PretrainedPull | None = None,
        many: bool = False,
        measured: keras.Model | None = None,
        blocks: Mapping[str, int] | None = None,
    ) -> None:
        """`tail` is what follows the features; `address` names seed and phase for random draws.

        `measured` follows those of examples that are measured, where these are images of another size.

        With a `loss_scale` an update whose reduced gradient is not finite is skipped, on all replicas alike. `norms`
        take the norms of the gradients in, where they are asked for, `average` the variables after an update, and
        `pull` adds its gradient to that of the loss. `many` tells whether steps are worth compiling
        once more, as many to a call, where they are small. `blocks` are numbers of blocks by the names of their layers,
        whose activations are then computed again for their gradients.
        """
        self._devices, self._task = devices, task.attach(tail, variables)
        self._tail = self._task.trim(tail)
        self._measured_tail = self._tail if measured is None else self._task.trim(measured)
        cut = cut_segments(self._tail, blocks) if blocks else []
        self._segmented = SegmentedTail(self._tail, cut) if cut else None
        self._variables = list(variables)
        self._native = [variable.value for variable in self._variables]
        self._address = address
        self._optimizer, self.micro_batches = optimizer, accumulate
        self.numbers = StepNumbers(devices, loss, clip_norm)
        self._loss, self._loss_scale, self._norms = self._task.bind(tail, self.numbers.loss), loss_scale, norms
        self._average, self.pull, self._many = average, pull, many
        # The latest wishes as a tensor: they change once, at the end.
        self._asked: dict[tuple[float, ...], tf.Tensor] = {}
        self._train_stack, self._measure_stack = StackedCall(self._train), StackedCall(self._measure)
        self._train_call = tf.function(self._train, autograph=False)
        self._output_call = tf.function(self._outputs, autograph=False)
        self._measure_call = tf.function(self._measure, autograph=False)
        self._tile_call = tf.function(self._measure_tiles, autograph=False)

    def train(self, batch: tuple, epoch: tf.Tensor, wishes: Sequence[float] = ()) -> tf.Tensor:
        """Make one update on a batch (features, targets, weights, indices); return its sums.

        They are count, loss, the task's training sums, then the wishes: numbers of this process, such as a request to
        stop. Their sums over all replicas are part of the same reduction, so that all processes learn of them after
        the same step.
        """
        return self._first(self._train_call(*batch, epoch, self._as_tensor(wishes)))

    def _as_tensor(self, wishes: Sequence[float]) -> tf.Tensor:
        key = tuple(wishes)
        if key not in self._asked:
            self._asked = {key: tf.constant(key, self._devices.sum_dtype, [len(key)])}
        return self._asked[key]

    def train_many(self, stack: tuple, first: int, count: int, epoch: tf.Tensor) -> tf.Tensor:
        """Make `count` updates on the batches of a stack from number `first` on; return their sums [count, sums].

        Each is the update of `train`, nothing being wished for. One replica only.
        """
        return self._train_stack(stack, first, count, epoch, self._as_tensor([0.0]))

    def find_many(self, rows: int) -> Callable[[tuple], Any] | None:
        """Return what measures stacks (features, targets) of batches of so many rows; None where steps are large."""
        return self._measure_all if self._is_small(self._measured_tail, rows) else None

    def runs_many(self, rows: int) -> bool:
        """Return whether updates of so many rows, which take less to compute than to call, are made many to a call."""
        return self._is_small(self._tail, rows)

    def _is_small(self, tail: keras.Model, rows: int) -> bool:
        return self._many and _PASSES * costs.forward_flops(tail) * rows <= LARGEST_FLOPS

    def _measure_all(self, stack: tuple) -> Any:
        return self._measure_stack(stack, 0, len(tf.nest.flatten(stack)[0]))

    def outputs(self, features: Any) -> Any:
        """Return the raw outputs of features in inference mode, divided over the replicas as they are."""
        return self._output_call(features)

    def measure(self, features: Any, targets: Any) -> Any:
        """Return what the task measures of a batch in inference mode, divided over the replicas as it is."""
        return self._measure_call(features, targets)

    def measure_tiles(self, features: Any, targets: Any) -> Any:
        """Return what the task needs of a batch of tiles to measure their pictures, divided over the replicas."""
        return self._tile_call(features, targets)

    def join_tiles(
        self, picture: TiledPicture, truth: Mapping[str, np.ndarray], tiles: Iterable[Mapping[str, np.ndarray]]
    ) -> dict[str, np.ndarray]:
        """Return what the task measures of a picture from what `measure_tiles` gave of its tiles."""
        return self._task.join_tiles(picture, truth, tiles)

    def _measure_tiles(self, features: Any, targets: Any) -> Any:
        return self._devices.strategy.run(self._replica_tiles, args=(features, targets))

    def _replica_tiles(self, features: Any, targets: Any) -> dict[str, tf.Tensor]:
        return self._task.measure_tile(targets, self._outputs_of_tail(features, training=False))

    def _measure(self, features: Any, targets: Any) -> Any:
        return self._devices.strategy.run(self._replica_measure, args=(features, targets))

    def _replica_measure(self, features: Any, targets: Any) -> dict[str, tf.Tensor]:
        return self._task.measure(targets, self._outputs_of_tail(features, training=False))

    def _first(self, value: Any) -> tf.Tensor:
        return self._devices.strategy.experimental_local_results(value)[0]

    def _outputs_of_tail(self, features: Any, training: bool) -> tf.Tensor:
        tail = self._tail if training else self._measured_tail
        return tail(tf.nest.map_structure(as_float, features), training=training)

    def _outputs(self, features: Any) -> Any:
        return self._devices.strategy.run(lambda cut: self._outputs_of_tail(cut, training=False), args=(features,))

    def _train(
        self, features: Any, targets: Any, weights: Any, indices: Any, epoch: tf.Tensor, asked: tf.Tensor
    ) -> Any:
        run = self._devices.strategy.run
        arguments = (features, targets, weights, indices, epoch, asked)
        if self._loss_scale is None:
            sums, norms = run(self._replica_update, args=arguments)
            if self._norms is not None:
                self._norms.update(self._first(norms))
            return sums
        gradients, sums, finite, norms = run(self._reduce_with_scale, args=arguments)
        # Between the two: TensorFlow forbids a condition around an update inside the replicas.
        applied = self._first(finite)
        tf.cond(applied, lambda: self._apply_everywhere(gradients), lambda: tf.constant(False))
        self._loss_scale.update(applied)
        if self._norms is not None:
            self._norms.update(self._first(norms), applied)
        return sums

    def _apply_everywhere(self, gradients: Any) -> tf.Tensor:
        self._devices.strategy.run(self._apply, args=(gradients,))
        return tf.constant(True)

    def _replica_update(self, *arguments: Any) -> tuple[tf.Tensor, tf.Tensor]:
        reduced, sums = self._reduce(*arguments)
        gradients = self._add_pull(reduced)
        self._apply(gradients)
        return sums, self._measure_norms(gradients)

    def _add_pull(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        return gradients if self.pull is None else self.pull.add(gradients)

    def _measure_norms(self, gradients: Sequence[tf.Tensor]) -> tf.Tensor:
        """Return the norms of the gradients by unit, none where they are not asked for."""
        return tf.zeros(0) if self._norms is None else self._norms.measure(gradients)

    def _reduce_with_scale(self, *arguments: Any) -> tuple[list[tf.Tensor], tf.Tensor, tf.Tensor, tf.Tensor]:
        """Return the reduced gradient, unscaled, the sums, whether all are finite, and the norms: alike everywhere.

        Of an example whose loss overflowed nothing can be summed: then the batch counts as none.
        """
        scale: Any = self._loss_scale
        gradients, sums = self._reduce(*arguments)
        own, asked = tf.split(sums, [-1, arguments[-1].shape[0]])
        counted = tf.where(scale.finite([own]), own, tf.zeros_like(own))
        finite = scale.finite([*gradients, own])
        unscaled = self._add_pull(scale.unscale_gradients(gradients))
        return unscaled, tf.concat([counted, asked], 0), finite, self._measure_norms(unscaled)

    def _reduce(
        self, features: Any, targets: Any, weights: tf.Tensor, indices: tf.Tensor, epoch: tf.Tensor, asked: tf.Tensor
    ) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Return the gradient of the mean loss over all replicas' examples, and all sums."""
        keys = randomness.example_keys(self._address, epoch, indices)
        batch = (features, targets, weights, keys)
        gradients: list[tf.Tensor] = []
        sums: Any = None
        for part in range(self.micro_batches):
            # One after another: TensorFlow would else hold the activations of several micro-batches at a time.
            with tf.control_dependencies(gradients):
                part_gradients, part_sums = self._gradients(*self._micro_batch(batch, part))
            gradients = [a + b for a, b in zip(gradients, part_gradients, strict=True)] if gradients else part_gradients
            sums = part_sums if sums is None else sums + part_sums
        sums = tf.concat([sums, asked], 0)
        if self._devices.is_distributed:
            gradients, sums = self._devices.reduce(gradients, sums)
        # A count may be a fraction, such as the labelled share of a picture; of nothing there is no mean.
        count = tf.cast(tf.where(sums[0] > 0, sums[0], tf.ones_like(sums[0])), tf.float32)
        return [gradient / tf.cast(count, gradient.dtype) for gradient in gradients], sums

    def _apply(self, gradients: list[tf.Tensor]) -> None:
        if self.numbers.clip_norm is not None:
            gradients, _ = tf.clip_by_global_norm(gradients, tf.convert_to_tensor(self.numbers.clip_norm))
        self._optimizer.apply(gradients, self._variables)
        if self._average is not None:
            self._average.update()

    def _micro_batch(self, batch: tuple, part: int) -> tuple:
        if self.micro_batches == 1:
            return batch

        def rows(tensor: tf.Tensor) -> tf.Tensor:
            size = tensor.shape[0] // self.micro_batches
            return tensor[part * size : (part + 1) * size]

        return tf.nest.map_structure(rows, batch)

    def _gradients(
        self, features: Any, targets: Any, weights: tf.Tensor, keys: tf.Tensor
    ) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Return the gradient of the sum of losses and the sums, of one replica's micro-batch."""

        def compute_loss(outputs: Any) -> tuple[tf.Tensor, Mapping[str, tf.Tensor]]:
            sums = self._loss(targets, outputs, weights)
            return sums["loss"] if self._loss_scale is None else self._loss_scale.scale_loss(sums["loss"]), sums

        with randomness.address_draws(keys), normalisation.count_by_weight(weights):
            gradients, sums = self._differentiate(features, compute_loss)
        stacked = tf.stack([tf.cast(value, self._devices.sum_dtype) for value in sums.values()])
        return [tf.convert_to_tensor(gradient) for gradient in gradients], stacked

    def _differentiate(self, features: Any, compute_loss: Loss) -> tuple[list[Any], Any]:
        if self._segmented is not None:
            given = tf.nest.map_structure(as_float, features)
            return self._segmented.differentiate(given, self._native, compute_loss)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self._native)
            differentiated, sums = compute_loss(self._outputs_of_tail(features, training=True))
        return tape.gradient(differentiated, self._native, unconnected_gradients=tf.UnconnectedGradients.ZERO), sums
