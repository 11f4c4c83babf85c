from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from kerastune_ft.metrics.several_classes import best_f1_threshold, score, score_ranking, sigmoid

RANDOM = np.random.default_rng(0)
TARGETS = (RANDOM.random((40, 3)) < 0.4).astype(np.float32)
LOGITS = (RANDOM.normal(size=(40, 3)) * 2).astype(np.float32)
HALF = np.full(3, 0.5)


def test_scores_are_those_of_scikit_learn() -> None:
    probabilities = sigmoid(LOGITS)
    predicted = probabilities >= HALF
    expected = {
        "loss": metrics.log_loss(TARGETS.ravel(), probabilities.ravel()),
        "accuracy": metrics.accuracy_score(TARGETS, predicted),
        "macro_f1": metrics.f1_score(TARGETS, predicted, average="macro"),
        "auc": metrics.roc_auc_score(TARGETS, probabilities, average="macro"),
        "mean_average_precision": metrics.average_precision_score(TARGETS, probabilities, average="macro"),
    }
    assert score(TARGETS, LOGITS, HALF) == pytest.approx(expected, rel=1e-9)


def test_logits_and_probabilities_rank_alike() -> None:
    wanted = TARGETS > 0
    assert score_ranking(wanted, LOGITS) == score_ranking(wanted, sigmoid(LOGITS))


def test_a_class_that_does_not_occur_is_left_out_of_the_means() -> None:
    targets = TARGETS.copy()
    targets[:, 2] = 0
    two = score(TARGETS[:, :2], LOGITS[:, :2], HALF[:2])
    found = score(targets, LOGITS, HALF)
    assert [found[name] for name in ("macro_f1", "auc")] == [two[name] for name in ("macro_f1", "auc")]
    none = score(np.zeros_like(targets), LOGITS, HALF)
    assert np.isnan([none[name] for name in ("macro_f1", "auc", "mean_average_precision")]).all()
    # A class that every example has parts nothing: it has an F1 and no AUC.
    all_have = score(np.ones_like(targets), LOGITS, HALF)
    assert np.isnan(all_have["auc"])
    assert all_have["mean_average_precision"] == 1


@pytest.mark.parametrize("seed", range(5))
def test_the_threshold_is_no_worse_than_any_probability(seed: int) -> None:
    random = np.random.default_rng(seed)
    probabilities = np.round(random.random(60), 1)
    wanted = random.random(60) < probabilities
    best = max(metrics.f1_score(wanted, probabilities >= threshold) for threshold in np.unique(probabilities))
    assert metrics.f1_score(wanted, probabilities >= best_f1_threshold(wanted, probabilities)) == best


def test_the_threshold_is_one_half_where_no_example_has_the_class() -> None:
    assert best_f1_threshold(np.zeros(4, bool), np.linspace(0, 1, 4)) == 0.5
