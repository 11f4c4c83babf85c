"""Moonshine's rotary angles and its mask of frames as layers: the numbers that keras-hub's own give."""

from __future__ import annotations

import keras
import numpy as np
from keras_hub.src.models.moonshine.moonshine_backbone import ComputeAttentionMask
from keras_hub.src.models.moonshine.moonshine_layers import MoonshineRotaryEmbedding

from kerastune_ft.backbones.hub.moonshine_layers import FrameMask, RotaryAngles


def test_angles_are_those_of_keras_hub_to_the_bit() -> None:
    rotary = MoonshineRotaryEmbedding(20, partial_rotary_factor=0.62)
    expected = np.asarray(rotary(np.arange(300)))
    layer = RotaryAngles.of_block(keras.layers.Identity(name="block"), rotary)
    assert (layer.name, layer.variables, layer.loans) == ("block_angles", [], [])
    hidden = np.zeros((2, 300, 5), "float32")
    np.testing.assert_array_equal(np.asarray(layer(hidden)), expected)
    again = RotaryAngles.from_config(layer.get_config())
    np.testing.assert_array_equal(np.asarray(again(hidden)), expected)
    assert layer(keras.Input((None, 5))).shape == (None, 12)
    assert layer(keras.Input((7, 5))).shape == (7, 12)


def test_angles_keep_their_digits_in_half_precision() -> None:
    layer = RotaryAngles([0.7], name="angles", dtype="mixed_bfloat16")
    found = layer(np.zeros((1, 200, 3), "float32"))
    assert found.dtype == "float32"
    np.testing.assert_allclose(np.asarray(found)[:, 0], 0.7 * np.arange(200), rtol=1e-6)


def test_the_mask_is_that_of_keras_hub_with_a_known_length() -> None:
    heard = np.array([5, 0, 7], "int32")
    layer = FrameMask(7, name="heard")
    expected = np.asarray(ComputeAttentionMask()(np.zeros((3, 7, 2), "float32"), heard))
    np.testing.assert_array_equal(np.asarray(layer(heard)), expected)
    assert layer(keras.Input((), dtype="int32")).shape == (None, 7)
    assert FrameMask.from_config(layer.get_config()).frames == 7
