from __future__ import annotations

import keras
import numpy as np
import pytest

from kerastune_ft.saved_model.head_features import find_head_features, with_head_features


@pytest.mark.parametrize("hidden", [False, True])
def test_the_first_layer_of_the_head_is_found_with_and_without_hidden_ones(hidden: bool) -> None:
    given = keras.Input((3,))
    x = keras.layers.Rescaling(2.0)(given)
    if hidden:
        x = keras.layers.Dense(5)(keras.layers.Dropout(0.1, name="head_hidden_1_dropout")(x))
    model = keras.Model(given, keras.layers.Dense(2)(keras.layers.Dropout(0.1, name="head_dropout")(x)))
    rows = np.arange(6.0, dtype=np.float32).reshape(2, 3)
    np.testing.assert_array_equal(keras.Model(given, find_head_features(model))(rows), 2 * rows)
    both = np.asarray(with_head_features(model)(rows))
    assert both.shape == (2, 2 + 3)
    np.testing.assert_array_equal(both[:, 2:], 2 * rows)
