from __future__ import annotations

import keras

from kerastune_ft.graph import keras_private
from kerastune_ft.graph.naming import name_by_layer


def test_paths_of_variables_begin_with_their_layer_and_are_unique() -> None:
    inputs = keras.Input((3,))
    outputs = keras.layers.Dense(3, name="second")(keras.layers.Dense(3, name="first")(inputs))
    model = keras.Model(inputs, outputs)
    for layer in model.layers[1:]:
        keras_private.set_path(layer.kernel, "dense/kernel")
    name_by_layer(model)
    paths = [variable.path for variable in model.variables]
    assert paths == ["first/dense/kernel", "first/bias", "second/dense/kernel", "second/bias"]
    # What is named already stays as it is: checkpoints know it by that name.
    name_by_layer(model)
    assert [variable.path for variable in model.variables] == paths
