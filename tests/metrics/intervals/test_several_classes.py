from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from kerastune_ft.metrics import several_classes
from kerastune_ft.metrics.intervals.base import find_intervals
from kerastune_ft.metrics.intervals.draws import draw_counts
from kerastune_ft.metrics.intervals.several_classes import Answers, make_sample

RANDOM = np.random.default_rng(5)
WANTED = RANDOM.random((60, 4)) < np.array([0.5, 0.2, 0.1, 0.0])
LOGITS = RANDOM.normal(size=(60, 4)) + WANTED - 0.5
ANSWERS = Answers(WANTED, LOGITS >= 0, LOGITS, several_classes.losses(WANTED, LOGITS))
NAMES = ("loss", "accuracy", "macro_f1", "auc", "mean_average_precision")
CHOSEN = ("balanced_accuracy", "sensitivity", "specificity", "log_loss")
COUNTS = np.concatenate(list(draw_counts(60, resamples=10)), axis=1)


def test_metrics_are_those_of_scikit_learn_on_the_drawn_rows() -> None:
    sample = make_sample(ANSWERS, NAMES)
    assert sample.rank is not None
    found = {**sample.compute(COUNTS), **sample.rank(COUNTS)}
    for resample, counts in enumerate(COUNTS.T):
        rows = np.repeat(np.arange(60), counts.astype(int))
        expected = several_classes.score(WANTED[rows], LOGITS[rows], np.full(4, 0.5))
        for name, values in found.items():
            assert values[resample] == pytest.approx(expected[name]), name


def test_chosen_metrics_are_means_over_the_classes() -> None:
    found = make_sample(ANSWERS, CHOSEN).compute(COUNTS)
    for resample, counts in enumerate(COUNTS.T):
        rows = np.repeat(np.arange(60), counts.astype(int))
        wanted, predicted = WANTED[rows], (LOGITS >= 0)[rows]
        occurring = [one for one in range(4) if wanted[:, one].any()]
        recall = [metrics.recall_score(wanted[:, one], predicted[:, one]) for one in occurring]
        rejected = [metrics.recall_score(~wanted[:, one], ~predicted[:, one]) for one in range(4)]
        balanced = [metrics.balanced_accuracy_score(wanted[:, one], predicted[:, one]) for one in occurring]
        assert found["sensitivity"][resample] == pytest.approx(np.mean(recall))
        assert found["specificity"][resample] == pytest.approx(np.mean(rejected))
        assert found["balanced_accuracy"][resample] == pytest.approx(np.mean(balanced))


def test_intervals_surround_the_metrics() -> None:
    found = find_intervals(make_sample(ANSWERS, (*NAMES, *CHOSEN)))
    own = several_classes.score(WANTED, LOGITS, np.full(4, 0.5))
    for name, value in own.items():
        assert found[name][0] < value < found[name][1], name
    assert found["log_loss"] == found["loss"]


def test_without_any_label_little_is_left() -> None:
    wanted, predicted = np.zeros((5, 2), bool), np.array([[0, 1], [0, 0], [0, 1], [1, 1], [0, 0]], bool)
    answers = Answers(wanted, predicted, predicted.astype(float), np.arange(5.0))
    assert set(find_intervals(make_sample(answers, (*NAMES, *CHOSEN)))) == {
        "loss",
        "log_loss",
        "accuracy",
        "specificity",
    }
