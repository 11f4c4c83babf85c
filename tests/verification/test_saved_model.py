from __future__ import annotations

from pathlib import Path

import keras

from kerastune_ft.verification.run_record import hash_array
from kerastune_ft.verification.saved_model import hash_saved_values, layer_of


def test_values_inside_a_layer_are_those_of_the_layer_of_the_model(tmp_path: Path) -> None:
    """Whatever the layers are called that it holds: where it is made again to be saved, they may be named anew."""
    inputs = keras.Input((4, 8))
    x = keras.layers.MultiHeadAttention(2, 4, name="attention")(inputs, inputs)
    trained = keras.Model(inputs, keras.layers.Dense(3, name="head_output")(x), name="trained")
    given = keras.Input((4, 8))
    whole = keras.Model(given, keras.layers.Dense(5, name="outside")(trained(given)))
    whole.save(tmp_path / "model.keras")
    found = sorted(hash_saved_values((tmp_path / "model.keras").read_bytes()))
    expected = sorted(
        (layer.name, hash_array(one.numpy()))
        for layer in trained.layers
        for one in layer.variables
        if not one.path.endswith("seed_generator_state")
    )
    assert found == expected
    assert {layer for layer, _ in found} == {"attention", "head_output"}
    assert layer_of("attention/query/kernel") == "attention"
