"""The numbers of a step as variables: the bits of constants, and others set into the same step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.runtime import Runtime
from kerastune_ft.losses import masks, one_class, several_classes
from kerastune_ft.losses.options import LossOptions
from kerastune_ft.training.devices import devices as device_choice
from kerastune_ft.training.updates.step_numbers import StepNumbers

DRAW = np.random.default_rng(0)
LOGITS = tf.constant(DRAW.normal(size=(40, 3)), tf.float32)
PIXELS = tf.constant(DRAW.normal(size=(2, 4, 4, 3)), tf.float32)


def _of_one(options: LossOptions) -> tf.Tensor:
    return one_class.compute_losses(tf.range(40) % 3, LOGITS, options)


def _of_several(options: LossOptions) -> tf.Tensor:
    return several_classes.compute_losses(tf.cast(LOGITS > 0.5, tf.float32), LOGITS, options)


def _of_masks(options: LossOptions) -> tf.Tensor:
    return masks.compute_losses(tf.cast(tf.reshape(tf.range(32) % 3, (2, 4, 4)), tf.uint8), PIXELS, options)[0]


@pytest.mark.parametrize("compute", [_of_one, _of_several, _of_masks])
def test_a_variable_gives_the_bits_of_the_number_that_it_holds(compute: Callable[[LossOptions], tf.Tensor]) -> None:
    devices = device_choice.resolve(Runtime())
    given = [LossOptions(0.1, (1.0, 2.5, 0.3)), LossOptions(0.37, (0.7, 1.0, 9.0))]
    numbers = StepNumbers(devices, given[0], 1.0)
    compiled = tf.function(lambda: compute(numbers.loss), autograph=False)
    for options in given:
        numbers.set(options, 0.25)
        constant = tf.function(lambda options=options: compute(options), autograph=False)
        assert compiled().numpy().tobytes() == constant().numpy().tobytes()
    assert compiled.experimental_get_tracing_count() == 1
    assert numbers.clip_norm is not None and numbers.clip_norm.numpy() == 0.25


def test_what_a_phase_does_not_have_is_no_variable() -> None:
    devices = device_choice.resolve(Runtime())
    numbers = StepNumbers(devices, LossOptions(), None)
    assert numbers.clip_norm is None
    assert (numbers.loss.is_smooth, numbers.loss.class_weights) == (False, None)
    with pytest.raises(AssertionError):
        numbers.set(LossOptions(0.1), None)
