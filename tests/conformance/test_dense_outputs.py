"""The contracts carry a task with dense outputs: one is written here and trained through the engine's own step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.augment import AUGMENT_PRESETS
from kerastune_ft.data.build import describe
from kerastune_ft.data.labels.one_class import OneClassLabels
from kerastune_ft.data.source import DataSource
from kerastune_ft.data.splits.choose import ChosenSplits
from kerastune_ft.graph import keras_private, randomness
from kerastune_ft.graph.partition import Partition, partition, stages
from kerastune_ft.input.augment import augment
from kerastune_ft.input.decode import Geometry
from kerastune_ft.input.loader import Augmentation, Loader
from kerastune_ft.input.order import in_order
from kerastune_ft.tasks.base import NO_OPTIONS, LossOptions, Task
from kerastune_ft.training.devices.devices import Devices
from kerastune_ft.training.features.prefix import Prefix
from kerastune_ft.training.phase.step import PhaseStep

SIZE, CLASSES, VOID = 8, 3, 255


class _Segmentation(Task):
    """A class for every pixel; pixels of value VOID count for nothing."""

    kind = "segmentation"
    needs = "sequence"
    metric_directions: ClassVar = {"loss": "min", "accuracy": "max"}

    def head(self, features: Any) -> Any:
        x = keras.layers.Dropout(0.2, name="head_dropout")(keras.layers.UpSampling2D(name="head_up")(features))
        return keras.layers.Conv2D(CLASSES, 1, name="head_output")(x)

    def finish(self, outputs: Any) -> Any:
        return keras.layers.Softmax()(outputs)

    def inputs(self, example: Mapping[str, tf.Tensor], geometry: Geometry) -> tf.Tensor:
        return tf.ensure_shape(example["image"], [geometry.height, geometry.width, 3])

    def targets(self, example: Mapping[str, tf.Tensor], geometry: Geometry) -> Any:
        return tf.ensure_shape(example["mask"], [geometry.height, geometry.width])

    def transform(
        self, inputs: tf.Tensor, targets: Any, keys: tf.Tensor, operations: Mapping[str, Any]
    ) -> tuple[Any, Any]:
        # The same keys and the same operation: what moves pixels moves both alike.
        turned = {**AUGMENT_PRESETS["none"], "flip": operations["flip"]}
        masks = augment(tf.repeat(targets[..., tf.newaxis], 3, axis=-1), keys, turned)
        return augment(inputs, keys, operations), tf.cast(masks[..., 0], tf.uint8)

    def _valid(self, targets: Any, weights: tf.Tensor) -> tf.Tensor:
        return tf.cast(targets != VOID, tf.float32) * weights[:, tf.newaxis, tf.newaxis]

    def loss(
        self, targets: Any, outputs: tf.Tensor, weights: tf.Tensor, options: LossOptions = NO_OPTIONS
    ) -> tuple[tf.Tensor, tf.Tensor]:
        valid = self._valid(targets, weights)
        labels = tf.where(targets == VOID, tf.zeros_like(targets), targets)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.cast(labels, tf.int32), outputs)
        return tf.reduce_sum(losses * valid), tf.reduce_sum(valid)

    def training_sums(self, targets: Any, outputs: tf.Tensor, weights: tf.Tensor) -> dict[str, tf.Tensor]:
        correct = tf.cast(tf.argmax(outputs, -1, tf.int32) == tf.cast(targets, tf.int32), tf.float32)
        return {"accuracy": tf.reduce_sum(correct * self._valid(targets, weights))}

    def evaluate(self, targets: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
        valid = targets != VOID
        return {"accuracy": float((outputs.argmax(-1) == targets)[valid].mean())}

    def predictions(self, targets: np.ndarray | None, outputs: np.ndarray) -> dict[str, np.ndarray]:
        return {"pixels": outputs.argmax(-1).reshape(len(outputs), -1)}


class _Shapes(DataSource):
    """Images whose class is the brightness of a pixel, with a void border on one side."""

    def __init__(self, count: int = 12) -> None:
        random = np.random.default_rng(0)
        masks = random.integers(0, CLASSES, (count, SIZE, SIZE)).astype(np.uint8)
        self.images = np.repeat(masks[..., np.newaxis] * 100, 3, axis=-1).astype(np.uint8)
        masks[:, :, -1] = VOID
        self.masks = masks
        labels = OneClassLabels(("any", "other"), np.zeros(count, np.int32))
        keys = [f"shape{number}" for number in range(count)]
        super().__init__(describe("shapes", "shapes", labels, ChosenSplits({}, (), {}), "", keys, ["0" * 64] * count))

    def element(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"image": tf.constant(self.images)[index], "mask": tf.constant(self.masks)[index]}


def _model(task: Task) -> keras.Model:
    keras.utils.set_random_seed(0)
    images = keras.Input((SIZE, SIZE, 3), name="image")
    x = keras.layers.Rescaling(1 / 255, name="preprocessing")(images)
    x = keras.layers.Conv2D(6, 2, strides=2, activation="relu", name="body")(x)
    model = keras.Model(images, task.head(keras.layers.Conv2D(6, 1, activation="relu", name="neck")(x)))
    randomness.bind(keras_private.leaf_layers(model))
    return model


def _train(accumulate: int = 1) -> tuple[list[np.ndarray], keras.Model, Partition, PhaseStep]:
    task = _Segmentation()
    model = _model(task)
    trained = [variable for variable in model.trainable_variables if not variable.path.startswith("body")]
    parts = partition(model, {variable.path for variable in trained})
    devices = Devices("none", tf.distribute.get_strategy(), ("CPU",), "", True)
    optimizer = keras_private.reduced_optimizer(keras.optimizers.SGD)(learning_rate=0.5)
    optimizer.build(trained)
    step = PhaseStep(devices, parts.tail, task, trained, address="0/0", optimizer=optimizer, accumulate=accumulate)
    prefix = Prefix(devices, stages(parts, parts), 8 // accumulate)
    loader = Loader(_Shapes(), task, Geometry(SIZE, SIZE))
    batches = loader.dataset(
        in_order(np.arange(12), 8), 1, Augmentation(AUGMENT_PRESETS["none"] | {"flip": "both"}, seed=0, phase=0)
    )
    sums = [step.train((prefix(inputs), *others), tf.constant(0)).numpy() for inputs, *others in batches]
    return sums, model, parts, step


def test_two_steps_train_the_tail_and_count_pixels() -> None:
    sums, model, parts, step = _train()
    fresh = {variable.path: variable.numpy() for variable in _model(_Segmentation()).trainable_variables}
    changed = {one.path for one in model.trainable_variables if not np.array_equal(one.numpy(), fresh[one.path])}
    assert changed == {path for path in fresh if not path.startswith("body")}
    assert parts.prefix is not None
    # Of 8 images, then of 4 and padding: the void column does not count.
    assert [row[0] for row in sums] == [8 * SIZE * (SIZE - 1), 4 * SIZE * (SIZE - 1)]
    assert all(0 <= row[2] <= row[0] for row in sums)
    assert sums[1][1] / sums[1][0] < sums[0][1] / sums[0][0]
    images = _Shapes().images[:8]
    outputs = np.asarray(step.outputs(parts.prefix(images.astype(np.float32), training=False)))
    assert outputs.shape == (8, SIZE, SIZE, CLASSES)
    assert outputs == pytest.approx(model(images.astype(np.float32), training=False).numpy(), abs=1e-5)


def test_micro_batches_give_the_same_update() -> None:
    sums, model, *_ = _train()
    other_sums, other, *_ = _train(accumulate=2)
    assert np.allclose(sums, other_sums, rtol=1e-5)
    for one, two in zip(model.trainable_variables, other.trainable_variables, strict=True):
        assert np.allclose(one.numpy(), two.numpy(), rtol=1e-4, atol=1e-6)


def test_masks_follow_the_image() -> None:
    loader = Loader(_Shapes(), _Segmentation(), Geometry(SIZE, SIZE))
    operations = AUGMENT_PRESETS["none"] | {"flip": "both"}
    (inputs, masks, *_), *_ = loader.dataset(in_order(np.arange(12), 12), 1, Augmentation(operations, seed=0, phase=0))
    inputs, masks = inputs.numpy(), masks.numpy()
    valid = masks != VOID
    assert valid.mean() == (SIZE - 1) / SIZE
    assert np.array_equal(inputs[..., 0][valid], 100.0 * masks[valid])
    assert {int(side) for side in np.nonzero(~valid)[2]} == {0, SIZE - 1}
