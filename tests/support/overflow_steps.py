"""Makes float16 steps on one and on two logical CPUs, some of which overflow on the second alone; prints what each did.

In a process of its own, since the number of logical CPUs is fixed when TensorFlow starts.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.runtime import Runtime
from kerastune_ft.config.options.tasks import ImageClassification
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.graph import keras_private, normalisation
from kerastune_ft.graph.partition import partition, split_prefix
from kerastune_ft.graph.rebuild import precision
from kerastune_ft.tasks.classification import Classification
from kerastune_ft.training.devices import devices as device_choice
from kerastune_ft.training.devices.devices import Devices
from kerastune_ft.training.features.prefix import Prefix
from kerastune_ft.training.updates.loss_scale import choose_loss_scale
from kerastune_ft.training.updates.step import PhaseStep

ROWS, SIZE, TOO_LARGE = 8, 6, 1e9
# Replica 1 of 2 gets the second half of the rows.
LAST = ROWS - 1


class Steps:
    """A tiny model in the precision of the devices, with its step and optimizer; with BatchNorm, or without."""

    def __init__(self, devices: Devices, *, with_norm: bool = False) -> None:
        self.devices, self.log = devices, []
        task = Classification(ImageClassification(), Head(dropout=0.0), LabelScheme("one", ("a", "b")), 0)
        keras.utils.clear_session()
        keras.utils.set_random_seed(0)
        with devices.strategy.scope():
            images = keras.Input((SIZE, SIZE, 3), name="image")
            x = keras.layers.Rescaling(1 / 255, name="preprocessing")(images)
            # A bias before BatchNorm has no gradient but rounding, which AdamW would make a step of.
            x = keras.layers.Conv2D(4, 3, activation="relu", use_bias=not with_norm, name="body")(x)
            x = keras.layers.BatchNormalization(name="norm")(x) if with_norm else x
            body = precision.rebuild(keras.Model(images, x), devices.precision)
            model = keras.Model(body.input, task.head({"features": body.output}))
            normalisation.bind({layer.name: layer for layer in model.layers})
            self.trained = model.trainable_variables
            self.optimizer = keras_private.reduced_optimizer(keras.optimizers.AdamW)(0.01, weight_decay=0.1)
            self.optimizer.build(self.trained)
        self._initial = self._state()
        self.scale = choose_loss_scale(devices, ROWS)
        parts = partition(model, {variable.path for variable in self.trained})
        self.prefix = Prefix(devices, split_prefix(parts, parts), ROWS // devices.replicas)
        self.step = PhaseStep(
            devices,
            parts.tail,
            task,
            self.trained,
            address="0/0",
            optimizer=self.optimizer,
            clip_norm=0.5,
            loss_scale=self.scale,
        )

    def begin(self) -> None:
        """Go back to the values that the model and the optimizer were made with, and forget the steps."""
        for variable, value in zip((*self.trained, *self.optimizer.variables), self._initial, strict=True):
            variable.assign(value)
        self.log = []

    def make(self, seed: int, poisoned: int | None = None, padded: int = 0) -> None:
        """Make a step; `poisoned` is the row of an image that overflows, the first `padded` rows count nothing."""
        random = np.random.default_rng(seed)
        images = random.uniform(0, 255, (ROWS, SIZE, SIZE, 3)).astype(np.float32)
        if poisoned is not None:
            images[poisoned] = TOO_LARGE
        weights = (np.arange(ROWS) >= padded).astype(np.float32)
        batch = (images, np.arange(ROWS, dtype=np.int32) % 2, weights, np.arange(ROWS))
        before = self._state()
        inputs, *others = self._share(batch)
        sums = self.step.train((self.prefix(inputs), *others), tf.constant(0), [1.0])
        self.log.append({
            "changed": [bool(np.any(a != b)) for a, b in zip(before, self._state(), strict=True)],
            "iterations": int(self.optimizer.iterations.numpy()),
            "sums": sums.numpy().tolist(),
            **(self._describe(self.scale) if self.scale else {}),
        })  # fmt: skip

    @staticmethod
    def _describe(scale: Any) -> dict[str, Any]:
        return {"failed": scale.is_failed, "since": scale.steps_since_failure, **scale.state()}

    def _state(self) -> list[np.ndarray]:
        return [np.array(variable.numpy()) for variable in (*self.trained, *self.optimizer.variables)]

    def _share(self, batch: tuple) -> tuple:
        if not self.devices.is_distributed:
            return tuple(map(tf.constant, batch))
        share = ROWS // self.devices.replicas
        data = tf.data.Dataset.from_tensor_slices(batch).batch(share, drop_remainder=True)
        return next(iter(self.devices.strategy.distribute_datasets_from_function(lambda context: data)))


def scenario(devices: Devices) -> dict[str, Any]:
    """An image that overflows; a scale that does; an overflow at the smallest scale; the doubling."""
    # One compiled step for all of them, each from the same values.
    steps, found = Steps(devices), {}
    for name, scale in _SCALES.items():
        steps.begin()
        steps.scale.restore(scale)
        for options in _STEPS[name]:
            steps.make(**options)
        found[name] = {"log": steps.log, "weights": [weights.numpy().tolist() for weights in steps.trained]}
    return found


_SCALES = {
    "forward": {"scale": 2.0**15, "good": 0, "skipped": 0},
    "backward": {"scale": 2.0**30, "good": 7, "skipped": 0},
    "good": {"scale": 2.0**10, "good": 1998, "skipped": 0},
    # The last, since what it finds is kept.
    "hopeless": {"scale": 2.0, "good": 0, "skipped": 3},
}
_STEPS: dict[str, list[dict[str, Any]]] = {
    "forward": [{"seed": 1}, {"seed": 2, "poisoned": LAST}, {"seed": 3}],
    "backward": [{"seed": 4, "padded": ROWS // 2}] * 30,
    "good": [{"seed": seed} for seed in range(3)],
    "hopeless": [{"seed": 5, "poisoned": LAST}, {"seed": 5, "poisoned": LAST}, {"seed": 6}],
}


if __name__ == "__main__":
    two = device_choice.resolve(Runtime(strategy="mirrored", replicas=2, precision="mixed_float16"))
    one = replace(two, kind="none", strategy=tf.distribute.get_strategy(), names=("CPU",))
    print(json.dumps({"1": scenario(one), "2": scenario(two)}))
