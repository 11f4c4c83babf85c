"""The task of hidden words: sums over the tokens to find, bias included, and gradients of all that trains."""

from __future__ import annotations

import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.backbones.hub import text
from kerastune_ft.backbones.language.masked_head import read_head
from kerastune_ft.config.options.language.tasks import MaskedLm
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.tasks.hidden_words import HiddenWords

_TOKENS = np.array([[2, 9, 8, 7, 3], [2, 5, 3, 0, 0]], np.int32)
_ROWS = {"token_ids": _TOKENS, "padding_mask": (_TOKENS > 0).astype(np.int32), "segment_ids": _TOKENS * 0}
_TARGETS = {
    "labels": np.array([[0, 11, 0, 4, 0], [0, 6, 0, 0, 0]], np.int32),
    "weights": np.array([[0, 1, 0, 1, 0], [0, 1, 0, 0, 0]], np.float32),
}


def _whole() -> keras.Model:
    keras.utils.set_random_seed(1)
    body = keras_hub.models.BertBackbone(
        vocabulary_size=30, num_layers=1, num_heads=2, hidden_dim=8, intermediate_dim=12
    )
    encoder = text.encoder(body, passes_embeddings=True)
    task = keras_hub.models.BertMaskedLM(backbone=body)
    task.masked_lm_head.weights[0].assign(np.linspace(-1, 1, 30))
    return keras.Model(encoder.input, read_head(body.token_embedding, task).apply(encoder.output))


def test_losses_and_gradients_are_those_of_all_scores() -> None:
    whole = _whole()
    variables = whole.trainable_variables
    task = HiddenWords(MaskedLm(kind="masked_lm"), LabelScheme("text", ())).attach(whole, variables)
    trimmed = task.trim(whole)
    with tf.GradientTape() as tape:
        found = task.bind(whole)(_TARGETS, trimmed(_ROWS), tf.ones(2))
    with tf.GradientTape() as other:
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(_TARGETS["labels"], whole(_ROWS))
        total = tf.reduce_sum(losses * _TARGETS["weights"])
    assert float(found["count"]) == 3
    assert float(found["loss"]) == pytest.approx(float(total), rel=1e-5)
    values = [variable.value for variable in variables]
    for variable, own, expected in zip(
        variables, tape.gradient(found["loss"], values), other.gradient(total, values), strict=True
    ):
        if own is None:
            assert expected is None, variable.path
        else:
            difference = tf.convert_to_tensor(own) - tf.convert_to_tensor(expected)
            assert float(tf.reduce_max(tf.abs(difference))) < 1e-5, variable.path
    measured = task.measure(_TARGETS, trimmed(_ROWS))
    assert measured["tokens"].numpy().tolist() == [2, 1]
    assert task.output_columns == ("word", "probability")
