"""One phase's compiled calls: the frozen prefix, one update of the tail, and the tail's outputs for evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from kerastune_ft.graph import normalisation, randomness
from kerastune_ft.graph.partition import Partition
from kerastune_ft.tasks.base import PLAIN, LossOptions, Task
from kerastune_ft.training.devices import Devices
from kerastune_ft.training.loss_scale import LossScale


class PhaseStep:
    """The step of a phase on one or many replicas.

    A replica computes the gradient of its *sum* of losses; sums, counts and gradients are reduced over the replicas
    together; then the gradient is divided by the count, clipped, and applied everywhere alike. So the update is that of
    one device on the whole batch, whatever share of real examples a replica got.
    """

    def __init__(
        self,
        devices: Devices,
        partition: Partition,
        task: Task,
        variables: Sequence[keras.Variable],
        *,
        chunk: int,
        address: str,
        optimizer: Any = None,
        clip_norm: float | None = None,
        accumulate: int = 1,
        loss: LossOptions = PLAIN,
        loss_scale: LossScale | None = None,
    ) -> None:
        """`chunk` is the batch shape of every call of the prefix; `address` names seed and phase for random draws.

        With a `loss_scale` an update whose reduced gradient is not finite is skipped, on all replicas alike.
        """
        self._devices, self._partition, self._task = devices, partition, task
        self._variables = list(variables)
        self._native = [variable.value for variable in self._variables]
        self._chunk, self._address = chunk, address
        self._optimizer, self._clip_norm, self._accumulate = optimizer, clip_norm, accumulate
        self._loss, self._loss_scale = loss, loss_scale
        self._prefix_call = tf.function(self._features)
        self._train_call = tf.function(self._train)
        self._output_call = tf.function(self._outputs)

    def train(self, batch: tuple, epoch: tf.Tensor, wishes: Sequence[float] = ()) -> tf.Tensor:
        """Make one update; return the sums of the batch: count, loss, the task's training sums, then the wishes.

        `wishes` are numbers of this process, such as a request to stop; their sums over all replicas ride along with
        the reduction that is made anyway, so that all processes hear of them after the same step.
        """
        inputs, targets, weights, indices = batch
        asked = tf.constant(wishes, self._devices.sum_dtype, [len(wishes)])
        return self._first(self._train_call(self._cut(inputs), targets, weights, indices, epoch, asked))

    def outputs(self, inputs: Any) -> Any:
        """Return the raw outputs of a batch in inference mode, divided over the replicas as the inputs are."""
        return self._output_call(self._cut(inputs))

    def _first(self, value: Any) -> tf.Tensor:
        return self._devices.strategy.experimental_local_results(value)[0]

    def _cut(self, inputs: Any) -> Any:
        # A call of its own: stored and recomputed features then come from the same compiled program.
        return inputs if self._partition.prefix is None else self._prefix_call(inputs)

    def _features(self, inputs: Any) -> Any:
        return self._devices.strategy.run(self._replica_features, args=(inputs,))

    def _replica_features(self, inputs: tf.Tensor) -> Any:
        prefix: Any = self._partition.prefix
        inputs = tf.cast(inputs, tf.float32)
        rows = inputs.shape[0]
        if rows == self._chunk:
            return prefix(inputs, training=False)
        pieces = tf.reshape(inputs, [rows // self._chunk, self._chunk, *inputs.shape[1:]])
        signature = tf.nest.map_structure(
            lambda tensor: tf.TensorSpec([self._chunk, *tensor.shape[1:]], tensor.dtype), prefix.output
        )
        parts = tf.map_fn(
            lambda piece: prefix(piece, training=False), pieces, parallel_iterations=1, fn_output_signature=signature
        )
        return tf.nest.map_structure(lambda part: tf.reshape(part, [rows, *part.shape[2:]]), parts)

    def _tail(self, features: Any, training: bool) -> tf.Tensor:
        if self._partition.prefix is None:
            features = tf.nest.map_structure(lambda tensor: tf.cast(tensor, tf.float32), features)
        return self._partition.tail(features, training=training)

    def _outputs(self, features: Any) -> Any:
        return self._devices.strategy.run(lambda cut: self._tail(cut, training=False), args=(features,))

    def _train(
        self, features: Any, targets: Any, weights: Any, indices: Any, epoch: tf.Tensor, asked: tf.Tensor
    ) -> Any:
        run = self._devices.strategy.run
        arguments = (features, targets, weights, indices, epoch, asked)
        if self._loss_scale is None:
            return run(self._replica_update, args=arguments)
        gradients, sums, finite = run(self._replica_scaled, args=arguments)
        # Between the two: TensorFlow forbids a condition around an update inside the replicas.
        applied = self._first(finite)
        tf.cond(applied, lambda: self._apply_everywhere(gradients), lambda: tf.constant(False))
        self._loss_scale.update(applied)
        return sums

    def _apply_everywhere(self, gradients: Any) -> tf.Tensor:
        self._devices.strategy.run(self._apply, args=(gradients,))
        return tf.constant(True)

    def _replica_update(self, *arguments: Any) -> tf.Tensor:
        gradients, sums = self._reduced(*arguments)
        self._apply(gradients)
        return sums

    def _replica_scaled(self, *arguments: Any) -> tuple[list[tf.Tensor], tf.Tensor, tf.Tensor]:
        """Return the reduced gradient, unscaled, the sums, and whether all are finite: the same on every replica.

        Of an example whose loss overflowed nothing can be summed: then the batch counts as none.
        """
        scale: Any = self._loss_scale
        gradients, sums = self._reduced(*arguments)
        own, asked = tf.split(sums, [-1, arguments[-1].shape[0]])
        counted = tf.where(scale.finite([own]), own, tf.zeros_like(own))
        return scale.unscaled(gradients), tf.concat([counted, asked], 0), scale.finite([*gradients, own])

    def _reduced(
        self, features: Any, targets: Any, weights: tf.Tensor, indices: tf.Tensor, epoch: tf.Tensor, asked: tf.Tensor
    ) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Return the gradient of the mean loss over all replicas' examples, and all sums."""
        keys = randomness.example_keys(self._address, epoch, indices)
        batch = (features, targets, weights, keys)
        gradients: list[tf.Tensor] = []
        sums: Any = None
        for part in range(self._accumulate):
            part_gradients, part_sums = self._gradients(*self._micro_batch(batch, part))
            gradients = [a + b for a, b in zip(gradients, part_gradients, strict=True)] if gradients else part_gradients
            sums = part_sums if sums is None else sums + part_sums
        sums = tf.concat([sums, asked], 0)
        if self._devices.is_distributed:
            gradients, sums = self._devices.reduce(gradients, sums)
        count = tf.cast(tf.maximum(sums[0], 1), tf.float32)
        return [gradient / tf.cast(count, gradient.dtype) for gradient in gradients], sums

    def _apply(self, gradients: list[tf.Tensor]) -> None:
        if self._clip_norm is not None:
            gradients, _ = tf.clip_by_global_norm(gradients, self._clip_norm)
        self._optimizer.apply(gradients, self._variables)

    def _micro_batch(self, batch: tuple, part: int) -> tuple:
        if self._accumulate == 1:
            return batch

        def rows(tensor: tf.Tensor) -> tf.Tensor:
            size = tensor.shape[0] // self._accumulate
            return tensor[part * size : (part + 1) * size]

        return tf.nest.map_structure(rows, batch)

    def _gradients(
        self, features: Any, targets: Any, weights: tf.Tensor, keys: tf.Tensor
    ) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Return the gradient of the sum of losses and the sums, of one replica's micro-batch."""
        counted = normalisation.counted(weights)
        with randomness.addressed(keys), counted, tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self._native)
            outputs = self._tail(features, training=True)
            loss, count = self._task.loss(targets, outputs, weights, self._loss)
            differentiated = loss if self._loss_scale is None else self._loss_scale.scaled(loss)
        gradients = tape.gradient(differentiated, self._native, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        extra = self._task.training_sums(targets, outputs, weights)
        sums = tf.stack([tf.cast(value, self._devices.sum_dtype) for value in (count, loss, *extra.values())])
        return [tf.convert_to_tensor(gradient) for gradient in gradients], sums
