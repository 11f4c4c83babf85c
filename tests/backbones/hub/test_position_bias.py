"""The position bias of T5 as a layer: the same numbers as keras-hub's first block of a stack hands on."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras_hub.src.models.t5.t5_transformer_layer import T5TransformerLayer

from kerastune_ft.backbones.hub.position_bias import PositionBias
from kerastune_ft.graph.rebuild.hub_layers import repair_layer


@pytest.mark.parametrize("is_causal", [False, True])
def test_the_bias_is_that_of_the_block(is_causal: bool) -> None:
    keras.utils.set_random_seed(1)
    block = T5TransformerLayer(False, 8, 16, 4, 0.0, "relu", 1e-6, 2, use_relative_attention_bias=True, name="first")
    repair_layer(block)
    # keras-hub's decoders are not bidirectional.
    block.self_attention.is_decoder = is_causal
    mask = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0]], "int32")[:, None]
    hidden = np.random.default_rng(0).normal(size=(2, 5, 8)).astype("float32")
    _, expected = block(hidden, attention_mask=mask, use_causal_mask=is_causal)
    layer = PositionBias.of_block(block, is_causal)
    found = np.asarray(layer(mask))
    np.testing.assert_array_equal(found, np.asarray(expected))
    assert found.shape == (2, 2, 5, 5)
    assert layer.variables == [] and layer.loans == [block.self_attention.relative_attention_bias]
    # A token sees no padding, and in a decoder none after it.
    seen = found > -1e8
    order = np.tril(np.ones((5, 5), bool)) if is_causal else np.ones((5, 5), bool)
    np.testing.assert_array_equal(seen[0, 0], order)
    np.testing.assert_array_equal(seen[1, 0], order & (np.arange(5) < 2))


def test_it_is_made_again_from_its_configuration() -> None:
    layer = PositionBias("first", 2, True, name="bias", dtype="mixed_bfloat16")
    again = PositionBias.from_config(layer.get_config())
    assert (again.lender, again.heads, again.is_causal, again.name) == ("first", 2, True, "bias")
    assert again(keras.Input((1, None), dtype="int32")).shape == (None, 2, None, None)
    with pytest.raises(AssertionError, match="nothing to compute with"):
        _ = again.loans
