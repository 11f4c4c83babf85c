from __future__ import annotations

import math

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


def average_precision(wanted: list[bool], scores: list[float]) -> float:
    """The mean of the precision over the positives, each at its own score; equal scores stand together."""
    precisions = []
    for is_wanted, score_here in zip(wanted, scores, strict=True):
        if is_wanted:
            chosen = [other for other, value in zip(wanted, scores, strict=True) if value >= score_here]
            precisions.append(sum(chosen) / len(chosen))
    return sum(precisions) / len(precisions)


def share_of_pairs(wanted: list[bool], scores: list[float]) -> float:
    pairs = [
        (one > other) + (one == other) / 2
        for one, has in zip(scores, wanted, strict=True) if has
        for other, lacks in zip(scores, wanted, strict=True) if not lacks
    ]  # fmt: skip
    return sum(pairs) / len(pairs)


@pytest.mark.parametrize("seed", range(3))
def test_every_metric_by_counting(seed: int) -> None:
    draw = np.random.default_rng(seed)
    # The fourth class does not occur, the last is everywhere; half of the scores have equals.
    targets = np.column_stack([draw.random((25, 3)) < [0.3, 0.6, 0.1], np.zeros(25, bool), np.ones(25, bool)])
    targets[:2, :3] = [[True] * 3, [False] * 3]
    logits = draw.normal(size=(25, 5)).round(1).astype(np.float32)
    thresholds = np.array([0.5, 0.3, 0.7, 0.5, 0.4])
    found = score(targets.astype(np.float32), logits, thresholds)
    predicted = [[1 / (1 + math.exp(-x)) >= t for x, t in zip(row, thresholds, strict=True)] for row in logits.tolist()]
    rows = list(zip(targets.tolist(), predicted, strict=True))
    assert found["accuracy"] == pytest.approx(sum(one == other for one, other in rows) / 25)
    f1 = []
    for place in (0, 1, 2, 4):
        hits = sum(one[place] and other[place] for one, other in rows)
        f1.append(2 * hits / (sum(one[place] for one, _ in rows) + sum(other[place] for _, other in rows)))
    assert found["macro_f1"] == pytest.approx(sum(f1) / 4)
    columns = [(targets[:, place].tolist(), logits[:, place].tolist()) for place in range(5)]
    assert found["auc"] == pytest.approx(sum(share_of_pairs(*columns[place]) for place in range(3)) / 3)
    precision = [average_precision(*columns[place]) for place in (0, 1, 2, 4)]
    assert found["mean_average_precision"] == pytest.approx(sum(precision) / 4)
    loss = [
        math.log(1 + math.exp(-x if has else x))
        for row, own in zip(logits.tolist(), targets.tolist(), strict=True)
        for x, has in zip(row, own, strict=True)
    ]
    assert found["loss"] == pytest.approx(sum(loss) / len(loss))


def test_of_one_example_there_is_no_auc() -> None:
    found = score(np.array([[1.0, 0.0]]), np.array([[2.0, 1.0]], np.float32), np.array([0.5, 0.5]))
    assert np.isnan(found["auc"])
    # The second class is predicted and does not occur: the example is wrong, the mean over classes leaves it out.
    assert (found["accuracy"], found["macro_f1"], found["mean_average_precision"]) == (0, 1, 1)


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
