"""Inputs meet where what is computed of one with variables first stands beside what is computed of another."""

from __future__ import annotations

import keras
import pytest

from kerastune_ft.graph import keras_private
from kerastune_ft.graph.rows.meetings import find_meetings, has_weights
from tests.support.graph_models import masked_encoder, reader_and_writer, skip_segmenter, tied_language_model


def names(model: keras.Model) -> list[str]:
    """Return the operations in which inputs meet."""
    met = find_meetings(model)
    return [node.operation.name for node in keras_private.nodes_in_order(model) if id(node.outputs[0]) in met]


def test_an_encoder_meets_a_decoder_where_this_looks_at_it_first() -> None:
    assert names(reader_and_writer()) == ["cross_0"]


@pytest.mark.parametrize("build", [tied_language_model, masked_encoder, skip_segmenter])
def test_neither_masks_nor_skips_are_meetings(build: type) -> None:
    assert names(build()) == []


def test_two_embeddings_meet_in_their_sum() -> None:
    given = [keras.Input((4,), dtype="int32", name=name) for name in ("tokens", "segments")]
    added = keras.layers.Add(name="sum")([keras.layers.Embedding(9, 3)(each) for each in given])
    assert names(keras.Model(given, keras.layers.Dense(2, name="output")(added))) == ["sum"]


def test_statistics_of_inputs_are_no_weights() -> None:
    normalise, dense = keras.layers.Normalization(mean=0.0, variance=1.0), keras.layers.Dense(2)
    dense(normalise(keras.Input((3,))))
    assert not has_weights(normalise)
    assert has_weights(dense)
