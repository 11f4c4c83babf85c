"""The task of models that write: sums over the tokens that are learnt, by the matrix of the model it is attached to."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.backbones.hub import language
from kerastune_ft.config.options.language.tasks import CausalLm
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.losses.options import LossOptions
from kerastune_ft.tasks.writing import Writing
from tests.support.small_writers import VOCABULARY, make_llama

TOKENS = np.array([[3, 4, 5, 6], [7, 8, 0, 0], [9, 1, 2, 0]], np.int32)
INPUTS = {"token_ids": TOKENS, "padding_mask": (TOKENS > 0).astype(np.int32)}
TARGETS = {
    "labels": np.array([[4, 5, 6, 7], [8, 9, 0, 0], [1, 2, 3, 0]], np.int32),
    "weights": np.array([[0, 1, 1, 1], [0, 1, 0, 0], [1, 0, 1, 0]], np.float32),
}
# The last is no example of the batch.
PRESENT = np.array([1, 1, 0], np.float32)


def _whole(tied: bool = True) -> keras.Model:
    model, vocabulary = language.decoder(make_llama(tied))
    return keras.Model(model.input, vocabulary.apply(model.output))


def _task() -> Writing:
    return Writing(CausalLm(kind="causal_lm"), LabelScheme("text", ()), None)


def _by_hand(whole: keras.Model, smoothing: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """The loss and the hit of each position, by all scores."""
    scores = whole(INPUTS).numpy().astype(np.float64)
    logs = scores - np.log(np.exp(scores).sum(-1, keepdims=True))
    wanted = np.eye(VOCABULARY)[TARGETS["labels"]] * (1 - smoothing) + smoothing / VOCABULARY
    return -(wanted * logs).sum(-1), scores.argmax(-1) == TARGETS["labels"]


@pytest.mark.parametrize("tied", [True, False])
def test_sums_are_over_the_tokens_that_are_learnt_in_real_examples(tied: bool) -> None:
    whole = _whole(tied)
    task = _task().attach(whole, whole.trainable_variables)
    hidden = task.trim(whole)(INPUTS)
    losses, hits = _by_hand(whole)
    shares = TARGETS["weights"] * PRESENT[:, np.newaxis]
    found = task.bind(whole)(TARGETS, hidden, tf.constant(PRESENT))
    assert float(found["count"]) == shares.sum() == 4
    assert float(found["loss"]) == pytest.approx((losses * shares).sum(), rel=1e-5)
    assert float(found["token_accuracy"]) == (hits * shares).sum()
    loss, count = task.loss(TARGETS, hidden, tf.constant(PRESENT))
    assert (float(loss), float(count)) == (float(found["loss"]), 4)


def test_what_is_measured_knows_no_smoothing() -> None:
    whole = _whole()
    task = _task().attach(whole, [])
    hidden = task.trim(whole)(INPUTS)
    smooth = task.bind(whole, LossOptions(0.1))(TARGETS, hidden, tf.ones(3))
    assert float(smooth["loss"]) == pytest.approx((_by_hand(whole, 0.1)[0] * TARGETS["weights"]).sum(), rel=1e-5)
    measured = {name: each.numpy() for name, each in task.measure(TARGETS, hidden).items()}
    losses, hits = _by_hand(whole)
    assert measured["loss"] == pytest.approx((losses * TARGETS["weights"]).sum(1), rel=1e-5)
    assert measured["tokens"].tolist() == [3, 1, 2]
    assert measured["hits"].tolist() == (hits * TARGETS["weights"]).sum(1).tolist()
    summary = task.summarise(measured)
    assert summary["perplexity"] == pytest.approx(np.exp((losses * TARGETS["weights"]).sum() / 6), rel=1e-5)
    columns = task.prediction_columns(measured)
    assert columns["loss"] == pytest.approx(measured["loss"] / measured["tokens"])


def test_the_matrix_gets_a_gradient_where_it_is_trained() -> None:
    """A tied one is read twice: as the embeddings of tokens, and for the scores of all of them."""
    whole = _whole()
    embeddings = whole.get_layer("token_embedding").embeddings

    def differentiate(task: Writing) -> np.ndarray:
        with tf.GradientTape() as tape:
            sums = task.bind(whole)(TARGETS, task.trim(whole)(INPUTS), tf.constant(PRESENT))
        found: np.ndarray = tf.convert_to_tensor(tape.gradient(sums["loss"], embeddings.value)).numpy()
        return found

    trained, frozen = (differentiate(_task().attach(whole, part)) for part in ([embeddings], []))
    unread = np.setdiff1d(np.arange(VOCABULARY), TOKENS)
    assert trained[unread].any() and not frozen[unread].any()
    with tf.GradientTape() as tape:
        scores = whole(INPUTS)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(TARGETS["labels"], scores)
        total = tf.reduce_sum(losses * TARGETS["weights"] * PRESENT[:, np.newaxis])
    expected = tf.convert_to_tensor(tape.gradient(total, embeddings.value)).numpy()
    np.testing.assert_allclose(trained, expected, rtol=1e-4, atol=1e-5)


def test_a_saved_model_is_compared_by_the_mean_loss_of_a_token() -> None:
    measured = {"loss": np.array([6.0, 1.0]), "tokens": np.array([3.0, 1.0])}
    found = _task().difference(measured, np.array([[6.3, 3], [1.0, 1]]), None)
    assert found == pytest.approx([0.1, 0])


def test_models_that_write_are_not_joined() -> None:
    for call in (_task().join, _task().average):
        with pytest.raises(TypeError, match="no ensembles"):
            call([])
