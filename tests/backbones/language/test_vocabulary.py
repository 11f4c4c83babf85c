"""The matrix that a loss multiplies with gives the scores that keras-hub's own model gives."""

from __future__ import annotations

from typing import Any

import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.backbones.hub import language
from kerastune_ft.backbones.language.vocabulary import HIDDEN, SoftCap, Vocabulary, find_projection, trim_vocabulary
from kerastune_ft.graph.partition import partition
from tests.support.small_writers import VOCABULARY, make_gemma, make_llama

TOKENS = np.array([[3, 4, 5, 6], [7, 8, 0, 0]], np.int32)
GIVEN = {"token_ids": TOKENS, "padding_mask": (TOKENS > 0).astype(np.int32)}


def _whole(body: Any) -> tuple[keras.Model, Any]:
    model, vocabulary = language.decoder(body)
    return keras.Model(model.input, vocabulary.apply(model.output)), vocabulary


@pytest.mark.parametrize("kind", ["tied", "own", "capped"])
def test_scores_are_those_of_keras_hub(kind: str) -> None:
    body = make_gemma(3.0) if kind == "capped" else make_llama(kind == "tied")
    task = {"capped": keras_hub.models.GemmaCausalLM}.get(kind, keras_hub.models.Llama3CausalLM)
    whole, vocabulary = _whole(body)
    assert vocabulary.is_tied == (kind != "own")
    expected = task(backbone=body, preprocessor=None)(GIVEN).numpy()
    present = GIVEN["padding_mask"] > 0
    np.testing.assert_allclose(whole(GIVEN).numpy()[present], expected[present], rtol=1e-5, atol=1e-5)

    found = find_projection(whole)
    states = trim_vocabulary(whole)(GIVEN)
    assert (found.is_transposed, found.cap) == (kind != "own", 3.0 if kind == "capped" else None)
    scores = tf.matmul(states * found.scale, found.variable.value, transpose_b=found.is_transposed)
    if found.cap is not None:
        scores = found.cap * tf.tanh(scores / found.cap)
    np.testing.assert_allclose(scores.numpy()[present], expected[present], rtol=1e-5, atol=1e-5)
    assert scores.shape[-1] == VOCABULARY


def test_a_matrix_of_its_own_is_a_layer_with_its_values() -> None:
    body = make_llama(tied=False)
    whole, _ = _whole(body)
    (kernel,) = whole.get_layer("vocabulary").get_weights()
    assert np.array_equal(kernel, body.token_embedding.reverse_embeddings.numpy())


def test_what_is_left_of_a_model_ends_at_its_hidden_states() -> None:
    whole, _ = _whole(make_llama(tied=True))
    trimmed = trim_vocabulary(whole)
    assert trimmed.output.shape == (None, None, 8)
    assert trimmed.layers[-1].name == HIDDEN
    assert np.array_equal(trim_vocabulary(trimmed)(GIVEN), trimmed(GIVEN))


def test_a_tail_that_begins_with_the_hidden_states_gives_them_as_they_are() -> None:
    whole, _ = _whole(make_llama(tied=False))
    cut = partition(whole, {"vocabulary/kernel"})
    assert cut.prefix is not None
    states = cut.prefix(GIVEN)
    assert np.array_equal(trim_vocabulary(cut.tail)(states), states)
    assert find_projection(cut.tail).variable is whole.get_layer("vocabulary").kernel


@pytest.mark.parametrize(
    ("tied", "scale", "inside", "cap"), [(True, 0.25, None, 0.5), (True, 1.0, 0.5, 0.5), (False, 1.0, None, 0.5)]
)
def test_scales_and_caps_are_found_wherever_they_are(
    tied: bool, scale: float, inside: float | None, cap: float
) -> None:
    draw = np.random.default_rng(0)
    states = draw.normal(size=(2, 3, 4)).astype("float32")
    matrix = draw.normal(size=(4, 11)).astype("float32")
    embeddings = keras.layers.ReversibleEmbedding(11, 4, logit_soft_cap=inside)
    embeddings.build(None)
    embeddings.embeddings.assign(matrix.T)
    given = keras.Input((None, 4))
    model = keras.Model(given, Vocabulary(embeddings, None if tied else matrix, scale, cap).apply(given))
    expected = cap * np.tanh(scale * states.astype("float64") @ matrix / cap)
    np.testing.assert_allclose(model(states), expected, rtol=1e-5, atol=1e-6)
    found = find_projection(model)
    assert (found.is_transposed, found.scale, found.cap) == (tied, scale, cap)
    assert SoftCap.from_config(SoftCap(cap).get_config()).cap == cap
