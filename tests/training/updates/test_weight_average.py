from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.training.updates.weight_average import WeightAverage


def _average(decay: float) -> tuple[list[keras.Variable], WeightAverage]:
    variables = [keras.Variable(np.zeros(shape, np.float32), name=f"v{len(shape)}") for shape in ((), (2,), (2, 3))]
    return variables, WeightAverage(tf.distribute.get_strategy(), variables, decay)


@pytest.mark.parametrize("decay", [0.3, 0.9])
def test_the_average_is_that_of_a_hand_loop(decay: float) -> None:
    variables, average = _average(decay)
    update = tf.function(average.update, autograph=False)
    random = np.random.default_rng(0)
    expected = [np.zeros(variable.shape) for variable in variables]
    for made in range(1, 12):
        for number, variable in enumerate(variables):
            variable.assign(random.normal(size=variable.shape))
            own = min(decay, (1 + made) / (10 + made))
            expected[number] = own * expected[number] + (1 - own) * np.asarray(variable, np.float64)
        update()
    assert average.updates == 11
    for variable, value in zip(variables, expected, strict=True):
        np.testing.assert_allclose(average.values()[variable.path], value, rtol=1e-5, atol=1e-7)


def test_it_begins_with_the_variables_as_they_are_and_goes_on_from_what_was_kept() -> None:
    variables, average = _average(0.9)
    assert all(not value.any() for value in average.values().values())
    for variable in variables:
        variable.assign_add(1.0)
    average.update()
    kept, updates = average.values(), average.updates
    average.update()
    after = average.values()
    average.restore(kept, updates)
    average.update()
    assert all(np.array_equal(value, after[path]) for path, value in average.values().items())
