from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax
from sklearn import metrics

from kerastune_ft.metrics.outcomes.one_class import OneClassOutcomes, read_one_class

RANDOM = np.random.default_rng(8)


def make_outcomes(classes: int, positive: int = 1, examples: int = 50) -> OneClassOutcomes:
    logits = (2 * RANDOM.normal(size=(examples, classes))).astype(np.float32)
    return OneClassOutcomes(RANDOM.integers(0, classes, examples), logits, ["a", "b", "c", "d"][:classes], positive)


@pytest.mark.parametrize(("classes", "positive"), [(2, 0), (2, 1), (4, 3)])
def test_losses_are_those_of_scikit_learn(classes: int, positive: int) -> None:
    found = make_outcomes(classes, positive)
    p = softmax(found.logits.astype(float), axis=1)
    labels = list(range(classes))
    assert found.losses()["log_loss"].mean() == pytest.approx(metrics.log_loss(found.targets, p, labels=labels))
    if classes == 2:
        wanted = metrics.brier_score_loss(found.targets == positive, p[:, positive])
    else:
        wanted = np.mean(np.sum((p - np.eye(classes)[found.targets]) ** 2, axis=1))
    assert found.losses()["brier"].mean() == pytest.approx(wanted)


def test_claims_are_of_the_most_probable_class() -> None:
    found = make_outcomes(3)
    p = softmax(found.logits.astype(float), axis=1)
    assert found.claims().probabilities[:, 0] == pytest.approx(p.max(axis=1))
    assert (found.claims().hits[:, 0] == (p.argmax(axis=1) == found.targets)).all()


def test_classes_that_are_scored() -> None:
    two, four = make_outcomes(2, 0), make_outcomes(4)
    assert [each.name for each in two.list_scored()] == ["a"]
    assert [each.name for each in four.list_scored()] == ["a", "b", "c", "d"]
    assert (four.list_scored()[2].is_positive == (four.targets == 2)).all()
    assert four.list_scored()[2].scores == pytest.approx(softmax(four.logits.astype(float), axis=1)[:, 2])


def test_calibration_divides_logits() -> None:
    found = make_outcomes(4)
    assert found.calibrate(2.0).probabilities == pytest.approx(softmax(found.logits.astype(float) / 2, axis=1))
    assert found.take(np.array([3, 1])).targets.tolist() == found.targets[[3, 1]].tolist()


def test_rows_give_the_same_outcomes_whatever_their_probabilities() -> None:
    outcomes = make_outcomes(3)
    outcomes.logits[0] = [800.0, 0.0, -800.0]
    p = outcomes.probabilities
    rows = [
        {
            "label": outcomes.names[target],
            **{f"probability_{name}": repr(float(p[row, place])) for place, name in enumerate(outcomes.names)},
        }
        for row, target in enumerate(outcomes.targets)
    ]
    found = read_one_class(rows, outcomes.names, 1)
    assert (found.targets == outcomes.targets).all()
    assert found.probabilities == pytest.approx(p)
    assert np.isfinite(found.logits).all()
    assert found.fit_temperature() == pytest.approx(outcomes.fit_temperature(), rel=1e-3)
    with pytest.raises(KeyError):
        read_one_class([{**rows[0], "label": "unheard"}], outcomes.names, 1)
    assert read_one_class([], outcomes.names, 1).examples == 0


def test_policies_of_two_classes_cost_what_a_count_says() -> None:
    chosen, measured = make_outcomes(2, 0, 80), make_outcomes(2, 0, 60)
    policies = {each.name: each for each in measured.price(chosen, {"missed": 7, "false_alarm": 2})}
    p = softmax(measured.logits.astype(float), axis=1)[:, 0]
    q = softmax(chosen.logits.astype(float), axis=1)[:, 0]

    def price(is_ill: np.ndarray, taken: np.ndarray) -> float:
        return sum(7 * (ill and not own) + 2 * (own and not ill) for ill, own in zip(is_ill, taken, strict=True))

    ill, known = measured.targets == 0, chosen.targets == 0
    assert policies["most probable class"].costs.sum() == price(ill, p > 0.5)
    assert policies["always a"].costs.sum() == price(ill, np.ones(60, bool))
    assert policies["always b"].costs.sum() == price(ill, np.zeros(60, bool))
    by_cost = policies["a from the threshold of the least cost"]
    threshold = by_cost.thresholds["a"]
    assert by_cost.costs.sum() == price(ill, p >= threshold)
    assert price(known, q >= threshold) == min(price(known, q >= at) for at in [*q, 2.0])


def test_policies_of_many_classes_weigh_calibrated_probabilities() -> None:
    chosen, measured = make_outcomes(3, 2, 80), make_outcomes(3, 2, 60)
    costs = {"a": {"b": 20}, "otherwise": 1}
    matrix = np.array([[0, 20, 1], [1, 0, 1], [1, 1, 0]])
    usual, by_cost, always = measured.price(chosen, costs)
    p = softmax(measured.logits.astype(float) / (chosen.fit_temperature() or 1), axis=1)
    answers = [int(np.argmin([row @ matrix[:, each] for each in range(3)])) for row in p]
    assert by_cost.costs.tolist() == [matrix[true, own] for true, own in zip(measured.targets, answers, strict=True)]
    assert usual.costs.tolist() == matrix[measured.targets, measured.logits.argmax(axis=1)].tolist()
    least = min(range(3), key=lambda each: matrix[chosen.targets, each].mean())
    assert always.name == f"always {'abc'[least]}"
