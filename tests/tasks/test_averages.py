"""The mean answer of several models, as raw outputs: by hand, in the graph, and from a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kerastune_ft.tasks import averages

OUTPUTS = np.random.default_rng(0).normal(0, 4, (3, 5, 4)).astype(np.float32)


def softmax(logits: np.ndarray) -> np.ndarray:
    raised = np.exp(logits.astype(np.float64))
    return raised / raised.sum(axis=-1, keepdims=True)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits.astype(np.float64)))


CASES = (
    (averages.average_probabilities, averages.join_probabilities, softmax),
    (averages.average_flags, averages.join_flags, sigmoid),
    (averages.average_values, averages.join_values, lambda outputs: outputs),
)


@pytest.mark.parametrize(("average", "join", "finish"), CASES)
def test_finished_it_is_the_mean_of_what_each_finishes_to(
    average: Callable[[np.ndarray], np.ndarray],
    join: Callable[[Any], Any],
    finish: Callable[[np.ndarray], np.ndarray],
    tmp_path: Path,
) -> None:
    expected = np.mean([finish(each) for each in OUTPUTS], axis=0)
    np.testing.assert_allclose(finish(average(OUTPUTS)), expected, rtol=1e-5)
    inputs = [keras.Input((4,)) for _ in OUTPUTS]
    model = keras.Model(inputs, join(inputs))
    model.save(tmp_path / "mean.keras")
    for made in (model, keras.models.load_model(tmp_path / "mean.keras")):
        np.testing.assert_allclose(finish(np.asarray(made(list(OUTPUTS)))), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("average", "join", "finish"), CASES)
def test_extreme_outputs_stay_finite(
    average: Callable[[np.ndarray], np.ndarray],
    join: Callable[[Any], Any],
    finish: Callable[[np.ndarray], np.ndarray],
) -> None:
    extreme = np.array([[[200.0, -200.0]], [[-200.0, 200.0]]], np.float32)
    assert np.isfinite(average(extreme)).all()
    assert np.isfinite(np.asarray(join([keras.ops.convert_to_tensor(each) for each in extreme]))).all()
    np.testing.assert_allclose(finish(average(extreme))[0], [finish(extreme)[:, 0].mean(axis=0)[0]] * 2, atol=1e-6)
