from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax

from kerastune_ft.metrics.calibration.temperature import (
    as_divisor,
    describe_temperature,
    fit_sigmoids,
    fit_softmax,
    move_thresholds,
)

RANDOM = np.random.default_rng(3)


def make_overconfident(examples: int = 400, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Class numbers that are drawn from the softmax of logits, and these logits three times too large."""
    logits = RANDOM.normal(size=(examples, classes))
    shares = np.exp(log_softmax(logits, axis=1))
    targets = np.array([RANDOM.choice(classes, p=row) for row in shares])
    return targets, (3 * logits).astype(np.float32)


def test_softmax_temperature_is_that_of_the_least_cross_entropy() -> None:
    targets, logits = make_overconfident()

    def loss(power: float) -> float:
        return -log_softmax(logits.astype(float) / np.exp(power), axis=1)[np.arange(len(targets)), targets].mean()

    wanted = np.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded", options={"xatol": 1e-9}).x)
    found = fit_softmax(targets, logits)
    assert found == pytest.approx(wanted, rel=1e-5)
    assert 2 < wanted < 4
    # Logarithms of probabilities are logits as well, and the order of the examples decides nothing.
    assert fit_softmax(targets, log_softmax(logits.astype(float), axis=1)) == pytest.approx(found, rel=1e-5)
    assert fit_softmax(targets[::-1], logits[::-1]) == found


def test_sigmoid_temperatures_are_those_of_the_least_cross_entropy_of_each_class() -> None:
    logits = RANDOM.normal(size=(500, 2))
    wanted = RANDOM.random((500, 2)) < expit(logits)
    logits = logits * [4, 0.5]
    for column, found in enumerate(fit_sigmoids(wanted, logits)):

        def loss(power: float, column: int = column) -> float:
            scaled = logits[:, column] / np.exp(power)
            return float(np.mean(np.logaddexp(0, scaled) - wanted[:, column] * scaled))

        least = np.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded", options={"xatol": 1e-9}).x)
        assert found == pytest.approx(least, rel=1e-5)


@pytest.mark.parametrize(
    ("targets", "logits"),
    [
        # All right: a lower temperature is always better.
        ([0, 1, 1], [[2.0, 1.0], [0.0, 0.5], [-3.0, 4.0]]),
        # All wrong: a higher one is.
        ([1, 0], [[2.0, 1.0], [0.0, 0.5]]),
        # Every temperature says the same.
        ([0, 1], [[1.0, 1.0], [1.0, 1.0]]),
        ([], np.zeros((0, 2))),
        ([0], [[np.nan, 1.0]]),
    ],
)
def test_examples_that_tell_no_temperature(targets: list[int], logits: list[list[float]]) -> None:
    assert fit_softmax(np.array(targets, int), np.array(logits)) is None


def test_classes_that_tell_no_temperature() -> None:
    wanted = np.array([[1, 0, 1], [1, 0, 0], [1, 0, 1]])
    logits = np.array([[1.0, -1.0, 3.0], [0.5, 2.0, -2.0], [2.0, -0.1, 1.0]])
    assert fit_sigmoids(wanted, logits) == [None, None, None]


def test_what_a_run_keeps() -> None:
    assert describe_temperature(None, "validation", 7) == {
        "method": "temperature",
        "temperature": 1.0,
        "fitted": False,
        "chosen_on": "validation",
        "examples": 7,
    }
    found = describe_temperature({"a": 2.0, "b": None}, "validation", 7)
    assert (found["temperature"], found["not_fitted"]) == ({"a": 2.0, "b": 1.0}, ["b"])


def test_divisors() -> None:
    assert as_divisor(2.0, ["a", "b"]) == 2.0
    assert as_divisor({"b": 3.0, "a": 2.0}, ["a", "b"]).tolist() == [2.0, 3.0]
    for wrong in (0.0, -1.0, float("nan"), {"a": 1.0}, {"a": 1.0, "b": 1.0, "c": 1.0}):
        with pytest.raises(ValueError, match="temperature"):
            as_divisor(wrong, ["a", "b"])


def test_moved_thresholds_give_the_same_labels() -> None:
    logits, thresholds, divisor = RANDOM.normal(size=(300, 3)) * 3, np.array([0.2, 0.5, 0.9]), np.array([2.0, 0.5, 3.0])
    moved = move_thresholds(thresholds, divisor)
    assert ((expit(logits / divisor) >= moved) == (expit(logits) >= thresholds)).all()
    assert move_thresholds(np.array([0.0, 1.0]), np.array([2.0, 2.0])).tolist() == [0.0, 1.0]
