"""Many steps in one compiled call: to the last bit what as many calls of one step give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.runtime import Runtime
from kerastune_ft.config.options.tasks import ImageClassification
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.graph import keras_private, normalisation, randomness
from kerastune_ft.tasks.base import LossOptions
from kerastune_ft.tasks.classification import Classification
from kerastune_ft.training.devices import devices as device_choice
from kerastune_ft.training.phase.evaluate import as_tensor
from kerastune_ft.training.updates.gradient_norms import GradientNorms
from kerastune_ft.training.updates.optimizers import TableRate
from kerastune_ft.training.updates.pretrained_pull import PretrainedPull
from kerastune_ft.training.updates.stacks import StackedCall
from kerastune_ft.training.updates.step import PhaseStep
from kerastune_ft.training.updates.weight_average import WeightAverage

STEPS, ROWS, CLASSES = 7, 12, ("a", "b", "c")
RATES = np.linspace(0.05, 0.001, STEPS + 1).astype(np.float32)


def _dense() -> tuple[keras.Model, Classification]:
    task = Classification(ImageClassification(), Head(dropout=0.4, hidden=(16,)), LabelScheme("one", CLASSES), 0)
    features = keras.Input((6, 6, 4), name="features")
    return keras.Model(features, task.head({"features": features})), task


def _convolutional() -> tuple[keras.Model, Classification]:
    task = Classification(ImageClassification(), Head(dropout=0.0), LabelScheme("one", CLASSES), 0)
    features = keras.Input((6, 6, 4), name="features")
    x = keras.layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="depthwise")(features)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.Conv2D(8, 3, activation="relu", name="conv")(keras.layers.ReLU(6, name="relu")(x))
    return keras.Model(features, task.head({"features": x})), task


def _make(
    build: Callable[[], tuple[keras.Model, Classification]], optimizer: str, more: bool = False, **options: Any
) -> Any:
    """Return a step, and what gives the values of all that it changes.

    It has `more` to do where it averages weights, pulls them to other values and measures its gradients.
    """
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    model, task = build()
    layers = keras_private.leaf_layers(model)
    randomness.bind(layers)
    normalisation.bind(layers)
    made = keras_private.reduced_optimizer(getattr(keras.optimizers, optimizer))(TableRate(RATES), name="optimizer")
    made.build(model.trainable_variables)
    devices = device_choice.resolve(Runtime())
    variables = model.trainable_variables
    average = WeightAverage(devices.strategy, model.variables, 0.3) if more else None
    norms = GradientNorms(devices, [variable.path.partition("/")[0] for variable in variables]) if more else None
    pretrained = {variable.path: variable.numpy() + 0.1 for variable in variables[:-1]}
    pull = PretrainedPull(devices.strategy, variables, pretrained, 0.5) if more else None
    own = {"average": average, "norms": norms, "pull": pull}
    step = PhaseStep(devices, model, task, variables, address="3/0", optimizer=made, many=True, **own, **options)
    changed = (*model.variables, *made.variables)

    def read_values() -> list[np.ndarray]:
        values = [np.array(variable.numpy()) for variable in changed]
        if average is not None and norms is not None:
            values += [*average.values().values(), np.array(average.updates)]
            values += [np.array(value) for value in norms.state().values()]
        return values

    return step, read_values


def _batches() -> tuple[np.ndarray, ...]:
    """Return features, targets, weights and indices of some steps, the last of which has padding."""
    random = np.random.default_rng(0)
    weights = np.ones((STEPS, ROWS), np.float32)
    weights[-1, 5:] = 0
    features = random.normal(size=(STEPS, ROWS, 6, 6, 4)).astype(np.float32)
    targets = random.integers(0, len(CLASSES), (STEPS, ROWS)).astype(np.int32)
    return features, targets, weights, random.permutation(STEPS * ROWS).reshape(STEPS, ROWS)


@pytest.mark.parametrize(
    ("build", "optimizer", "options"),
    [
        (
            _dense,
            "AdamW",
            {"clip_norm": 0.3, "accumulate": 3, "loss": LossOptions(0.1, (1.0, 2.0, 0.5))},
        ),
        (_convolutional, "SGD", {"more": True, "clip_norm": 0.3}),
        pytest.param(_convolutional, "SGD", {"accumulate": 1}, marks=pytest.mark.slow),
        pytest.param(_dense, "Lamb", {}, marks=pytest.mark.slow),
        pytest.param(_dense, "Lion", {}, marks=pytest.mark.slow),
        pytest.param(_convolutional, "AdamW", {"accumulate": 2}, marks=pytest.mark.slow),
    ],
)
def test_many_steps_in_a_call_are_the_steps_one_by_one_to_the_last_bit(
    build: Callable[[], tuple[keras.Model, Classification]], optimizer: str, options: dict[str, Any]
) -> None:
    batches, epoch = _batches(), as_tensor(2)
    step, values = _make(build, optimizer, **options)
    sums = [step.train(tuple(part[number] for part in batches), epoch, [0.0]).numpy() for number in range(STEPS)]
    found = values()
    measured = [step.measure(*(part[number] for part in batches[:2]))["outputs"] for number in range(STEPS)]

    step, values = _make(build, optimizer, **options)
    stack = tuple(tf.convert_to_tensor(part) for part in batches)
    calls = [step.train_many(stack, first, count, epoch).numpy() for first, count in ((0, 1), (1, 4), (5, 2))]
    assert np.concatenate(calls).tobytes() == np.stack(sums).tobytes()
    assert [value.tobytes() for value in values()] == [value.tobytes() for value in found]
    measure = step.find_many(ROWS)
    assert measure is not None
    assert np.asarray(measure(stack[:2])["outputs"]).tobytes() == np.stack(measured).tobytes()


def test_a_stack_gives_what_its_batches_give_one_after_the_other() -> None:
    total = tf.Variable(0)

    def add(values: tf.Tensor, factor: tf.Tensor) -> dict[str, tf.Tensor]:
        total.assign(total * 2 + tf.reduce_sum(values))
        return {"total": total.read_value(), "scaled": values * factor}

    call = StackedCall(add)
    stack = tf.constant([[1, 2], [3, 4], [5, 6], [7, 8]])
    found = call((stack,), 1, 2, tf.constant(10))
    assert found["total"].numpy().tolist() == [7, 25]
    assert found["scaled"].numpy().tolist() == [[30, 40], [50, 60]]
    # Of another number of batches, by the same compiled call.
    assert call((stack[:1],), 0, 1, tf.constant(1))["total"].numpy().tolist() == [53]
