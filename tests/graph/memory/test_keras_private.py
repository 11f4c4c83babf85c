from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.graph.memory import keras_private


def test_a_variable_waits_until_values_are_given_or_drawn() -> None:
    variable = keras.Variable(np.zeros([2], np.float32))
    keras_private.leave_without_value(variable, keras.initializers.Ones())
    assert not keras_private.has_value(variable)
    keras_private.draw_value(variable)
    assert keras_private.has_value(variable)
    np.testing.assert_array_equal(variable.numpy(), [1, 1])
    keras_private.leave_without_value(variable, keras.initializers.Ones())
    keras_private.give_first_value(variable, tf.constant([2.0, 3.0]))
    np.testing.assert_array_equal(variable.numpy(), [2, 3])
