from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn import metrics

from kerastune_ft.metrics.outcomes.several_classes import SeveralClassesOutcomes, read_several_classes

RANDOM = np.random.default_rng(9)
NAMES = ["a", "b", "c"]


def make_outcomes(examples: int = 40) -> SeveralClassesOutcomes:
    return SeveralClassesOutcomes(
        RANDOM.random((examples, 3)) < 0.4, 2 * RANDOM.normal(size=(examples, 3)), NAMES, np.full(3, 0.5)
    )


def test_losses_are_means_over_the_classes() -> None:
    found = make_outcomes()
    p = expit(found.logits)
    for name, score in (("log_loss", metrics.log_loss), ("brier", metrics.brier_score_loss)):
        each = [score(found.wanted[:, place], p[:, place]) for place in range(3)]
        assert found.losses()[name].mean() == pytest.approx(np.mean(each))


def test_every_class_of_every_example_is_a_claim() -> None:
    found = make_outcomes()
    assert found.claims().probabilities == pytest.approx(expit(found.logits))
    assert (found.claims().hits == found.wanted).all()
    assert [each.name for each in found.list_scored()] == NAMES


def test_every_class_has_its_temperature() -> None:
    found = make_outcomes(400)
    assert found.calibrate({"a": 1.0, "b": 2.0, "c": 4.0}).probabilities == pytest.approx(
        expit(found.logits / [1, 2, 4])
    )
    assert list(found.fit_temperature()) == NAMES
    assert found.take(np.array([2])).wanted.tolist() == found.wanted[[2]].tolist()


def test_rows_give_the_same_outcomes_whatever_their_probabilities() -> None:
    outcomes = make_outcomes()
    outcomes.logits[0] = [900.0, -900.0, 0.0]
    outcomes.wanted[1] = False
    rows = [
        {
            "label": "|".join(name for name, is_there in zip(NAMES, own, strict=True) if is_there),
            **{f"probability_{name}": repr(float(value)) for name, value in zip(NAMES, p, strict=True)},
        }
        for own, p in zip(outcomes.wanted, outcomes.probabilities, strict=True)
    ]
    found = read_several_classes(rows, NAMES, np.full(3, 0.5))
    assert (found.wanted == outcomes.wanted).all()
    assert found.probabilities == pytest.approx(outcomes.probabilities)
    assert np.isfinite(found.logits).all()
    assert np.isfinite(found.losses()["log_loss"]).all()
    assert read_several_classes([], NAMES, np.full(3, 0.5)).examples == 0


def test_policies_add_up_the_costs_of_the_classes() -> None:
    chosen, measured = make_outcomes(60), make_outcomes()
    own = {"a": {"missed": 9, "false_alarm": 2}, "otherwise": {"missed": 3, "false_alarm": 1}}
    usual, by_cost, never = measured.price(chosen, own)
    missed, alarm = np.array([9, 3, 3]), np.array([2, 1, 1])

    def price(taken: np.ndarray) -> list[float]:
        return (missed * (measured.wanted & ~taken) + alarm * (taken & ~measured.wanted)).sum(axis=1).tolist()

    p = expit(measured.logits)
    assert usual.costs.tolist() == price(p >= 0.5)
    assert never.costs.tolist() == price(np.zeros_like(measured.wanted))
    assert by_cost.costs.tolist() == price(p >= [by_cost.thresholds[name] for name in NAMES])
