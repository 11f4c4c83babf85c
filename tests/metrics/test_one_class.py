from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics

from kerastune_ft.metrics.one_class import losses, score, score_probabilities, softmax
from kerastune_ft.rules import FIRST

RANDOM = np.random.default_rng(0)
TARGETS = np.arange(30) % 3
LOGITS = RANDOM.normal(size=(30, 3)).astype(np.float32) * 3


def test_scores_are_those_of_scikit_learn() -> None:
    probabilities = softmax(LOGITS)
    predicted = probabilities.argmax(axis=1)
    assert score(TARGETS, LOGITS, positive=2) == pytest.approx(
        {
            "loss": metrics.log_loss(TARGETS, probabilities),
            "accuracy": metrics.accuracy_score(TARGETS, predicted),
            "macro_f1": metrics.f1_score(TARGETS, predicted, average="macro"),
            "auc": metrics.roc_auc_score(TARGETS, probabilities, multi_class="ovr"),
        },
        rel=1e-12,
    )
    assert losses(TARGETS, LOGITS) == pytest.approx(-np.log(probabilities[np.arange(30), TARGETS]))


def test_probabilities_alone_give_the_same_to_the_last_digit() -> None:
    found = score(TARGETS, LOGITS, positive=2)
    again = score_probabilities(TARGETS, LOGITS.argmax(axis=1), softmax(LOGITS), positive=2)
    assert again == {name: value for name, value in found.items() if name != "loss"}


@pytest.mark.parametrize("positive", [0, 1])
def test_auc_of_two_classes_is_that_of_the_positive_one(positive: int) -> None:
    targets, probabilities = TARGETS % 2, softmax(LOGITS[:, :2])
    found = score(targets, LOGITS[:, :2], positive)["auc"]
    assert found == metrics.roc_auc_score(targets == positive, probabilities[:, positive])


def test_auc_is_nan_where_a_class_has_no_example() -> None:
    present = TARGETS < 2
    found = score(TARGETS[present], LOGITS[present], positive=2)
    assert np.isnan(found.pop("auc"))
    assert np.isfinite(list(found.values())).all()


@pytest.mark.parametrize(
    ("targets", "predicted", "expected"),
    [
        # Of b alone, 3 of 4 right: precision 1, recall 3/4; a is only predicted.
        ([1, 1, 1, 1], [1, 1, 1, 0], 2 * 0.75 / 1.75),
        # a: precision 1/2, recall 1; b: precision 1, recall 1/3; c does not occur.
        ([0, 1, 1, 1], [0, 0, 1, 2], (2 / 3 + 1 / 2) / 2),
        # One example, right and wrong.
        ([2], [2], 1.0),
        ([2], [0], 0.0),
        # A class that is never predicted counts 0.
        ([0, 1], [0, 0], (2 / 3 + 0) / 2),
    ],
)
def test_macro_f1_is_over_the_classes_that_occur(targets: list[int], predicted: list[int], expected: float) -> None:
    wanted, found = np.array(targets), np.array(predicted)
    scores = score_probabilities(wanted, found, np.eye(3)[found], positive=2)
    assert scores["macro_f1"] == pytest.approx(expected, rel=1e-12)
    by_class = metrics.f1_score(wanted, found, labels=[0, 1, 2], average=None, zero_division=0)
    assert scores["macro_f1"] == pytest.approx(np.mean([by_class[one] for one in set(targets)]), rel=1e-12)
    # Until the second version it was over those that are only predicted, too.
    earlier = score_probabilities(wanted, found, np.eye(3)[found], positive=2, rules=FIRST)
    assert earlier["macro_f1"] == pytest.approx(np.mean([by_class[one] for one in {*targets, *predicted}]), rel=1e-12)


def share_of_pairs(positives: np.ndarray, negatives: np.ndarray) -> float:
    """The share of pairs in which the positive has the larger score; ties count half."""
    pairs = [(one > other) + (one == other) / 2 for one in positives.tolist() for other in negatives.tolist()]
    return sum(pairs) / len(pairs)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_every_metric_by_counting(classes: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    targets = np.concatenate([np.arange(classes), draw.integers(0, classes, 17)])
    # Few kinds of rows, so that many scores are equal.
    logits = draw.normal(size=(5, classes)).astype(np.float32)[draw.integers(0, 5, len(targets))]
    exponents = [[math.exp(value) for value in row] for row in logits.tolist()]
    probabilities = np.array([[value / sum(row) for value in row] for row in exponents])
    found = score(targets, logits, positive=0)
    right = sum(max(range(classes), key=row.__getitem__) == one for row, one in zip(exponents, targets, strict=True))
    assert found["accuracy"] == pytest.approx(right / len(targets))
    losses = [-math.log(row[one] / sum(row)) for row, one in zip(exponents, targets, strict=True)]
    assert found["loss"] == pytest.approx(sum(losses) / len(losses), rel=1e-6)
    by_class = [
        share_of_pairs(probabilities[targets == one, one].round(9), probabilities[targets != one, one].round(9))
        for one in range(classes)
    ]
    assert found["auc"] == pytest.approx(by_class[0] if classes == 2 else sum(by_class) / classes, rel=1e-6)


def test_large_logits_neither_overflow_nor_lose_the_loss() -> None:
    logits = np.array([[3e4, 0.0], [0.0, 3e4]], np.float32)
    assert losses(np.array([0, 0]), logits).tolist() == [0.0, 3e4]
    assert softmax(logits).sum(axis=1) == pytest.approx([1, 1], abs=1e-15)
