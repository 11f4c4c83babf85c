"""Encoder-decoder models as one graph: units, and what crosses a cut; all families are in tests/conformance."""

from __future__ import annotations

import functools
from typing import Any

import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.backbones.base import Backbone
from kerastune_ft.backbones.build import build
from kerastune_ft.config.options.backbones import KerasHub
from kerastune_ft.graph.partition import partition
from tests.support import hub_classes

_BLOCKS = ["encoder_layer0", "encoder_layer1", "decoder_layer0", "decoder_layer1"]


@functools.cache
def _build(name: str, layers: int = 2) -> Backbone:
    keras.utils.clear_session()
    given: dict[str, Any] = {"class": name, "options": {"num_layers": layers}}
    return build(KerasHub(**given), seed=3, writes=True)


def _given(rows: int = 2) -> dict[str, np.ndarray]:
    tokens = np.arange(rows * 5, dtype="int32").reshape(rows, 5)
    mask = np.ones((rows, 5), "int32")
    mask[0, 3:] = 0
    return {
        "encoder_token_ids": tokens,
        "encoder_padding_mask": mask,
        "decoder_token_ids": tokens[:, :3] + 9,
        "decoder_padding_mask": mask[:, :3],
    }


_WRITES_T5 = pytest.mark.skipif(
    not hasattr(keras_hub.models, "T5Seq2SeqLM"), reason="keras-hub writes with a T5 from 0.32 on"
)


@_WRITES_T5
def test_units_are_embeddings_blocks_of_the_encoder_and_blocks_of_the_decoder() -> None:
    backbone = _build("T5Backbone")
    assert [unit.id for unit in backbone.units] == ["embeddings", *_BLOCKS]
    last = {unit.id: {layer.name for layer in unit.layers} for unit in backbone.units}
    assert "encoder_output_layer_norm" in last["encoder_layer1"]
    assert "decoder_output_layer_norm" in last["decoder_layer1"]
    assert backbone.input.modality == "pair"


@pytest.mark.slow
@pytest.mark.parametrize("name", [pytest.param(name, marks=hub_classes.needs(name)) for name in ("BartBackbone",)])
def test_embeddings_of_both_texts_are_one_unit(name: str) -> None:
    backbone = _build(name)
    assert [unit.id for unit in backbone.units] == ["embeddings", *_BLOCKS]
    paths = {variable.path.partition("/")[0] for variable in backbone.units[0].variables}
    assert {"token_embedding", "encoder_position_embedding", "decoder_position_embedding"} <= paths


@_WRITES_T5
def test_the_output_of_the_encoder_is_one_tensor_at_every_cut_of_the_decoder() -> None:
    backbone = _build("T5Backbone")
    names = []
    for unit in backbone.units[3:]:
        parts = partition(backbone.model, [variable.path for variable in unit.variables])
        names.append({name.partition(".")[0] for name in parts.cut_names})
        # Hidden states of both sides and both masks; no bias by pairs of positions.
        assert sorted(len(tensor.shape) for tensor in parts.cut) in ([2, 2, 3, 3], [2, 3, 3, 3], [3, 3, 3, 3])
    assert all("encoder_output_layer_norm" in each or "encoder_output_dropout" in each for each in names)


@_WRITES_T5
def test_the_bias_learns_where_its_block_trains_and_the_blocks_above_see_it() -> None:
    backbone = _build("T5Backbone")
    unit = next(unit for unit in backbone.units if unit.id == "decoder_layer0")
    parts = partition(backbone.model, [variable.path for variable in unit.variables])
    assert parts.prefix is not None
    table = next(v for v in unit.variables if v.path.endswith("self_attention/embeddings"))
    middle = parts.prefix(_given(), training=False)
    with tf.GradientTape() as tape:
        outputs = parts.tail(middle, training=False)
        loss = tf.reduce_sum(outputs**2)
    gradient = tf.convert_to_tensor(tape.gradient(loss, table.value))
    # Numerically, along one entry: the distance of 0, which every position sees.
    step, entry = 1e-2, (0, 1)
    before = table.numpy()

    def value(delta: float) -> float:
        moved = before.copy()
        moved[entry] += delta
        table.assign(moved)
        return float(np.sum(np.asarray(backbone.model(_given(), training=False), np.float64) ** 2))

    slope = (value(step) - value(-step)) / (2 * step)
    table.assign(before)
    np.testing.assert_allclose(gradient[entry], slope, rtol=0.02, atol=1e-3)
