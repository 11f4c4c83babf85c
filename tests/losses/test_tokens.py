"""The loss by chunks of labelled positions is that of all scores at a time, and so are its gradients."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.losses.tokens import compute_token_losses
from tests.support.processes import HANG, environment
from tests.support.token_loss_replicas import BATCH, HIDDEN, LABELS, LENGTH, MATRIX, SOME, UPSTREAM, VOCABULARY

ALL = np.ones((BATCH, LENGTH), np.float32)


def _compute_by_hand(
    weights: np.ndarray, cap: float | None = None, smoothing: float = 0.0, hidden: np.ndarray = HIDDEN
) -> dict[str, np.ndarray]:
    """Losses, hits, and the gradients of the sum of losses times UPSTREAM, in float64, of all scores at a time."""
    states, matrix = hidden.astype(np.float64), MATRIX.astype(np.float64)
    scores = states @ matrix
    slope = np.ones_like(scores)
    if cap is not None:
        slope = 1 - np.tanh(scores / cap) ** 2
        scores = cap * np.tanh(scores / cap)
    scores -= scores.max(-1, keepdims=True)
    logs = scores - np.log(np.exp(scores).sum(-1, keepdims=True))
    wanted = np.eye(VOCABULARY)[LABELS] * (1 - smoothing) + smoothing / VOCABULARY
    present = weights > 0
    of_scores = (np.exp(logs) - wanted) * slope * (UPSTREAM * present)[..., np.newaxis]
    return {
        "losses": -(wanted * logs).sum(-1) * present,
        "hits": (logs.argmax(-1) == LABELS) * present,
        "hidden": of_scores @ matrix.T,
        "matrix": np.einsum("blw,blv->wv", states, of_scores),
    }


def _compute(
    weights: np.ndarray, *, transposed: bool = False, hidden: Any = HIDDEN, trains: bool = True, **options: Any
) -> dict[str, Any]:
    states = tf.constant(hidden)
    kernel = tf.Variable(MATRIX.T if transposed else MATRIX)
    with tf.GradientTape() as tape:
        tape.watch(states)
        losses, hits = compute_token_losses(
            states, kernel, tf.constant(LABELS), tf.constant(weights), is_transposed=transposed, trains=trains,
            **options,
        )  # fmt: skip
        total = tf.reduce_sum(losses * UPSTREAM)
    of_hidden, of_matrix = tape.gradient(total, [states, kernel])
    found = {"losses": losses.numpy(), "hits": hits.numpy(), "hidden": tf.cast(of_hidden, tf.float32).numpy()}
    if of_matrix is not None:
        found["matrix"] = of_matrix.numpy().T if transposed else of_matrix.numpy()
    return found


def _check(found: dict[str, Any], expected: dict[str, np.ndarray], tolerance: float = 2e-5) -> None:
    for name, value in found.items():
        np.testing.assert_allclose(value, expected[name], rtol=tolerance, atol=tolerance, err_msg=name)


@pytest.mark.parametrize("rows", [4, 128])
@pytest.mark.parametrize("transposed", [False, True], ids=["own", "tied"])
@pytest.mark.parametrize("weights", [ALL, SOME], ids=["all", "some"])
def test_chunks_of_any_size_give_the_loss_of_all_scores(weights: np.ndarray, transposed: bool, rows: int) -> None:
    _check(_compute(weights, transposed=transposed, rows=rows), _compute_by_hand(weights))


@pytest.mark.parametrize("options", [{"cap": 2.0}, {"smoothing": 0.2}, {"cap": 1.5, "smoothing": 0.1}])
def test_caps_and_smoothing(options: dict[str, float]) -> None:
    for transposed in (False, True):
        _check(_compute(SOME, transposed=transposed, rows=4, **options), _compute_by_hand(SOME, **options))


def test_smoothing_may_be_a_tensor() -> None:
    _check(_compute(SOME, smoothing=tf.constant(0.0, tf.float64)), _compute_by_hand(SOME))
    # As phases give it.
    _check(_compute(SOME, smoothing=tf.constant(0.1, tf.float64)), _compute_by_hand(SOME, smoothing=0.1))


def test_without_a_label_nothing_is_computed() -> None:
    found = _compute(np.zeros_like(ALL))
    assert all(not value.any() for value in found.values())


def test_labels_where_nothing_is_learnt_do_not_matter() -> None:
    """Weights other than 1 do not scale a loss: whoever sums the losses weighs them."""
    found = _compute(SOME * 3)
    _check(found, _compute_by_hand(SOME))
    assert not found["losses"][SOME == 0].any() and not found["hidden"][SOME == 0].any()


def test_a_matrix_that_does_not_train_has_no_gradient() -> None:
    found = _compute(SOME, trains=False)
    assert "matrix" not in found
    _check(found, _compute_by_hand(SOME))


def test_hidden_states_in_bfloat16_have_losses_in_float32() -> None:
    half = tf.cast(HIDDEN, tf.bfloat16)
    found = _compute(SOME, hidden=half)
    assert found["losses"].dtype == np.float32
    # The matrix is rounded to 8 bits too.
    _check(found, _compute_by_hand(SOME, hidden=tf.cast(half, tf.float32).numpy()), 0.05)


def test_scores_of_any_size_are_finite() -> None:
    found = _compute(ALL, hidden=HIDDEN * 1e4)
    assert all(np.isfinite(value).all() for value in found.values())


def test_compiled_with_another_number_of_labels_in_each_call() -> None:
    call = tf.function(
        lambda weights: compute_token_losses(
            tf.constant(HIDDEN), tf.constant(MATRIX), tf.constant(LABELS), weights, rows=4
        )
    )
    for weights in (ALL, SOME, np.zeros_like(ALL)):
        losses, hits = call(tf.constant(weights))
        _check({"losses": losses.numpy(), "hits": hits.numpy()}, _compute_by_hand(weights))


@pytest.mark.slow
def test_replicas_may_take_different_numbers_of_turns(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.token_loss_replicas"],
        capture_output=True, text=True, env=environment(tmp_path), timeout=HANG, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert found["losses"] == pytest.approx(_compute_by_hand(SOME)["losses"].sum(), rel=1e-5)
    np.testing.assert_allclose(found["matrix"], _differentiate_sum(), rtol=1e-5, atol=1e-5)


def _differentiate_sum() -> np.ndarray:
    kernel = tf.Variable(MATRIX)
    with tf.GradientTape() as tape:
        losses, _ = compute_token_losses(
            tf.constant(HIDDEN), kernel, tf.constant(LABELS), tf.constant(SOME), trains=True
        )
    found: np.ndarray = tape.gradient(losses, kernel).numpy()
    return found
